//! CPUs: how many there are said to be, and whether a second one is really there.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use super::special;

/// How long threads work to be compared.
const WORK: Duration = Duration::from_millis(20);

/// How often that is tried; the best counts, for others use the machine as well.
const TRIES: usize = 4;

#[derive(Debug)]
pub(crate) struct Cpus {
    /// Switched on in the machine.
    pub(crate) online: Option<usize>,
    /// Those that this process may use, whole ones, by affinity and control group.
    pub(crate) usable: Option<usize>,
    /// As many CPUs' time the control group may use.
    pub(crate) quota: Option<f64>,
    /// Worker threads of a runtime that says nothing.
    pub(crate) workers: Option<usize>,
    /// The work of two threads at a time, as a multiple of that of one.
    pub(crate) two_threads_do: f64,
}

impl Cpus {
    pub(super) fn look(workers: Option<usize>) -> Self {
        Self {
            online: special::online(),
            usable: thread::available_parallelism().ok().map(usize::from),
            quota: special::quota(),
            workers,
            two_threads_do: two_threads_do(),
        }
    }
}

fn two_threads_do() -> f64 {
    let tries: Vec<_> = (0..TRIES).map(|_| (work_of(1), work_of(2))).collect();
    let (one, two) = tries.iter().fold((1.0, 0.0), |(one, two), tried| (tried.0.max(one), tried.1.max(two)));
    two / one
}

/// What so many threads get done at a time.
fn work_of(threads: usize) -> f64 {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        let work = || {
            start.wait();
            let (begin, mut done) = (Instant::now(), 0u64);
            while begin.elapsed() < WORK {
                for i in 0..1000u64 {
                    black_box(i);
                }
                done += 1;
            }
            // Who was kept from the CPU ends later, and has done less for it.
            done as f64 / begin.elapsed().as_secs_f64()
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(0.0)).sum()
    })
}
