//! Clocks, medians, percentiles.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::case::Env;

/// One run of a case on one runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    /// In the case's unit: mostly nanoseconds per operation.
    pub(crate) wall: f64,
    /// CPU time of the process (or of the server's), user and system, in nanoseconds per operation; 0 if it means nothing.
    pub(crate) cpu: f64,
    /// A high percentile, in the case's unit, or another number that the same run gives.
    pub(crate) tail: Option<f64>,
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
        let wall = self.started.elapsed();
        Sample { wall: per(wall, ops), cpu: self.cpu(ops), tail: None }
    }

    /// The CPU time per operation so far.
    pub(crate) fn cpu(&self, ops: usize) -> f64 {
        per(process_cpu_time().saturating_sub(self.cpu), ops)
    }
}

/// Nanoseconds per operation.
pub(crate) fn per(time: Duration, ops: usize) -> f64 {
    time.as_nanos() as f64 / ops.max(1) as f64
}

pub(crate) fn process_cpu_time() -> Duration {
    duration(clock_gettime(ClockId::ProcessCPUTime))
}

fn duration(time: Timespec) -> Duration {
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// Runs something once to warm up (threads start, queues and slabs grow), then until the run's budget is used up, and takes
/// the medians.
pub(crate) fn repeat(env: &Env, mut run: impl FnMut() -> Sample) -> Sample {
    run();
    let end = Instant::now() + env.budget();
    let mut samples = vec![run()];
    while Instant::now() < end {
        samples.push(run());
    }
    median(&samples)
}

/// The median of each number by itself.
///
/// # Panics
/// If there are no samples.
pub(crate) fn median(samples: &[Sample]) -> Sample {
    let of = |value: fn(&Sample) -> f64| Spread::of(samples.iter().map(value)).median;
    let tails: Vec<f64> = samples.iter().filter_map(|sample| sample.tail).collect();
    let tail = (!tails.is_empty()).then(|| Spread::of(tails.into_iter()).median);
    Sample { wall: of(|sample| sample.wall), cpu: of(|sample| sample.cpu), tail }
}

/// A sample of latencies in microseconds: the median, and the 99th percentile as its tail.
///
/// # Panics
/// If there are no latencies.
pub(crate) fn latencies(latencies: &mut [Duration], cpu: f64) -> Sample {
    latencies.sort_unstable();
    let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize].as_nanos() as f64 / 1000.0;
    Sample { wall: at(0.5), cpu, tail: Some(at(0.99)) }
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

    #[test]
    fn latencies_give_their_middle_and_their_tail() {
        let mut values: Vec<Duration> = (0..=100).rev().map(Duration::from_micros).collect();
        assert_eq!(latencies(&mut values, 7.0), Sample { wall: 50.0, cpu: 7.0, tail: Some(99.0) });
    }

    #[test]
    fn medians_are_taken_of_each_number() {
        let sample = |wall, cpu, tail| Sample { wall, cpu, tail };
        let samples = [sample(1.0, 30.0, Some(5.0)), sample(2.0, 10.0, None), sample(3.0, 20.0, Some(7.0))];
        assert_eq!(median(&samples), sample(2.0, 20.0, Some(6.0)));
    }
}
