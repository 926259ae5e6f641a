//! What a reactor can be asked to watch.

#[cfg(unix)]
use std::os::fd::BorrowedFd;
#[cfg(windows)]
use std::os::windows::io::{BorrowedHandle, BorrowedSocket};

/// An operating-system object that a reactor watches.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Source<'a> {
    /// A file descriptor.
    #[cfg(unix)]
    Fd(BorrowedFd<'a>),
    /// A socket.
    #[cfg(windows)]
    Socket(BorrowedSocket<'a>),
    /// A handle that is signalled: an event, a process, a timer. Readable and writable mean that it has been.
    #[cfg(windows)]
    Waitable(BorrowedHandle<'a>),
    /// Nothing: this system has no sources, and there is no value of this.
    #[cfg(not(any(unix, windows)))]
    Nothing(std::convert::Infallible, std::marker::PhantomData<&'a ()>),
}

#[cfg(unix)]
impl<'a> From<BorrowedFd<'a>> for Source<'a> {
    fn from(fd: BorrowedFd<'a>) -> Self {
        Self::Fd(fd)
    }
}

#[cfg(windows)]
impl<'a> From<BorrowedHandle<'a>> for Source<'a> {
    fn from(handle: BorrowedHandle<'a>) -> Self {
        Self::Waitable(handle)
    }
}

#[cfg(windows)]
impl<'a> From<BorrowedSocket<'a>> for Source<'a> {
    fn from(socket: BorrowedSocket<'a>) -> Self {
        Self::Socket(socket)
    }
}
