//! Lanes: which kind of work a job is, and how much of the pool each kind may have.

use std::collections::VecDeque;

/// What kind of work a job is; each kind has a limit of its own on how many of its jobs run at a time.
///
/// Lanes share the pool's threads. Name lookups that hang on a dead server use up their own lane and nothing else.
///
/// ```
/// use tenter_blocking::{Lane, Pool, PoolConfig};
///
/// let pool = Pool::new(PoolConfig::new().lane_limit(Lane::File, 8));
/// let files = pool.lane(Lane::File);
/// let found = files.spawn(|| std::fs::metadata(".").is_ok());
/// assert!(futures_lite::future::block_on(found));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lane {
    /// What was not said to be something else. Limited by the number of threads alone.
    #[default]
    General,
    /// Name lookups. At most a quarter of the threads, unless [told](crate::PoolConfig::lane_limit).
    Dns,
    /// Work on files. At most a quarter of the threads, unless [told](crate::PoolConfig::lane_limit).
    File,
}

pub(crate) const LANES: usize = 3;

impl Lane {
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// The most jobs that run at a time, by lane.
#[derive(Clone, Copy, Debug)]
pub struct Limits([usize; LANES]);

impl Limits {
    /// What `told` says; for the other lanes the defaults for a pool of `threads`.
    ///
    /// libuv lets the work that it calls slow have half of its threads; here two lanes share that half.
    /// No limit is below one: a lane whose jobs never run would not be slow, but stuck.
    #[must_use]
    pub fn new(threads: usize, told: [Option<usize>; LANES]) -> Self {
        let defaults = [threads, threads / 4, threads / 4];
        Self(std::array::from_fn(|lane| told[lane].unwrap_or(defaults[lane]).max(1)))
    }
}

/// The jobs of one lane.
struct Line<J> {
    /// With the number of the push, which orders the jobs of all lanes.
    jobs: VecDeque<(u64, J)>,
    /// Jobs that were taken and have not been finished; at most `limit`.
    running: usize,
    limit: usize,
}

impl<J> Line<J> {
    fn room(&self) -> usize {
        self.limit - self.running
    }

    /// The number of its next job, if that may run.
    fn next(&self) -> Option<u64> {
        if self.room() == 0 {
            return None;
        }
        self.jobs.front().map(|&(number, _)| number)
    }
}

/// The queued jobs of all lanes, served in the order of their pushes as far as the limits let them.
pub(crate) struct Lanes<J> {
    lines: [Line<J>; LANES],
    /// Pushes so far.
    pushed: u64,
}

impl<J> Lanes<J> {
    pub(crate) fn new(Limits(limits): Limits) -> Self {
        let lines = limits.map(|limit| Line { jobs: VecDeque::new(), running: 0, limit });
        Self { lines, pushed: 0 }
    }

    pub(crate) fn push(&mut self, lane: Lane, job: J) {
        self.lines[lane.index()].jobs.push_back((self.pushed, job));
        self.pushed += 1;
    }

    /// Whether one more job of this lane could be taken at once, were there a thread.
    pub(crate) fn has_room(&self, lane: Lane) -> bool {
        let line = &self.lines[lane.index()];
        line.jobs.len() < line.room()
    }

    /// How many jobs could be taken now, were there threads.
    pub(crate) fn ready(&self) -> usize {
        self.lines.iter().map(|line| line.jobs.len().min(line.room())).sum()
    }

    /// The first of the jobs that may run; [`finish`](Self::finish) must follow.
    pub(crate) fn take(&mut self) -> Option<(Lane, J)> {
        let (_, lane) = self.first()?;
        let line = &mut self.lines[lane.index()];
        let (_, job) = line.jobs.pop_front()?;
        line.running += 1;
        Some((lane, job))
    }

    pub(crate) fn finish(&mut self, lane: Lane) {
        self.lines[lane.index()].running -= 1;
    }

    /// Whether a job that may run was there when [`pushed`](Self::pushed) gave `mark`.
    pub(crate) fn has_ready_before(&self, mark: u64) -> bool {
        self.first().is_some_and(|(number, _)| number < mark)
    }

    /// The number that the next job gets.
    pub(crate) fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Queued jobs, those that may not run yet included.
    pub(crate) fn len(&self) -> usize {
        self.lines.iter().map(|line| line.jobs.len()).sum()
    }

    /// All that is queued; what runs goes on to count.
    pub(crate) fn drain(&mut self) -> Vec<J> {
        self.lines.iter_mut().flat_map(|line| std::mem::take(&mut line.jobs)).map(|(_, job)| job).collect()
    }

    fn first(&self) -> Option<(u64, Lane)> {
        let lanes = [Lane::General, Lane::Dns, Lane::File];
        let numbered = lanes.into_iter().filter_map(|lane| Some((self.lines[lane.index()].next()?, lane)));
        numbered.min_by_key(|&(number, _)| number)
    }
}
