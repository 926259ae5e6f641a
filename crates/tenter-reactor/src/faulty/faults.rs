//! Which faults are injected, and how often.

use std::fmt;
use std::io;
use std::sync::Arc;

/// When a call fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// With this probability, from 0 to 1.
    Chance(f64),
    /// The call with this number, counted from 1, and no other.
    Nth(u64),
}

/// Makes the error of a call that fails.
type MakeError = Arc<dyn Fn() -> io::Error + Send + Sync>;

/// An error and the calls that get it.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) when: When,
    pub(super) error: MakeError,
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {:?}", (self.error)().kind(), self.when)
    }
}

/// Which faults a [`Faulty`](super::Faulty) reactor has; the seed decides where they strike.
///
/// Every number is a probability from 0 to 1. What each fault does, and whether the contract allows it, is in the
/// [module's table](super).
///
/// # Examples
/// ```
/// use tenter_reactor::faulty::{Faults, When};
///
/// // Half of the events come up to three waits late, and the second source is refused.
/// let _faults = Faults::none(7)
///     .late(0.5, 3)
///     .refuse(When::Nth(2), || std::io::ErrorKind::QuotaExceeded.into());
/// ```
#[derive(Clone, Debug)]
#[must_use = "faults do nothing before a reactor has them"]
pub struct Faults {
    pub(super) seed: u64,
    pub(super) spurious: f64,
    pub(super) late: f64,
    pub(super) turns: u32,
    pub(super) duplicate: f64,
    pub(super) reorder: f64,
    pub(super) short: f64,
    pub(super) early: f64,
    pub(super) interrupted: f64,
    pub(super) stale: f64,
    pub(super) unarmed: f64,
    pub(super) unknown: f64,
    pub(super) refusals: Vec<Failure>,
    pub(super) arm_failures: Vec<Failure>,
    pub(super) wait_failures: Vec<Failure>,
}

impl Faults {
    /// No faults yet.
    pub fn none(seed: u64) -> Self {
        Self {
            seed,
            spurious: 0.0,
            late: 0.0,
            turns: 1,
            duplicate: 0.0,
            reorder: 0.0,
            short: 0.0,
            early: 0.0,
            interrupted: 0.0,
            stale: 0.0,
            unarmed: 0.0,
            unknown: 0.0,
            refusals: Vec::new(),
            arm_failures: Vec::new(),
            wait_failures: Vec::new(),
        }
    }

    /// Everything that the contract allows a reactor whose calls succeed: spurious, late, duplicated and reordered
    /// events, and short batches, each often.
    pub fn allowed(seed: u64) -> Self {
        Self { spurious: 0.05, late: 0.2, turns: 3, duplicate: 0.1, reorder: 0.5, short: 0.2, ..Self::none(seed) }
    }

    /// That, and everything beyond the contract that tenter's driver survives without an error: what a system with bugs
    /// might do. No call fails for good.
    pub fn hostile(seed: u64) -> Self {
        Self { early: 0.05, interrupted: 0.05, stale: 0.2, unarmed: 0.05, unknown: 0.02, ..Self::allowed(seed) }
    }

    /// Waits report up to three sources as ready that may not be.
    pub fn spurious(mut self, chance: f64) -> Self {
        self.spurious = chance;
        self
    }

    /// Events are held back, for 1 to `turns` calls of the reactor within; those last 1 ms at most meanwhile.
    ///
    /// # Panics
    /// If `turns` is 0.
    pub fn late(mut self, chance: f64, turns: u32) -> Self {
        assert!(turns > 0, "a late event is late by one turn at least");
        self.late = chance;
        self.turns = turns;
        self
    }

    /// Events are reported once more, in the same wait or one of the next (edge reactors).
    pub fn duplicate(mut self, chance: f64) -> Self {
        self.duplicate = chance;
        self
    }

    /// The events of a wait are shuffled.
    pub fn reorder(mut self, chance: f64) -> Self {
        self.reorder = chance;
        self
    }

    /// Waits report fewer events than there are and than fit; the rest come next.
    pub fn short(mut self, chance: f64) -> Self {
        self.short = chance;
        self
    }

    /// Waits return at once with nothing, though nobody woke them.
    pub fn early(mut self, chance: f64) -> Self {
        self.early = chance;
        self
    }

    /// Waits fail at once with [`Interrupted`](io::ErrorKind::Interrupted).
    pub fn interrupted(mut self, chance: f64) -> Self {
        self.interrupted = chance;
        self
    }

    /// A deregistered token is reported once more, by a wait that began later.
    pub fn stale(mut self, chance: f64) -> Self {
        self.stale = chance;
        self
    }

    /// Sources of one-shot reactors are reported though they are not armed: twice for one arming, or for nothing.
    pub fn unarmed(mut self, chance: f64) -> Self {
        self.unarmed = chance;
        self
    }

    /// Waits report tokens that nobody registered, the reserved one among them, and events without readiness.
    pub fn unknown(mut self, chance: f64) -> Self {
        self.unknown = chance;
        self
    }

    /// [`register`](crate::Reactor::register) fails. May be said several times; the first that strikes counts.
    pub fn refuse(mut self, when: When, error: impl Fn() -> io::Error + Send + Sync + 'static) -> Self {
        self.refusals.push(Failure { when, error: Arc::new(error) });
        self
    }

    /// [`arm`](crate::Reactor::arm) fails, and the source is not armed at all. May be said several times.
    pub fn fail_arm(mut self, when: When, error: impl Fn() -> io::Error + Send + Sync + 'static) -> Self {
        self.arm_failures.push(Failure { when, error: Arc::new(error) });
        self
    }

    /// [`wait`](crate::Reactor::wait) fails before it waits. May be said several times.
    pub fn fail_wait(mut self, when: When, error: impl Fn() -> io::Error + Send + Sync + 'static) -> Self {
        self.wait_failures.push(Failure { when, error: Arc::new(error) });
        self
    }
}
