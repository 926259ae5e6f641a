//! On a system without sources there is none to be without its lifetime; the driver has timers alone.

use std::io;

use tenter_reactor::Source;

/// The number of a source, of which there are none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawSource(());

impl RawSource {
    /// What a vacant entry holds; [`with`](Self::with) is never called on it.
    pub(crate) const VACANT: Self = Self(());

    pub(crate) fn of(_: Source<'_>) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no sources"))
    }

    /// Lends the source out.
    ///
    /// # Safety
    /// There is a source.
    pub(crate) unsafe fn with<R>(self, _: impl FnOnce(Source<'_>) -> R) -> R {
        unreachable!("no source was ever registered")
    }
}
