//! How long a thread without work looks around before it sleeps.
//!
//! Waking a sleeping thread costs its waker 10–15 µs on a virtual machine, and 40–60 µs pass until it runs; a thread
//! that spins finds work within a microsecond, but its processor has nothing from it meanwhile. So a thread spins if its
//! last waits were short, not at all if they were long, and never while the processors are needed by others.

use std::time::Duration;

/// How a runtime trades processor time for short waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Latency {
    /// Threads spin up to 1 ms before they sleep, whatever it costs; for machines of one's own.
    Latency,
    /// Threads spin up to 50 µs while their waits are that short and there is a processor to spare.
    #[default]
    Balanced,
    /// Threads sleep at once.
    NoSpin,
}

/// The longest spin of [`Latency::Balanced`], in nanoseconds: what it costs to wake a sleeping thread, caller and
/// latency together. Spinning as long as the alternative costs is at most twice as dear as knowing the future (Karlin
/// et al., "Competitive randomized algorithms for nonuniform problems", 1990).
const MOST: u32 = 50_000;

/// The shortest spin that is begun, in nanoseconds.
const LEAST: u32 = 6_000;

/// The spin of [`Latency::Latency`], in nanoseconds.
const LONG: u32 = 1_000_000;

/// A spinning thread that finds this much time gone between two looks was not on a processor, in nanoseconds.
const PREEMPTED: u128 = 100_000;

/// One thread's habit.
#[derive(Debug)]
pub(crate) struct Spin {
    mode: Latency,
    budget: u32,
}

impl Spin {
    pub(crate) fn new(mode: Latency, nanos: u32) -> Self {
        Self { mode, budget: nanos }
    }

    /// How long it would spin, in nanoseconds, as far as it has learnt.
    pub(crate) fn nanos(&self) -> u32 {
        self.budget
    }

    /// Whether waits are worth timing.
    pub(crate) fn learns(&self) -> bool {
        self.mode == Latency::Balanced
    }

    /// How long to spin now; `None`: not at all.
    pub(crate) fn budget(&self, busy: bool) -> Option<Duration> {
        let nanos = match self.mode {
            Latency::Latency => LONG,
            Latency::Balanced if !busy => self.budget,
            Latency::Balanced | Latency::NoSpin => 0,
        };
        (nanos > 0).then(|| Duration::from_nanos(nanos.into()))
    }

    /// Learns from a wait, spin and sleep together.
    pub(crate) fn waited(&mut self, wait: Duration) {
        self.budget = match self.budget {
            budget if wait.as_nanos() <= MOST.into() => (budget * 2).clamp(LEAST, MOST),
            budget if budget / 2 < LEAST => 0,
            budget => budget / 2,
        };
    }

    /// Learns from the time between two looks; `true` if the spin must end.
    pub(crate) fn was_preempted(&mut self, gap: Duration) -> bool {
        let preempted = gap.as_nanos() > PREEMPTED;
        if preempted {
            self.budget = 0;
        }
        preempted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_micros(10);
    const LONG_WAIT: Duration = Duration::from_millis(10);

    #[test]
    fn short_waits_lengthen_it_and_long_ones_end_it() {
        let mut spin = Spin::new(Latency::Balanced, 0);
        assert_eq!(spin.budget(false), None);
        for _ in 0..10 {
            spin.waited(SHORT);
        }
        assert_eq!(spin.budget(false), Some(Duration::from_nanos(MOST.into())));
        assert_eq!(spin.budget(true), None);
        for _ in 0..4 {
            spin.waited(LONG_WAIT);
        }
        assert_eq!(spin.budget(false), None);
    }

    #[test]
    fn preemption_ends_it_at_once() {
        let mut spin = Spin::new(Latency::Balanced, 0);
        spin.waited(SHORT);
        assert!(!spin.was_preempted(Duration::from_micros(3)));
        assert!(spin.was_preempted(Duration::from_millis(3)));
        assert_eq!(spin.budget(false), None);
    }

    #[test]
    fn the_other_modes_do_not_learn() {
        let mut never = Spin::new(Latency::NoSpin, 0);
        never.waited(SHORT);
        assert_eq!(never.budget(false), None);
        let mut always = Spin::new(Latency::Latency, 0);
        always.waited(LONG_WAIT);
        assert_eq!(always.budget(true), Some(Duration::from_millis(1)));
    }
}
