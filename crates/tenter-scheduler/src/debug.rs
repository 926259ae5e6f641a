//! Debug mode: what is noted of each task of a scheduler, and polls that take too long.
//!
//! Without it nothing here is reached: a spawn and the end of a task test a byte that they test anyway, a wake two bytes
//! beside those it reads, a poll what it tests for [chaos](crate::chaos). With it each task has a
//! [record](tenter_task::record), and each seat a list of the polls that its thread is in.

use std::fmt;
use std::ops::Range;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tenter_task::record::{self, Record};
use tenter_task::{Meta, Runnable, TaskId};

use crate::context::Context;
use crate::hooks::guarded;
use crate::registry::Key;
use crate::slot::{DEBUG, Slot};
use crate::worker::Worker;

/// The most slow polls that are reported in a second.
const REPORTS: u32 = 10;
const WINDOW: Duration = Duration::from_secs(1);

/// A poll that takes longer than it should; see [`Debug::on_slow_poll`].
#[derive(Debug)]
#[non_exhaustive]
pub struct SlowPoll<'a> {
    /// The task.
    pub id: TaskId,
    /// Its name, if it was given one.
    pub name: Option<&'a str>,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// The name of the thread that polls it.
    pub thread: Option<&'a str>,
    /// How long the poll takes so far, or took.
    pub elapsed: Duration,
    /// Whether it is over.
    pub is_over: bool,
    /// How many slow polls of this runtime were not reported so far, because there were too many at a time.
    pub unreported: u64,
}

impl fmt::Display for SlowPoll<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = self.name {
            write!(f, " '{}'", name.escape_debug())?;
        }
        let verb = if self.is_over { "held" } else { "is holding" };
        let thread = self.thread.unwrap_or("(without a name)");
        write!(f, " spawned at {} {verb} thread {thread} in one poll for {:.1?}", self.spawned_at, self.elapsed)?;
        if self.unreported > 0 {
            write!(f, " ({} more slow polls were not reported)", self.unreported)?;
        }
        Ok(())
    }
}

/// What is called for a slow poll.
pub type SlowPollHook = Arc<dyn Fn(&SlowPoll<'_>) + Send + Sync>;

/// How debug mode is done.
#[derive(Clone)]
#[non_exhaustive]
pub struct Debug {
    /// A poll that takes longer is slow.
    pub slow_poll_threshold: Duration,
    /// Called for a slow poll: by another thread while it goes on, if a worker is free to see it, and by its own when it is over.
    /// `None`: a line on stderr.
    pub on_slow_poll: Option<SlowPollHook>,
}

impl Default for Debug {
    /// A tenth of a second, as asyncio's `slow_callback_duration`.
    fn default() -> Self {
        Self { slow_poll_threshold: Duration::from_millis(100), on_slow_poll: None }
    }
}

impl fmt::Debug for Debug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Debug").field("slow_poll_threshold", &self.slow_poll_threshold).finish_non_exhaustive()
    }
}

/// Whether a slow poll was reported.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    NotYet,
    Yes,
    /// There were too many at that time.
    No,
}

/// A poll that a thread is in.
struct Polling {
    record: Arc<Record>,
    thread: Thread,
    since: Instant,
    told: Told,
}

/// A slow poll that is to be reported.
pub(crate) struct Report {
    record: Arc<Record>,
    thread: Thread,
    elapsed: Duration,
    is_over: bool,
}

#[derive(Default)]
struct Limit {
    since: Option<Instant>,
    reported: u32,
}

impl Limit {
    fn allows(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= WINDOW) {
            (self.since, self.reported) = (Some(now), 0);
        }
        self.reported += 1;
        self.reported <= REPORTS
    }
}

/// What a scheduler in debug mode has for it.
pub(crate) struct Observer {
    config: Debug,
    /// For each seat the polls that its thread is in, innermost last: in a poll it may call `block_on`.
    seats: Box<[Mutex<Vec<Polling>>]>,
    limit: Mutex<Limit>,
    unreported: AtomicU64,
}

impl Observer {
    pub(crate) fn new(config: Debug, seats: usize) -> Self {
        let seats = (0..seats).map(|_| Mutex::new(Vec::new())).collect();
        Self { config, seats, limit: Mutex::default(), unreported: AtomicU64::new(0) }
    }

    /// Whether another report may be made now; counts those that may not.
    fn allows(&self, now: Instant) -> bool {
        let allows = lock(&self.limit).allows(now);
        if !allows {
            self.unreported.fetch_add(1, Relaxed);
        }
        allows
    }

    /// The slow polls that go on and were not seen before.
    pub(crate) fn look(&self, found: &mut Vec<Report>) {
        let now = Instant::now();
        for seat in &self.seats {
            for polling in lock(seat).iter_mut() {
                let elapsed = now.saturating_duration_since(polling.since);
                if polling.told != Told::NotYet || elapsed <= self.config.slow_poll_threshold {
                    continue;
                }
                polling.told = if self.allows(now) { Told::Yes } else { Told::No };
                if polling.told == Told::Yes {
                    let (record, thread) = (polling.record.clone(), polling.thread.clone());
                    found.push(Report { record, thread, elapsed, is_over: false });
                }
            }
        }
    }

    /// Notes that a poll begins.
    fn begin(&self, seat: usize, record: Arc<Record>) -> Instant {
        let since = Instant::now();
        lock(&self.seats[seat]).push(Polling { record, thread: thread::current(), since, told: Told::NotYet });
        since
    }

