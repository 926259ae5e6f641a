//! The clock seam: everything that asks for the time asks a [`Clock`].

use std::time::Instant;

/// Where a runtime takes its time from; a small value that is copied around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Clock {
    /// The monotonic clock of the operating system.
    #[default]
    System,
}

impl Clock {
    /// The present instant.
    #[must_use]
    #[inline]
    pub fn now(self) -> Instant {
        match self {
            Self::System => Instant::now(),
        }
    }
}
