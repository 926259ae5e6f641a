//! What the input says: steps, jobs, and in which order a queue hands these out.

use std::cmp::Ordering;
use std::rc::Rc;

use arbitrary::Arbitrary;

/// Indices are taken modulo the number of things there are.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Step {
    TryPut(u8),
    StartPut(u8),
    PollPut(u8, bool),
    DropPut(u8),
    TryGet,
    TryGetUnguarded,
    StartGet,
    PollGet(u8, bool),
    DropGet(u8),
    Finish(u8),
    IntoInner(u8),
    Split(u8),
    DropGuard(u8),
    Disarm(u8),
    TaskDone,
    Join,
    PollJoin(u8, bool),
    DropJoin(u8),
    ShutDown { immediate: bool },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Kind {
    Fifo,
    Lifo,
    Priority,
}

impl Kind {
    /// Takes what a queue hands out next, from jobs in the order in which they were put.
    pub(crate) fn take(self, jobs: &mut Vec<Known>) -> Option<Known> {
        let at = match self {
            Self::Fifo => 0,
            Self::Lifo => jobs.len().checked_sub(1)?,
            Self::Priority => (0..jobs.len()).min_by_key(|at| jobs[*at].0)?,
        };
        (at < jobs.len()).then(|| jobs.remove(at))
    }
}

/// Ordered by its rank alone; its `Rc` tells how many live.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) rank: u8,
    pub(crate) number: u32,
    pub(crate) _life: Rc<()>,
}

impl Ord for Job {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl PartialOrd for Job {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Job {}

/// A job as the model knows it.
pub(crate) type Known = (u8, u32);

pub(crate) fn known(job: &Job) -> Known {
    (job.rank, job.number)
}
