//! A child's end as a handle that is signalled.
#![allow(unsafe_code, reason = "a system call that the standard library does not have")]

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::process::Child;

use tenter_io::Waitable;
use windows_sys::Win32::Foundation::WAIT_TIMEOUT;
use windows_sys::Win32::System::Threading::{INFINITE, WaitForSingleObject};

use crate::guard::Watch;

/// What is over is gone when its handles are closed.
pub(crate) fn reap(_: Child, _: &Watch) {}

/// As [`reap`].
pub(crate) fn abandon(_: Child) {}

/// A handle of its own, which is signalled from the child's end on.
#[derive(Debug)]
pub(crate) struct Exit(Waitable<OwnedHandle>);

impl Exit {
    /// Has the ambient runtime watch a child.
    ///
    /// # Errors
    /// If its reactor watches no handles (poll, select), or the system has no more of them.
    pub(crate) fn watch(child: &Child) -> io::Result<Self> {
        Waitable::new(child.as_handle().try_clone_to_owned()?).map(Self)
    }

    /// Waits for the child's end.
    ///
    /// # Errors
    /// After the end of the runtime that watches.
    pub(crate) async fn over(&self) -> io::Result<()> {
        // A wait may end for nothing.
        while !wait(self.0.get_ref(), 0) {
            self.0.ready().await?;
        }
        Ok(())
    }

    /// As far as is known: a child of a current-thread runtime is waited for while that is driven.
    #[expect(clippy::unused_self, reason = "it matters on Linux")]
    pub(crate) fn is_driven(&self) -> bool {
        true
    }

    /// Kills a child.
    pub(crate) fn kill(&self, child: &mut Child) -> io::Result<()> {
        child.kill()
    }
}

/// What [`block`] waits for.
#[derive(Debug)]
pub(crate) struct Waited(OwnedHandle);

impl Waited {
    pub(crate) fn new(child: &Child) -> io::Result<Self> {
        Ok(Self(child.as_handle().try_clone_to_owned()?))
    }
}

/// Blocks until the child is over.
///
/// # Errors
/// None: the handle is one of a process.
#[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(crate) fn block(waited: &Waited) -> io::Result<()> {
    wait(&waited.0, INFINITE);
    Ok(())
}

/// Whether the process is over after at most so many milliseconds.
fn wait(process: &OwnedHandle, milliseconds: u32) -> bool {
    // SAFETY: the handle is open while it is borrowed.
    unsafe { WaitForSingleObject(process.as_raw_handle(), milliseconds) != WAIT_TIMEOUT }
}
