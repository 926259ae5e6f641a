//! What the engine needs of a Unix: descriptors, and what ends a system call from another thread.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::io::{Errno, retry_on_intr};

use super::Armed;
use crate::{ReactorError, Source};

/// The number that the system knows a source by.
pub type RawSource = RawFd;

/// A source that is open for as long as `'a`.
pub type BorrowedSource<'a> = BorrowedFd<'a>;

/// The number of a source.
#[allow(clippy::unnecessary_wraps, reason = "other systems have sources that these calls cannot watch")]
pub(super) fn number(source: Source<'_>) -> Result<RawSource, ReactorError> {
    match source {
        Source::Fd(fd) => Ok(fd.as_raw_fd()),
    }
}

impl Armed {
    /// The source's descriptor.
    #[must_use]
    #[allow(unsafe_code, reason = "lends out a number that register's caller vouched for")]
    pub fn fd(&self) -> BorrowedFd<'_> {
        // SAFETY: `register` was promised that the descriptor stays open until `deregister` returns, and `deregister`
        // returns only after the call that this `Armed` is lent to has ended (`OneShot::let_go`).
        unsafe { BorrowedFd::borrow_raw(self.raw) }
    }
}

/// A descriptor that another thread makes readable: an eventfd on Linux, a pipe elsewhere.
#[derive(Debug)]
pub(super) struct Channel {
    read: OwnedFd,
    /// `None`: the same as `read`.
    write: Option<OwnedFd>,
}

/// Whether the system has eventfds.
const EVENTFD: bool = cfg!(any(target_os = "linux", target_os = "android"));

impl Channel {
    pub(super) fn new() -> io::Result<Self> {
        if EVENTFD { Self::eventfd() } else { Self::pipe() }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn eventfd() -> io::Result<Self> {
        use rustix::event::{EventfdFlags, eventfd};
        Ok(Self { read: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?, write: None })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn eventfd() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn pipe() -> io::Result<Self> {
        use rustix::io::{FdFlags, fcntl_setfd, ioctl_fionbio};
        // Not every system has pipe2, so the flags come after; a fork between the two leaks a pipe into its child.
        let (read, write) = rustix::pipe::pipe()?;
        for end in [&read, &write] {
            fcntl_setfd(end, FdFlags::CLOEXEC)?;
            ioctl_fionbio(end, true)?;
        }
        Ok(Self { read, write: Some(write) })
    }

    /// What a call watches.
    pub(super) fn watched(&self) -> BorrowedSource<'_> {
        self.read.as_fd()
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

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;

    fn is_readable(channel: &Channel) -> bool {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut [PollFd::from_borrowed_fd(channel.watched(), PollFlags::IN)], Some(&now)).unwrap() == 1
    }

    fn try_channel(channel: &Channel) {
        assert!(!is_readable(channel));
        channel.clear().unwrap();
        for signals in [1, 2, 7, 8, 9, 1000] {
            for _ in 0..signals {
                channel.signal().unwrap();
            }
            assert!(is_readable(channel), "after {signals} signals");
            channel.clear().unwrap();
            assert!(!is_readable(channel), "{signals} signals left something behind");
        }
    }

    #[test]
    fn signals_last_until_they_are_cleared() {
        try_channel(&Channel::new().unwrap());
        try_channel(&Channel::pipe().unwrap());
    }

    #[test]
    fn a_full_pipe_is_a_signal() {
        let channel = Channel::pipe().unwrap();
        // More than any system's pipe holds.
        for _ in 0..1 << 18 {
            channel.signal().unwrap();
        }
        assert!(is_readable(&channel));
        channel.clear().unwrap();
        assert!(!is_readable(&channel));
    }
}
