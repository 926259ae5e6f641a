//! A source without its lifetime, for as long as it is registered: a socket.

use std::io;
use std::os::windows::io::{AsRawSocket, BorrowedSocket, RawSocket};

use tenter_reactor::Source;

/// The number that the operating system knows a source by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawSource(RawSocket);

impl RawSource {
    /// What a vacant entry holds; [`with`](Self::with) is never called on it.
    pub(crate) const VACANT: Self = Self(RawSocket::MAX);

    pub(crate) fn of(source: Source<'_>) -> io::Result<Self> {
        match source {
            Source::Socket(socket) => Ok(Self(socket.as_raw_socket())),
            _ => Err(io::Error::new(io::ErrorKind::Unsupported, "this driver does not know this kind of source")),
        }
    }

    /// Lends the source out.
    ///
    /// # Safety
    /// The source is open until `use_it` returns.
    pub(crate) unsafe fn with<R>(self, use_it: impl FnOnce(Source<'_>) -> R) -> R {
        // SAFETY: open for the length of this call, by the caller's promise.
        use_it(Source::Socket(unsafe { BorrowedSocket::borrow_raw(self.0) }))
    }
}