    /// Notes that a poll is over; gives it if it is to be reported.
    fn end(&self, seat: usize) -> Option<(Arc<Record>, Duration, Option<Report>)> {
        let Polling { record, thread, since, told } = lock(&self.seats[seat]).pop()?;
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(since);
        let is_slow = elapsed > self.config.slow_poll_threshold;
        let tells = match told {
            Told::Yes => true,
            Told::No => false,
            Told::NotYet => is_slow && self.allows(now),
        };
        let report = tells.then(|| Report { record: record.clone(), thread, elapsed, is_over: true });
        Some((record, elapsed, report))
    }

    /// Reports a slow poll. Foreign code: not to be called by a thread that others count on to sleep or to look around.
    pub(crate) fn report(&self, report: &Report) {
        let poll = SlowPoll {
            id: report.record.id(),
            name: report.record.name(),
            spawned_at: report.record.spawned_at(),
            thread: report.thread.name(),
            elapsed: report.elapsed,
            is_over: report.is_over,
            unreported: self.unreported.load(Relaxed),
        };
        guarded(|| match &self.config.on_slow_poll {
            Some(hook) => hook(&poll),
            None => eprintln!("tenter: {poll}"),
        });
    }
}

impl Slot {
    /// The ids of tasks of runtimes in this slot.
    pub(crate) fn ids(&self) -> Range<u64> {
        let first = Key::new(0, self.index).id();
        first..first + Key::NUMBERS
    }

    /// Ends what records are left of a runtime in debug mode without tasks: of one that was counted as gone a moment ago, see
    /// [`end_marked`](Self::end_marked).
    pub(crate) fn strike_off(&self) {
        if self.state.load(Relaxed) & DEBUG != 0 {
            record::end_all(self.ids());
        }
    }

    /// The same for a runtime that is closed or in debug mode.
    #[cold]
    pub(crate) fn take_in_marked(
        &'static self,
        seat: Option<&Context>,
        name: Option<&str>,
        site: &'static Location<'static>,
    ) -> (Key, Meta) {
        let key = if self.is_closed() { Key::UNTRACKED } else { self.count(seat) };
        let has_record = key != Key::UNTRACKED && self.state.load(Relaxed) & DEBUG != 0;
        let meta = if has_record { enroll(self, key, name, site) } else { Meta::in_slot(self.index) };
        (key, meta)
    }

    /// After a task of a runtime that is closed or in debug mode was counted as gone. By now another runtime may live here: its
    /// tasks have other ids, and what is left of the old one's records went when it gave the slot back.
    #[cold]
    pub(crate) fn end_marked(&self, key: Key) {
        if let Some(record) = record::end(TaskId::from_u64(key.id())) {
            if record.is_unpolled() {
                self.unpolled.fetch_add(1, Relaxed);
            }
        }
        if self.is_closed() {
            self.wake_drainers();
        }
    }

    /// How many tasks of a runtime in debug mode went without having been polled.
    pub(crate) fn unpolled(&self) -> u64 {
        self.unpolled.load(Relaxed)
    }
}

/// Makes a record for a task that is about to be made; gives the mark by which its wakes and polls find it.
fn enroll(slot: &Slot, key: Key, name: Option<&str>, site: &'static Location<'static>) -> Meta {
    record::begin(TaskId::from_u64(key.id()), name, site);
    Meta::in_slot(slot.index).recorded(key.number())
}

/// The record of a task with a mark.
fn record_of(meta: Meta) -> Option<Arc<Record>> {
    let key = Key::new(meta.record()?, meta.slot());
    record::find(TaskId::from_u64(key.id()))
}

/// Notes that a task with a record is woken.
#[cold]
pub(crate) fn wakes(meta: Meta) {
    if let Some(record) = record_of(meta) {
        record.wakes();
    }
}

impl Worker<'_> {
    /// Polls a task in debug mode, or with chaos.
    #[cold]
    pub(crate) fn run_specially(&mut self, runnable: Runnable) {
        let again = self.startle(&runnable);
        let observer = self.context.core.observer.as_ref();
        let begun = observer.zip(record_of(*runnable.metadata())).map(|(observer, record)| {
            let since = observer.begin(self.context.seat, record.clone());
            (observer, record.begins_poll(self.context.seat, since))
        });
        runnable.run();
        if let Some((observer, poll)) = begun {
            if let Some((record, took, report)) = observer.end(self.context.seat) {
                record.ends_poll(poll, took);
                self.slow.extend(report);
                self.report_slow_polls();
            }
        }
        if let Some(again) = again {
            again.wake();
        }
    }

    /// As the watch: collects the slow polls that go on; `true` if there are some to be reported.
    pub(crate) fn finds_slow_polls(&mut self) -> bool {
        if let Some(observer) = &self.context.core.observer {
            observer.look(&mut self.slow);
        }
        !self.slow.is_empty()
    }

    /// Reports what was collected. The caller is neither parked nor inside a poll: the hook may spawn and wake.
    #[inline]
    pub(crate) fn report_slow_polls(&mut self) {
        if !self.slow.is_empty() {
            self.report_all();
        }
    }

    #[cold]
    fn report_all(&mut self) {
        let Some(observer) = &self.context.core.observer else { return };
        // The hook may take its time: nobody is to count on this thread meanwhile.
        self.stop_searching();
        for report in std::mem::take(&mut self.slow) {
            observer.report(&report);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn so_many_slow_polls_are_reported_in_a_second() {
    let (mut limit, start) = (Limit::default(), Instant::now());
    assert_eq!((0..100).filter(|_| limit.allows(start)).count(), REPORTS as usize);
    assert!(!limit.allows(start + WINDOW - Duration::from_nanos(1)));
    assert!(limit.allows(start + WINDOW));
}
