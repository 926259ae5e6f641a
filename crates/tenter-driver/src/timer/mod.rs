//! Timers: a hierarchical wheel, and how it is shared.

mod arena;
mod level;
mod shared;
mod wheel;

pub use shared::TimerKey;

pub(crate) use shared::SharedWheel;

/// A time in nanoseconds since the driver was made: 584 years of them.
pub(crate) type Nanos = u64;

/// No time: later than every deadline.
pub(crate) const NEVER: Nanos = Nanos::MAX;

/// The latest deadline there is; anything beyond is moved here.
pub(crate) const LAST: Nanos = NEVER - 1;
