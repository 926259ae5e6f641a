//! A source without its lifetime, for wrappers that come back to a source while it is registered.
#![allow(unsafe_code, reason = "lends out numbers that register's caller vouched for")]

#[cfg(unix)]
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
#[cfg(windows)]
use std::os::windows::io::{AsRawSocket, BorrowedSocket, RawSocket};

use crate::Source;

/// The number that the operating system knows a source by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RawSource {
    #[cfg(unix)]
    Fd(RawFd),
    #[cfg(windows)]
    Socket(RawSocket),
}

impl RawSource {
    /// `None` for kinds of sources that wrappers only pass through.
    pub(crate) fn of(source: Source<'_>) -> Option<Self> {
        #[allow(unreachable_patterns, reason = "systems differ in the kinds they have")]
        match source {
            #[cfg(unix)]
            Source::Fd(fd) => Some(Self::Fd(fd.as_raw_fd())),
            #[cfg(windows)]
            Source::Socket(socket) => Some(Self::Socket(socket.as_raw_socket())),
            _ => None,
        }
    }

    /// Lends the source out.
    ///
    /// # Safety
    /// The source is open until `use_it` returns.
    pub(crate) unsafe fn with<R>(self, use_it: impl FnOnce(Source<'_>) -> R) -> R {
        match self {
            #[cfg(unix)]
            // SAFETY: open for the length of this call, by the caller's promise.
            Self::Fd(fd) => use_it(Source::Fd(unsafe { BorrowedFd::borrow_raw(fd) })),
            #[cfg(windows)]
            // SAFETY: open for the length of this call, by the caller's promise.
            Self::Socket(socket) => use_it(Source::Socket(unsafe { BorrowedSocket::borrow_raw(socket) })),
        }
    }
}
