//! When a wait has lasted long enough.

use std::time::{Duration, Instant};

/// The end of a wait, for reactors that have to call the operating system more than once to reach it.
///
/// A call can end before its time: a signal arrives, the timeout exceeds what the call can take, the system rounds down.
/// A reactor that asks [`remaining`](Self::remaining) before each call and [`is_over`](Self::is_over) after it is never
/// early, whatever the cause.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use tenter_reactor::Deadline;
///
/// assert_eq!(Deadline::after(None).remaining(), None);
/// assert_eq!(Deadline::after(Some(Duration::MAX)).remaining(), None);
/// assert!(Deadline::after(Some(Duration::ZERO)).is_over());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Deadline(End);

#[derive(Clone, Copy, Debug)]
enum End {
    Never,
    Now,
    At(Instant),
}

impl Deadline {
    /// `timeout` from now; `None`, and whatever is beyond the clock's range, mean never.
    #[must_use]
    pub fn after(timeout: Option<Duration>) -> Self {
        Self(match timeout {
            None => End::Never,
            Some(Duration::ZERO) => End::Now,
            Some(timeout) => Instant::now().checked_add(timeout).map_or(End::Never, End::At),
        })
    }

    /// How long until then; `None` means for ever, zero that it has passed.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        match self.0 {
            End::Never => None,
            End::Now => Some(Duration::ZERO),
            End::At(at) => Some(at.saturating_duration_since(Instant::now())),
        }
    }

    /// Whether it has passed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self.0 {
            End::Never => false,
            End::Now => true,
            End::At(at) => Instant::now() >= at,
        }
    }
}
