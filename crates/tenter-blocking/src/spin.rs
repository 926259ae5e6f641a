//! Spinning: how long a thread that ran out of jobs looks for the next one before it sleeps.

use std::time::Duration;

use tenter_core::sync::atomic::{AtomicBool, Ordering};
use tenter_core::sync::{hint, thread};

use crate::pace::now;

/// How long a thread without a job keeps looking for one before it sleeps.
///
/// A job that meets a looking thread starts after less than a microsecond; a sleeping one takes tens of
/// microseconds to wake, and costs whoever wakes it ten. Only one thread of a pool looks at a time, for 50 µs at most.
///
/// ```
/// use tenter_blocking::{Pool, PoolConfig, Spin};
///
/// let thrifty = Pool::new(PoolConfig::new().spin(Spin::Never));
/// assert_eq!(futures_lite::future::block_on(thrifty.spawn(|| 5)), 5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Spin {
    /// As long as it paid lately: twice as long after a success, half as long after a failure, and not at
    /// all where other threads want the CPU.
    #[default]
    Adaptive,
    /// Not at all.
    Never,
    /// For the whole 50 µs each time.
    Always,
}

/// The longest spin: what a wake-up takes (see `HELP`), so that a vain spin at most doubles the cost of a wait.
///
/// One look stands for all in a model: what matters there is that others act before the thread takes the lock again.
const MOST: Duration = if cfg!(tenter_loom) { Duration::ZERO } else { Duration::from_micros(50) };

/// Looks between two readings of the clock.
const LOOKS: u32 = if cfg!(tenter_loom) { 1 } else { 32 };

/// Adaptive spins below this are left out.
const LEAST: Duration = Duration::from_micros(2);

/// A job that woke the thread so soon after its last one would have been met by a spin: `MOST` and a wake-up's time.
const NEAR_MISS: Duration = Duration::from_micros(100);

/// Between two readings of the clock in a spin pass about 2 µs, unless another thread had the CPU.
const PREEMPTED: Duration = Duration::from_micros(20);

/// So many spins are left out after one that kept others from the CPU.
const PENANCE: u32 = 16;

/// What a spinning thread looks at, so that it leaves the lock alone: cleared by it under the lock before it spins, set
/// by pushes and the shutdown under the lock if a thread is searching. A hint only: the thread takes the lock and looks
/// at the queue whatever it saw.
#[repr(align(64))]
pub(crate) struct Hint(AtomicBool);

impl Hint {
    pub(crate) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// One thread's spinning.
pub(crate) struct Spinner {
    mode: Spin,
    budget: Duration,
    /// Spins that are still left out.
    penance: u32,
}

impl Spinner {
    pub(crate) fn new(mode: Spin) -> Self {
        Self { mode, budget: MOST / 4, penance: 0 }
    }

    /// Whether to spin now.
    pub(crate) fn wants(&mut self) -> bool {
        match self.mode {
            Spin::Never => false,
            Spin::Always => true,
            Spin::Adaptive if self.penance > 0 => {
                self.penance -= 1;
                false
            }
            Spin::Adaptive => self.budget >= LEAST,
        }
    }

    /// Looks at the hint until it is set or the time is over.
    pub(crate) fn spin(&mut self, hint: &Hint) {
        let budget = if self.mode == Spin::Always { MOST } else { self.budget };
        match watch(hint, budget) {
            Outcome::Seen => self.succeeded(),
            Outcome::Nothing => self.budget /= 2,
            Outcome::Preempted => {
                self.budget /= 2;
                self.penance = PENANCE;
            }
        }
    }

    /// Learns from a sleep that a job ended after `slept`.
    pub(crate) fn woken_after(&mut self, slept: Duration) {
        if slept < NEAR_MISS {
            self.succeeded();
        }
    }

    fn succeeded(&mut self) {
        self.budget = (self.budget.max(LEAST) * 2).min(MOST);
    }
}

enum Outcome {
    Seen,
    Nothing,
    Preempted,
}

fn watch(flag: &Hint, budget: Duration) -> Outcome {
    let start = now();
    let mut last = start;
    for round in 1_u32.. {
        for _ in 0..LOOKS {
            if flag.is_set() {
                return Outcome::Seen;
            }
            hint::spin_loop();
        }
        if round % 4 == 0 {
            // Whoever waits for this CPU gets it, and the clock shows it.
            thread::yield_now();
        }
        let time = now();
        if time - last > PREEMPTED {
            return if flag.is_set() { Outcome::Seen } else { Outcome::Preempted };
        }
        if time - start >= budget {
            break;
        }
        last = time;
    }
    Outcome::Nothing
}
