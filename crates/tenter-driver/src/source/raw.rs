//! A source without its lifetime, for as long as it is registered.

use std::io;

use tenter_reactor::Source;

#[cfg(unix)]
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
#[cfg(windows)]
use std::os::windows::io::{AsRawSocket, BorrowedSocket, RawSocket};

/// The number that the operating system knows a source by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawSource(#[cfg(unix)] RawFd, #[cfg(windows)] RawSocket);

impl RawSource {
    /// What a vacant entry holds; [`with`](Self::with) is never called on it.
    #[cfg(unix)]
    pub(crate) const VACANT: Self = Self(-1);
    /// What a vacant entry holds; [`with`](Self::with) is never called on it.
    #[cfg(windows)]
    pub(crate) const VACANT: Self = Self(RawSocket::MAX);

    pub(crate) fn of(source: Source<'_>) -> io::Result<Self> {
        match source {
            #[cfg(unix)]
            Source::Fd(fd) => Ok(Self(fd.as_raw_fd())),
            #[cfg(windows)]
            Source::Socket(socket) => Ok(Self(socket.as_raw_socket())),
            _ => Err(io::Error::new(io::ErrorKind::Unsupported, "this driver does not know this kind of source")),
        }
    }

    /// Lends the source out.
    ///
    /// # Safety
    /// The source is open until `use_it` returns.
    pub(crate) unsafe fn with<R>(self, use_it: impl FnOnce(Source<'_>) -> R) -> R {
        #[cfg(unix)]
        // SAFETY: open for the length of this call, by the caller's promise.
        let source = Source::Fd(unsafe { BorrowedFd::borrow_raw(self.0) });
        #[cfg(windows)]
        // SAFETY: open for the length of this call, by the caller's promise.
        let source = Source::Socket(unsafe { BorrowedSocket::borrow_raw(self.0) });
        use_it(source)
    }
}
