//! Sources on Unix: file descriptors.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use polling::{Event, PollMode, Poller};
use tenter_reactor::{ReactorError, Source};

/// What tells sources apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(RawFd);

impl Key {
    /// The source's.
    pub(crate) fn of(source: Source<'_>) -> Result<Self, ReactorError> {
        match source {
            Source::Fd(fd) => Ok(Self(fd.as_raw_fd())),
            _ => Err(ReactorError::Unwatchable),
        }
    }

    #[allow(unsafe_code, reason = "lends out a number that register's caller vouched for")]
    fn fd(&self) -> BorrowedFd<'_> {
        // SAFETY: a key is used only while its source is registered, and `register` was promised that the source is open
        // until `deregister` returns.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }
}

/// Has `poller` watch a registered source.
#[allow(unsafe_code, reason = "polling's promise is handed on")]
pub(crate) fn add(poller: &Poller, key: Key, event: Event, mode: PollMode) -> io::Result<()> {
    // SAFETY: the source is open until it is deregistered, and is deleted from the poller by then.
    unsafe { poller.add_with_mode(&key.fd(), event, mode) }
}

/// Replaces what `poller` watches a source for.
pub(crate) fn modify(poller: &Poller, key: Key, event: Event, mode: PollMode) -> io::Result<()> {
    poller.modify_with_mode(key.fd(), event, mode)
}

/// Has `poller` forget a source.
pub(crate) fn delete(poller: &Poller, key: Key) -> io::Result<()> {
    poller.delete(key.fd())
}
