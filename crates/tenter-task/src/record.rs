//! What is noted of a task of a runtime in debug mode: a record beside the task, which goes when its future does.
//!
//! The records are the process's, in shards under plain locks: who notes something and who reads it meet for moments only,
//! and a reader takes a portion at a time. A task without a record has no part in any of this.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::{TaskId, current_id};

/// Tasks that are spawned in a row by one thread have records in the same shard, as they have in a scheduler's registry.
const SHARDS: usize = 64;
const TURN: u64 = 64;

/// So many records are taken at once by who visits all.
const PORTION: usize = 256;

type Shard = Mutex<BTreeMap<u64, Arc<Record>>>;

/// Of all tasks that have records, by id: ordered, so that a visitor can let go of the lock and go on later.
static RECORDS: [Shard; SHARDS] = [const { Mutex::new(BTreeMap::new()) }; SHARDS];

/// How many records were made.
static MADE: AtomicU64 = AtomicU64::new(0);

fn shard(id: TaskId) -> &'static Shard {
    &RECORDS[(id.as_u64() / TURN % SHARDS as u64) as usize]
}

/// Locks, also after a panic of another holder: every section leaves what it guards whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a recorded task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It is in a queue, or on its way there.
    Scheduled,
    /// It is being polled by the thread in a seat.
    Running(usize),
    /// It waits to be woken.
    Waiting,
}

/// Who waits for a task by its handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaiter {
    /// The task that polled the handle last.
    pub id: TaskId,
    /// In which of its polls that was, if it has a record: if it was polled again since, it may wait for something else.
    pub poll: Option<u64>,
}

/// The part of a [`Record`] that changes, as it is at one moment.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// What it does.
    pub activity: Activity,
    /// How often its future was polled, the present poll included.
    pub polls: u64,
    /// How long its polls took that have ended, together.
    pub busy: Duration,
    /// The longest of these.
    pub longest: Duration,
    /// When its present poll began, if it is in one.
    pub running_since: Option<Instant>,
    /// When it was woken last; spawning does not count.
    pub woken: Option<Instant>,
    /// Who waits for it.
    pub awaiter: Option<Awaiter>,
    /// Whether its handle was dropped before its first poll.
    given_up: bool,
}

/// What is noted of a task.
#[derive(Debug)]
pub struct Record {
    id: TaskId,
    name: Option<Box<str>>,
    spawned_at: &'static Location<'static>,
    parent: Option<TaskId>,
    created: Instant,
    order: u64,
    progress: Mutex<Progress>,
}

impl Record {
    /// The task.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Its name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where it was spawned.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// The task that was polled on the thread that spawned it, if one was.
    #[must_use]
    pub fn parent(&self) -> Option<TaskId> {
        self.parent
    }

    /// When it was spawned.
    #[must_use]
    pub fn created(&self) -> Instant {
        self.created
    }

    /// Its place in the order in which records were made: a parent's is less than its children's.
    #[must_use]
    pub fn order(&self) -> u64 {
        self.order
    }

    /// How it stands.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *lock(&self.progress)
    }

    /// Of a task whose future is gone: whether that was never polled.
    #[must_use]
    pub fn is_unpolled(&self) -> bool {
        // Who runs a task that was given up counts a poll, but drops the future.
        let progress = lock(&self.progress);
        progress.polls == 0 || progress.polls == 1 && progress.given_up
    }

    /// Notes that it is about to be queued.
    pub fn wakes(&self) {
        let mut progress = lock(&self.progress);
        progress.activity = Activity::Scheduled;
        progress.woken = Some(Instant::now());
    }

    /// Notes that the thread in a seat begins to poll it; gives the number of that poll, for [`ends_poll`](Self::ends_poll).
    pub fn begins_poll(&self, seat: usize, now: Instant) -> u64 {
        let mut progress = lock(&self.progress);
        progress.activity = Activity::Running(seat);
        progress.running_since = Some(now);
        progress.polls += 1;
        progress.polls
    }

    /// Notes that a poll is over, which took so long.
    ///
    /// By then it may have been queued again, and another thread may be polling it.
    pub fn ends_poll(&self, poll: u64, took: Duration) {
        let mut progress = lock(&self.progress);
        progress.busy += took;
        progress.longest = progress.longest.max(took);
        if progress.polls == poll {
            progress.running_since = None;
            if matches!(progress.activity, Activity::Running(_)) {
                progress.activity = Activity::Waiting;
            }
        }
    }
}

/// Makes the record of a new task, whose parent is the task that this thread polls.
pub fn begin(id: TaskId, name: Option<&str>, spawned_at: &'static Location<'static>) {
    let progress = Progress {
        activity: Activity::Scheduled,
        polls: 0,
        busy: Duration::ZERO,
        longest: Duration::ZERO,
        running_since: None,
        woken: None,
        awaiter: None,
        given_up: false,
    };
    let record = Record {
        id,
        name: name.map(Into::into),
        spawned_at,
        parent: current_id(),
        created: Instant::now(),
        order: MADE.fetch_add(1, Relaxed),
        progress: Mutex::new(progress),
    };
    let old = lock(shard(id)).insert(id.as_u64(), Arc::new(record));
    drop(old);
}

