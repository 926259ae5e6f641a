//! When a thread that sleeps wakes for timers: late enough that several share a wake, early enough that the system's lateness
//! is made up for.

use std::hint;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::Driver;
use crate::lateness::SPUN;
use crate::timer::{NEVER, Nanos, SharedWheel};

/// Deadlines within so many nanoseconds are looked after at one end of a sleep: two ticks of the wheel. Where they are dense, timers are late by
/// half of that at the median; one that is alone is not late for it at all. A sleep costs between 5 µs and 25 µs of CPU
/// time, the more on virtual machines.
const GATHERED: Nanos = 2 << 16;

/// The shortest sleep that is asked for, in nanoseconds.
const SHORTEST: Nanos = 1_000;

impl Driver {
    /// Puts the end of a sleep off to a deadline that comes soon after the first one, so that both are looked after at
    /// once.
    pub(crate) fn gathered<'w>(first: Nanos, wheels: impl Iterator<Item = &'w SharedWheel>) -> Nanos {
        let bound = first.saturating_add(GATHERED);
        wheels.filter_map(|wheel| wheel.late_deadline_by(bound)).fold(first, Nanos::max)
    }

    /// What to ask for, so that a sleep ends at `until`.
    pub(crate) fn before(&self, until: Nanos) -> Nanos {
        self.lateness().before(until)
    }

    /// After a sleep that was asked to end at `asked`, for what is due by `until`: learns how late it was, and waits for the
    /// rest if it ended by itself and hardly too early. Gives the time.
    pub(crate) fn wake_up(&self, asked: Nanos, until: Nanos) -> Nanos {
        let mut now = self.now();
        self.lateness().learn(asked, now);
        if now >= asked && until.saturating_sub(now) <= SPUN {
            while now < until {
                hint::spin_loop();
                now = self.now();
            }
        }
        now
    }

    /// When a thread that sleeps elsewhere than in the reactor has to wake for a wheel: for its next deadline or one that
    /// comes soon after, and somewhat earlier than that, because sleeps end late. Afterwards it calls
    /// [`fire_after_sleep`](Self::fire_after_sleep).
    ///
    /// # Panics
    /// If there is no such wheel.
    #[must_use]
    pub fn wake_time(&self, wheel: usize) -> Option<Instant> {
        match self.wheel(wheel).next_deadline() {
            NEVER => None,
            first => {
                let until = Self::gathered(first, [self.wheel(wheel)].into_iter());
                // A sleep nevertheless, if a deadline is nearer than what sleeps are late by, but not past.
                let soon = (self.now() + SHORTEST).min(until);
                self.start().checked_add(Duration::from_nanos(self.before(until).max(soon)))
            }
        }
    }

    /// As [`fire`](Self::fire), after a sleep that was asked to end at the [`wake_time`](Self::wake_time) `asked` and ended
    /// by itself. Not to be called if that was past before the sleep: it would be taken for a short one.
    ///
    /// # Panics
    /// If there is no such wheel.
    pub fn fire_after_sleep(&self, wheel: usize, asked: Instant, out: &mut Vec<Waker>) {
        let wheel = self.wheel(wheel);
        let first = wheel.next_deadline();
        if first != NEVER {
            let until = Self::gathered(first, [wheel].into_iter());
            wheel.fire(self.wake_up(self.nanos(asked), until), out);
        }
    }
}
