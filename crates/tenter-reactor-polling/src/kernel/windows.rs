//! Sources on Windows: sockets and waitable handles.

use std::io;
use std::os::windows::io::{AsRawHandle, AsRawSocket, BorrowedHandle, BorrowedSocket, RawHandle, RawSocket};

use polling::os::iocp::PollerIocpExt;
use polling::{Event, PollMode, Poller};
use tenter_reactor::{ReactorError, Source};

/// What tells sources apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Socket(RawSocket),
    /// A handle's number.
    Handle(usize),
}

impl Key {
    /// The source's.
    pub(crate) fn of(source: Source<'_>) -> Result<Self, ReactorError> {
        match source {
            Source::Socket(socket) => Ok(Self::Socket(socket.as_raw_socket())),
            Source::Waitable(handle) => Ok(Self::Handle(handle.as_raw_handle() as usize)),
            _ => Err(ReactorError::Unwatchable),
        }
    }
}

/// The numbers are lent out only while their source is registered: `register` was promised that it is open until
/// `deregister` returns.
#[allow(unsafe_code, reason = "lends out a number that register's caller vouched for")]
impl Key {
    fn socket(&self, number: RawSocket) -> BorrowedSocket<'_> {
        // SAFETY: see above.
        unsafe { BorrowedSocket::borrow_raw(number) }
    }

    fn handle(&self, number: usize) -> BorrowedHandle<'_> {
        // SAFETY: see above.
        unsafe { BorrowedHandle::borrow_raw(number as RawHandle) }
    }
}

/// Has `poller` watch a registered source.
#[allow(unsafe_code, reason = "polling's promise is handed on")]
pub(crate) fn add(poller: &Poller, key: Key, event: Event, mode: PollMode) -> io::Result<()> {
    match key {
        // SAFETY: the source is open until it is deregistered, and is deleted from the poller by then.
        Key::Socket(number) => unsafe { poller.add_with_mode(number, event, mode) },
        // SAFETY: as for sockets.
        Key::Handle(number) => unsafe { poller.add_waitable(number as RawHandle, event, mode) },
    }
}

/// Replaces what `poller` watches a source for.
pub(crate) fn modify(poller: &Poller, key: Key, event: Event, mode: PollMode) -> io::Result<()> {
    match key {
        Key::Socket(number) => poller.modify_with_mode(key.socket(number), event, mode),
        Key::Handle(number) => poller.modify_waitable(key.handle(number), event, mode),
    }
}

/// Has `poller` forget a source.
pub(crate) fn delete(poller: &Poller, key: Key) -> io::Result<()> {
    match key {
        Key::Socket(number) => poller.delete(key.socket(number)),
        Key::Handle(number) => poller.remove_waitable(key.handle(number)),
    }
}