/// The record of a task, if it has one.
#[must_use]
pub fn find(id: TaskId) -> Option<Arc<Record>> {
    lock(shard(id)).get(&id.as_u64()).cloned()
}

/// Takes the record of a task whose future is gone.
pub fn end(id: TaskId) -> Option<Arc<Record>> {
    lock(shard(id)).remove(&id.as_u64())
}

/// Takes the records of all tasks with ids in a range.
pub fn end_all(ids: Range<u64>) {
    for shard in &RECORDS {
        let mut records = lock(shard);
        let gone: Vec<_> = records.range(ids.clone()).map(|(id, _)| *id).collect();
        let gone: Vec<_> = gone.iter().filter_map(|id| records.remove(id)).collect();
        drop(records);
        drop(gone);
    }
}

/// The records of the tasks with ids in a range, in no order: each task that lives all the while is among them once.
///
/// No lock is held for more than a portion of some hundred.
#[must_use]
pub fn all(ids: Range<u64>) -> Vec<Arc<Record>> {
    let mut found = Vec::new();
    for shard in &RECORDS {
        let mut from = ids.start;
        loop {
            let before = found.len();
            // Room is made while nobody waits for it.
            found.reserve(PORTION);
            found.extend(lock(shard).range(from..ids.end).take(PORTION).map(|(_, record)| record.clone()));
            match found.last() {
                Some(record) if found.len() - before == PORTION => from = record.id.as_u64() + 1,
                _ => break,
            }
        }
    }
    found
}

/// Notes that the task that this thread polls, if it does, waits for another one that has a record.
#[cold]
pub(crate) fn is_awaited(id: TaskId) {
    let Some(awaiter) = current_id() else { return };
    let poll = find(awaiter).map(|record| record.progress().polls);
    if let Some(record) = find(id) {
        lock(&record.progress).awaiter = Some(Awaiter { id: awaiter, poll });
    }
}

/// Notes that the handle of a task was dropped.
#[cold]
pub(crate) fn is_given_up(id: TaskId) {
    if let Some(record) = find(id) {
        let mut progress = lock(&record.progress);
        progress.given_up = progress.polls == 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(tag: u64) -> Range<u64> {
        tag << 26..(tag + 1) << 26
    }

    #[test]
    fn all_finds_each_once_and_nobody_elses() {
        let here = Location::caller();
        let (own, other) = (ids(4000), ids(4001));
        // In one shard more than a portion, and one in the next.
        let turns = (0..2 * PORTION as u64 / TURN).map(|turn| turn * TURN * SHARDS as u64);
        let mut numbers: Vec<_> = turns.flat_map(|turn| turn..turn + TURN).chain([TURN]).collect();
        numbers.sort_unstable();
        for number in &numbers {
            begin(TaskId::from_u64(own.start + number), None, here);
        }
        begin(TaskId::from_u64(other.start), Some("other"), here);
        let mut found: Vec<_> = all(own.clone()).iter().map(|record| record.id().as_u64() - own.start).collect();
        found.sort_unstable();
        assert_eq!(found, numbers);
        end_all(own.clone());
        assert!(all(own).is_empty());
        assert_eq!(all(other.clone()).len(), 1);
        assert_eq!(end(TaskId::from_u64(other.start)).unwrap().name(), Some("other"));
        assert!(find(TaskId::from_u64(other.start)).is_none());
    }

    #[test]
    fn a_poll_that_ends_late_takes_nothing_from_the_next() {
        let id = TaskId::from_u64(ids(4002).start);
        begin(id, None, Location::caller());
        let (record, now) = (end(id).unwrap(), Instant::now());
        assert_eq!(record.progress().activity, Activity::Scheduled);
        let first = record.begins_poll(0, now);
        // It yields: it is queued again at the end of its poll, and another thread is faster than the noting of that end.
        record.wakes();
        let second = record.begins_poll(1, now);
        record.ends_poll(first, Duration::from_millis(2));
        assert_eq!(record.progress().activity, Activity::Running(1));
        assert_eq!(record.progress().running_since, Some(now));
        record.wakes();
        record.ends_poll(second, Duration::from_millis(1));
        let progress = record.progress();
        assert_eq!((progress.activity, progress.running_since), (Activity::Scheduled, None));
        assert_eq!((progress.polls, progress.longest), (2, Duration::from_millis(2)));
        assert_eq!(progress.busy, Duration::from_millis(3));
        let third = record.begins_poll(1, now);
        record.ends_poll(third, Duration::ZERO);
        assert_eq!(record.progress().activity, Activity::Waiting);
    }
}
