//! How late the system ends a thread's sleeps: its slack, by which it ends several at once, and the time a processor needs to
//! come back.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::timer::Nanos;

/// The most that a sleep is shortened by. Systems that count in milliseconds are later than this, but not evenly.
const MOST: Nanos = 200_000;

/// How fast what is known rises, as a part of the difference, and at most: slowly, so that few sleeps end too early.
const RISE: Nanos = 32;
const RISE_MOST: Nanos = 1_000;

/// So short a time is spun away, because a sleep costs as much.
pub(crate) const SPUN: Nanos = 20_000;

/// What nearly every sleep is late by, in nanoseconds; learnt from those that were.
#[derive(Debug)]
pub(crate) struct Lateness(AtomicU64);

impl Lateness {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The time to ask for, so that a sleep ends at `until` or a little later. Should it end too early, nothing is due yet:
    /// timers are compared with the clock.
    pub(crate) fn before(&self, until: Nanos) -> Nanos {
        until.saturating_sub(self.0.load(Relaxed))
    }

    /// Learns from a sleep that was asked to end at `asked` and ended at `now`; if that is before, something else ended it.
    pub(crate) fn learn(&self, asked: Nanos, now: Nanos) {
        let Some(late) = now.checked_sub(asked) else { return };
        let known = self.0.load(Relaxed);
        let next = match late.min(MOST) {
            late if known == 0 => late / 2,
            late if late < known => known - (known - late).div_ceil(2),
            late => known + ((late - known) / RISE).min(RISE_MOST),
        };
        // Threads that learn at once forget one of two lessons.
        self.0.store(next, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICROSECOND: Nanos = 1_000;

    #[test]
    fn sleeps_are_shortened_by_what_nearly_all_of_them_are_late_by() {
        let lateness = Lateness::new();
        assert_eq!(lateness.before(1_000_000), 1_000_000);
        for i in 0..10_000 {
            // Between 70 and 100 microseconds, without a pattern that matters.
            lateness.learn(5, 5 + 70 * MICROSECOND + i * 7_919 % (30 * MICROSECOND));
        }
        let known = 1_000_000 - lateness.before(1_000_000);
        assert!((70 * MICROSECOND..80 * MICROSECOND).contains(&known), "{known}");
        assert_eq!(lateness.before(3), 0);
    }

    #[test]
    fn what_is_no_lateness_teaches_nothing_and_what_is_too_much_little() {
        let lateness = Lateness::new();
        lateness.learn(100, 99);
        assert_eq!(lateness.before(1_000), 1_000);
        for _ in 0..10_000 {
            lateness.learn(0, 16_000 * MICROSECOND);
        }
        assert!(lateness.before(MOST) < RISE);
        for _ in 0..20 {
            lateness.learn(7, 7);
        }
        assert_eq!(lateness.before(MOST), MOST);
    }
}
