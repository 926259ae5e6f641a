//! A source without its lifetime, for as long as it is registered: a socket, or a handle that is signalled.

use std::io;
use std::os::windows::io::{AsRawHandle, AsRawSocket, BorrowedHandle, BorrowedSocket, RawHandle, RawSocket};

use tenter_reactor::Source;

/// The number that the operating system knows a source by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RawSource {
    Socket(RawSocket),
    /// As a number: a pointer would not go to other threads.
    Waitable(usize),
}

impl RawSource {
    /// What a vacant entry holds; [`with`](Self::with) is never called on it.
    pub(crate) const VACANT: Self = Self::Socket(RawSocket::MAX);

    pub(crate) fn of(source: Source<'_>) -> io::Result<Self> {
        match source {
            Source::Socket(socket) => Ok(Self::Socket(socket.as_raw_socket())),
            Source::Waitable(handle) => Ok(Self::Waitable(handle.as_raw_handle() as usize)),
            _ => Err(io::Error::new(io::ErrorKind::Unsupported, "this driver does not know this kind of source")),
        }
    }

    /// Lends the source out.
    ///
    /// # Safety
    /// The source is open until `use_it` returns.
    pub(crate) unsafe fn with<R>(self, use_it: impl FnOnce(Source<'_>) -> R) -> R {
        match self {
            Self::Socket(number) => {
                // SAFETY: open for the length of this call, by the caller's promise.
                use_it(Source::Socket(unsafe { BorrowedSocket::borrow_raw(number) }))
            }
            Self::Waitable(number) => {
                // SAFETY: as for sockets.
                let handle = unsafe { BorrowedHandle::borrow_raw(number as RawHandle) };
                use_it(Source::Waitable(handle))
            }
        }
    }
}
