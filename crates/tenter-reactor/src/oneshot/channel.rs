//! What ends a system call from another thread.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, retry_on_intr};

/// A descriptor that another thread makes readable: an eventfd on Linux, a pipe elsewhere.
#[derive(Debug)]
pub(super) struct Channel {
    read: OwnedFd,
    /// `None`: the same as `read`.
    write: Option<OwnedFd>,
}

impl Channel {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn new() -> io::Result<Self> {
        use rustix::event::{EventfdFlags, eventfd};
        Ok(Self { read: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?, write: None })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn new() -> io::Result<Self> {
        use rustix::io::{FdFlags, fcntl_setfd, ioctl_fionbio};
        // Not every system has pipe2, so the flags come after; a fork between the two leaks a pipe into its child.
        let (read, write) = rustix::pipe::pipe()?;
        for end in [&read, &write] {
            fcntl_setfd(end, FdFlags::CLOEXEC)?;
            ioctl_fionbio(end, true)?;
        }
        Ok(Self { read, write: Some(write) })
    }

    /// Makes the descriptor readable until [`clear`](Self::clear).
    pub(super) fn signal(&self) -> io::Result<()> {
        // An eventfd takes a number of 8 bytes; a pipe takes the same bytes as they are.
        let write = self.write.as_ref().unwrap_or(&self.read);
        match retry_on_intr(|| rustix::io::write(write, &1u64.to_ne_bytes())) {
            // A full channel is readable already.
            Ok(_) | Err(Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes every signal so far.
    pub(super) fn clear(&self) -> io::Result<()> {
        let mut buffer = [0; 64];
        loop {
            match retry_on_intr(|| rustix::io::read(&self.read, &mut buffer)) {
                // A short read has emptied the channel.
                Ok(read) if read < buffer.len() => return Ok(()),
                Ok(_) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}
