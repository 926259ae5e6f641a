//! How long jobs take here, and which of the busy threads can be expected back soon.

use std::time::{Duration, Instant};

/// What another thread's help costs: its wake-up takes 40 to 57 µs, and 11 to 15 µs of whoever wakes it (measured
/// on a virtual machine). A job that gets a thread sooner than that is better left to wait.
pub(crate) const HELP: Duration = Duration::from_micros(50);

/// After so many jobs a thread tells how long they took; a clock reading per job would be a tenth of a short one.
const SAMPLE: u32 = 8;

/// The mean time of a job: a moving one, over all threads.
pub(crate) struct Pace {
    /// None until the first sample.
    mean: Option<Duration>,
}

impl Pace {
    pub(crate) fn new(mean: Option<Duration>) -> Self {
        Self { mean }
    }

    /// Whether jobs are known to be so long that each is worth a thread.
    pub(crate) fn is_long(&self) -> bool {
        self.mean.is_some_and(|mean| mean >= HELP)
    }

    /// Whether `threads` can be expected to do `jobs` before another thread could help.
    pub(crate) fn fits(&self, jobs: usize, threads: usize) -> bool {
        let Some(mean) = self.mean else { return false };
        mean.as_nanos() * (jobs as u128) < HELP.as_nanos() * (threads as u128)
    }

    fn add(&mut self, sample: Duration) {
        // Beyond this all are long alike; one very long job must not take thousands of short ones to forget.
        let sample = sample.min(HELP * 2);
        self.mean = Some(self.mean.map_or(sample, |mean| (mean * 3 + sample) / 4));
    }
}

/// One thread's measurement.
pub(crate) struct Stopwatch {
    since: Instant,
    jobs: u32,
}

impl Stopwatch {
    pub(crate) fn new() -> Self {
        Self { since: now(), jobs: 0 }
    }

    /// Before a job.
    pub(crate) fn start(&mut self) {
        if self.jobs == 0 {
            self.since = now();
        }
        self.jobs += 1;
    }

    /// After a job; `is_last` if the thread has no other.
    pub(crate) fn stop(&mut self, pace: &mut Pace, is_last: bool) {
        if self.jobs > 0 && (is_last || self.jobs >= SAMPLE) {
            pace.add(now().saturating_duration_since(self.since) / self.jobs);
            self.jobs = 0;
        }
    }
}

/// Busy threads by the lookout's tick in which they took their job.
///
/// Those of this and the last tick are expected back; who has been in one job for longer is not.
#[derive(Default)]
pub(crate) struct Ages {
    tick: u64,
    young: usize,
    aging: usize,
}

/// The tick in which a thread took a job.
#[derive(Clone, Copy)]
pub(crate) struct TakenAt(u64);

impl Ages {
    pub(crate) fn take(&mut self) -> TakenAt {
        self.young += 1;
        TakenAt(self.tick)
    }

    pub(crate) fn finish(&mut self, TakenAt(tick): TakenAt) {
        match self.tick - tick {
            0 => self.young -= 1,
            1 => self.aging -= 1,
            _ => {}
        }
    }

    pub(crate) fn tick(&mut self) {
        self.tick += 1;
        self.aging = std::mem::take(&mut self.young);
    }

    pub(crate) fn ticks(&self) -> u64 {
        self.tick
    }

    /// Busy threads that can be expected back.
    pub(crate) fn expected(&self) -> usize {
        self.young + self.aging
    }
}

#[cfg(not(tenter_loom))]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Models must repeat themselves exactly, so nothing takes any time in them.
#[cfg(tenter_loom)]
pub(crate) fn now() -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *START.get_or_init(Instant::now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_in_one_job_for_two_ticks_is_not_expected_back() {
        let mut ages = Ages::default();
        let (first, _stuck) = (ages.take(), ages.take());
        ages.tick();
        let later = ages.take();
        assert_eq!(ages.expected(), 3);
        ages.finish(first);
        ages.tick();
        assert_eq!(ages.expected(), 1);
        ages.finish(later);
        ages.tick();
        assert_eq!(ages.expected(), 0);
    }

    #[test]
    fn a_thread_that_comes_back_late_must_not_be_counted_off_twice() {
        let mut ages = Ages::default();
        let late = ages.take();
        ages.tick();
        ages.tick();
        let _busy = ages.take();
        ages.finish(late);
        assert_eq!(ages.expected(), 1);
    }

    #[test]
    fn only_short_jobs_fit() {
        assert!(!Pace::new(None).fits(1, 1), "nothing is known yet");
        assert!(!Pace::new(None).is_long());
        let pace = Pace::new(Some(HELP / 10));
        assert!(pace.fits(9, 1) && !pace.fits(10, 1) && pace.fits(19, 2));
        assert!(!pace.fits(1, 0), "nobody is there to do it");
    }

    #[test]
    fn a_very_long_job_must_not_be_remembered_for_ever() {
        let mut pace = Pace::new(None);
        pace.add(Duration::from_secs(100));
        assert!(pace.is_long());
        for _ in 0..20 {
            pace.add(Duration::ZERO);
        }
        assert!(pace.fits(64, 1));
    }
}
