//! Clocks and medians.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, Timespec, clock_gettime};

/// One run of a case on one runtime, in nanoseconds per operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) wall: f64,
    /// CPU time of the process, user and system, without the load generator's.
    pub(crate) cpu: f64,
}

#[derive(Debug)]
pub(crate) struct Stopwatch {
    cpu: Duration,
    started: Instant,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Stopwatch { cpu: process_cpu_time(), started: Instant::now() }
    }

    /// Ends a measurement of `ops` operations.
    pub(crate) fn stop(self, ops: usize) -> Sample {
        self.stop_without(ops, Duration::ZERO)
    }

    /// Ends a measurement of `ops` operations; `foreign` is CPU time that isn't the runtime's.
    pub(crate) fn stop_without(self, ops: usize, foreign: Duration) -> Sample {
        let wall = self.started.elapsed();
        let cpu = process_cpu_time().saturating_sub(self.cpu).saturating_sub(foreign);
        let per_op = |time: Duration| time.as_nanos() as f64 / ops.max(1) as f64;
        Sample { wall: per_op(wall), cpu: per_op(cpu) }
    }
}

fn process_cpu_time() -> Duration {
    duration(clock_gettime(ClockId::ProcessCPUTime))
}

/// The CPU time of the calling thread.
pub(crate) fn thread_cpu_time() -> Duration {
    duration(clock_gettime(ClockId::ThreadCPUTime))
}

fn duration(time: Timespec) -> Duration {
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// The least, the middle and the most of some values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// # Panics
    ///
    /// If there are no values.
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let (mid, odd) = (values.len() / 2, values.len() % 2 == 1);
        let median = if odd { values[mid] } else { f64::midpoint(values[mid - 1], values[mid]) };
        Spread { min: values[0], median, max: values[values.len() - 1] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_middle_two() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        assert_eq!(spread(&[3.0, 1.0, 9.0]), Spread { min: 1.0, median: 3.0, max: 9.0 });
        assert_eq!(spread(&[4.0, 1.0, 2.0, 9.0]), Spread { min: 1.0, median: 3.0, max: 9.0 });
        assert_eq!(spread(&[5.0]).median, 5.0);
    }
}
