//! Handles of Windows that are signalled.

use std::error::Error;
use std::future::poll_fn;
use std::os::windows::io::{AsHandle, BorrowedHandle};
use std::{fmt, io};

use tenter_runtime::{Direction, Handle, Ready, Source};

use crate::ready::Waiter;

/// A handle that is signalled, registered with a runtime: a child process, an event, a timer.
///
/// IOCP (and polling) can watch it; poll and select refuse. A signal that is taken while this is dropped or given back is lost,
/// if its object resets itself.
///
/// # Examples
/// ```
/// use std::process::Command;
/// use tenter_io::Waitable;
///
/// tenter_runtime::block_on(async {
///     let child = Waitable::new(Command::new("cmd").args(["/c", "exit 3"]).spawn()?)?;
///     child.ready().await?;
///     let status = child.into_inner()?.try_wait()?.expect("it has ended");
///     assert_eq!(status.code(), Some(3));
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Waitable<T> {
    // Before the handle, so that it is dropped first: what is watched is open.
    source: Source,
    handle: T,
}

impl<T: AsHandle + 'static> Waitable<T> {
    /// Registers a handle with the ambient runtime.
    ///
    /// # Errors
    /// If the reactor can't watch handles (`Unsupported`), watches this one already, or the default runtime is needed and
    /// can't be made.
    pub fn new(handle: T) -> io::Result<Self> {
        // SAFETY: the handle is kept, unchanged, until the source is deregistered or dropped: nobody gets a `&mut T`.
        let source = unsafe { Source::new_with(Handle::try_current()?, handle.as_handle().into())? };
        // There is no operation to try first: what is signalled is reported.
        source.clear_ready(Ready::ASSUMED, Direction::Read);
        Ok(Self { source, handle })
    }
}

impl<T> Waitable<T> {
    /// The handle itself.
    pub fn get_ref(&self) -> &T {
        &self.handle
    }

    /// Gives the handle back, no longer watched.
    ///
    /// # Errors
    /// What the reactor says when it lets go; the error has the handle.
    pub fn into_inner(self) -> Result<T, IntoInnerError<T>> {
        match self.source.deregister() {
            Ok(()) => Ok(self.handle),
            Err(error) => Err(IntoInnerError { handle: self.handle, error }),
        }
    }

    /// Waits until the handle is signalled. Of what resets itself, such as an event, it takes a signal; that may end the wait
    /// of every task that waits at that moment.
    ///
    /// A wait may end for nothing, though seldom: ask the object before you rely on it.
    ///
    /// # Errors
    /// What the reactor says, and `NotConnected` after the end of the runtime that watches it.
    ///
    /// # Cancel safety
    /// No signal is lost: one that was taken for a wait that was dropped ends the next one.
    pub async fn ready(&self) -> io::Result<()> {
        let mut waiter = Waiter::new(&self.source, Direction::Read);
        let seen = poll_fn(|cx| waiter.poll(cx)).await?;
        self.source.clear_ready(seen, Direction::Read);
        self.source.ensure_watched()
    }
}

impl<T: AsHandle> AsHandle for Waitable<T> {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

/// A handle that a reactor would not let go of, and why; made by [`Waitable::into_inner`]. It becomes an [`io::Error`] by `?`.
///
/// # Examples
/// ```
/// use std::os::windows::io::OwnedHandle;
/// use tenter_io::Waitable;
///
/// fn unwatched(event: Waitable<OwnedHandle>) -> OwnedHandle {
///     event.into_inner().unwrap_or_else(|refused| {
///         eprintln!("{refused}");
///         refused.into_inner()
///     })
/// }
/// ```
#[derive(Debug)]
pub struct IntoInnerError<T> {
    handle: T,
    error: io::Error,
}

impl<T> IntoInnerError<T> {
    /// The handle. A reactor that still watches it refuses to watch it anew.
    pub fn into_inner(self) -> T {
        self.handle
    }

    /// What the reactor said.
    pub fn error(&self) -> &io::Error {
        &self.error
    }
}

impl<T> fmt::Display for IntoInnerError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the reactor did not let go of the handle: {}", self.error)
    }
}

impl<T: fmt::Debug> Error for IntoInnerError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl<T> From<IntoInnerError<T>> for io::Error {
    fn from(refused: IntoInnerError<T>) -> Self {
        refused.error
    }
}
