//! A child's end as a file descriptor (pidfd, Linux 5.3).
#![allow(unsafe_code, reason = "system calls that the standard library does not have")]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Child;

use tenter_io::Async;
use tenter_runtime::Handle;

#[path = "waitid.rs"]
mod waitid;

pub(crate) use waitid::{Waited, block, signal};

pub(crate) use crate::orphan::{abandon, reap};

/// A descriptor that is readable from the child's end on.
#[derive(Debug)]
pub(crate) struct Exit(Async<OwnedFd>);

impl Exit {
    /// Has the ambient runtime watch a child that has not been collected.
    ///
    /// # Errors
    /// If there are no such descriptors here (an old kernel, a filter), no more of them, or the reactor refuses.
    pub(crate) fn watch(child: &Child) -> io::Result<Self> {
        // SAFETY: no pointers; what is returned, if it is one, is a new descriptor, close-on-exec, that is nobody else's.
        let fd = unsafe {
            let fd = libc::syscall(libc::SYS_pidfd_open, child.id() as libc::pid_t, 0);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(fd as libc::c_int)
        };
        // It is never read.
        Async::new_nonblocking(fd).map(Self)
    }

    /// Waits for the child's end.
    ///
    /// # Errors
    /// After the end of the runtime that watches.
    pub(crate) async fn over(&self) -> io::Result<()> {
        self.0.readable().await
    }

    /// The runtime that watches.
    pub(crate) fn handle(&self) -> &Handle {
        self.0.handle()
    }

    /// Whether somebody notices the end while this thread waits for it.
    pub(crate) fn is_driven(&self) -> bool {
        self.handle().worker_threads() > 0 || self.handle().drives_here()
    }

    /// Kills a child that has not been collected here.
    pub(crate) fn kill(&self, child: &mut Child) -> io::Result<()> {
        self.signal(child.id(), libc::SIGKILL)
    }

    /// Sends a signal to a child that has not been collected here, and to no other process if it was elsewhere.
    pub(crate) fn signal(&self, id: u32, signal: i32) -> io::Result<()> {
        let fd = self.0.get_ref().as_raw_fd();
        // SAFETY: the descriptor is open; no information goes with the signal.
        let result =
            unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, std::ptr::null::<libc::siginfo_t>(), 0) };
        if result == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::ESRCH) => Ok(()),
            // Forbidden here; if it is the signal that is forbidden, so is this.
            Some(libc::ENOSYS | libc::EPERM) => waitid::signal(id, signal),
            _ => Err(error),
        }
    }
}
