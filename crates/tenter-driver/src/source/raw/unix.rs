//! A source without its lifetime, for as long as it is registered: a file descriptor.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use tenter_reactor::Source;

/// The number that the operating system knows a source by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawSource(RawFd);

impl RawSource {
    /// What a vacant entry holds; [`with`](Self::with) is never called on it.
    pub(crate) const VACANT: Self = Self(-1);

    pub(crate) fn of(source: Source<'_>) -> io::Result<Self> {
        match source {
            Source::Fd(fd) => Ok(Self(fd.as_raw_fd())),
            _ => Err(io::Error::new(io::ErrorKind::Unsupported, "this driver does not know this kind of source")),
        }
    }

    /// Lends the source out.
    ///
    /// # Safety
    /// The source is open until `use_it` returns.
    pub(crate) unsafe fn with<R>(self, use_it: impl FnOnce(Source<'_>) -> R) -> R {
        // SAFETY: open for the length of this call, by the caller's promise.
        use_it(Source::Fd(unsafe { BorrowedFd::borrow_raw(self.0) }))
    }
}
