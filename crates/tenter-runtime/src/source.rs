//! A registered source together with its runtime.

use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll};

use tenter_driver::{Direction, Registration};
pub use tenter_driver::{Ready, WaiterKey};

use crate::Handle;

/// An operating-system object that a runtime's reactor watches; what `Async<T>` is made of.
#[derive(Debug)]
pub struct Source {
    registration: Registration,
    handle: Handle,
}

// What it shares are words and locks that a panic leaves as they are; the reactor is not called under either.
impl UnwindSafe for Source {}
impl RefUnwindSafe for Source {}

impl Source {
    /// Registers an object with the ambient runtime.
    ///
    /// # Errors
    /// If the default runtime can't be made, or as [`new_with`](Self::new_with).
    ///
    /// # Safety
    /// The object stays open until [`deregister`](Self::deregister) returns or this is dropped.
    pub unsafe fn new(source: tenter_reactor::Source<'_>) -> io::Result<Self> {
        let handle = Handle::try_current()?;
        // SAFETY: passed on from the caller.
        unsafe { Self::new_with(handle, source) }
    }

    /// Registers an object with a runtime.
    ///
    /// # Errors
    /// What the reactor says: it can't watch such an object, has a limit, or watches it already.
    ///
    /// # Safety
    /// As [`new`](Self::new).
    pub unsafe fn new_with(handle: Handle, source: tenter_reactor::Source<'_>) -> io::Result<Self> {
        // SAFETY: passed on from the caller.
        let registration = unsafe { Registration::new(handle.driver(), source)? };
        Ok(Self { registration, handle })
    }

    /// As [`new_with`](Self::new_with), but watched from the first wait on, see [`Registration::watched_when_awaited`].
    ///
    /// # Errors
    /// As there.
    ///
    /// # Safety
    /// As [`new`](Self::new).
    pub unsafe fn watched_when_awaited(handle: Handle, source: tenter_reactor::Source<'_>) -> io::Result<Self> {
        // SAFETY: passed on from the caller.
        let registration = unsafe { Registration::watched_when_awaited(handle.driver(), source)? };
        Ok(Self { registration, handle })
    }

    /// The runtime.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Stops watching; afterwards the object may be closed.
    ///
    /// # Errors
    /// What the reactor says; the registration is over nevertheless.
    pub fn deregister(&self) -> io::Result<()> {
        self.registration.deregister()
    }

    /// What is known without waiting.
    #[must_use]
    #[inline]
    pub fn ready(&self, direction: Direction) -> Ready {
        self.registration.ready(direction)
    }

    /// Says that an operation would block although `seen` said it would not.
    #[inline]
    pub fn clear_ready(&self, seen: Ready, direction: Direction) {
        self.registration.clear_ready(seen, direction);
    }

    /// Waits until `direction` is worth a try; see [`Registration::poll_ready`].
    ///
    /// # Errors
    /// After [`deregister`](Self::deregister), after the end of the runtime, or what the reactor says.
    #[inline]
    pub fn poll_ready(&self, cx: &mut Context<'_>, direction: Direction) -> Poll<io::Result<Ready>> {
        let poll = self.registration.poll_ready(cx, direction);
        self.unless_shut_down(poll)
    }

    /// As [`poll_ready`](Self::poll_ready), for a future that removes its waiter when it is dropped.
    ///
    /// # Errors
    /// As `poll_ready`.
    pub fn poll_ready_keyed(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        key: &mut Option<WaiterKey>,
    ) -> Poll<io::Result<Ready>> {
        let poll = self.registration.poll_ready_keyed(cx, direction, key);
        self.unless_shut_down(poll)
    }

    /// For waits that have no operation to try again: at the end of the runtime they all end, for nothing.
    ///
    /// # Errors
    /// After the end of the runtime.
    pub fn ensure_watched(&self) -> io::Result<()> {
        if self.handle.scheduler().is_closed() { Err(shut_down()) } else { Ok(()) }
    }

    /// An error in place of a wait that nobody would end.
    #[inline]
    fn unless_shut_down(&self, poll: Poll<io::Result<Ready>>) -> Poll<io::Result<Ready>> {
        if poll.is_pending() && !self.handle.is_covered() { Poll::Ready(Err(shut_down())) } else { poll }
    }

    /// Removes a waiter of [`poll_ready_keyed`](Self::poll_ready_keyed).
    pub fn remove_waiter(&self, direction: Direction, key: WaiterKey) {
        self.registration.remove_waiter(direction, key);
    }
}

#[cold]
pub(crate) fn shut_down() -> io::Error {
    let message = "the runtime that watches this was shut down; take the object out and register it with another";
    io::Error::new(io::ErrorKind::NotConnected, message)
}
