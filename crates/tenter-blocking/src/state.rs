//! What the queue's lock guards, and the rules for when a thread is woken; see the crate's README for the proof.

use std::time::Duration;

use tenter_core::sync::atomic::{AtomicBool, Ordering};
use tenter_core::sync::{Arc, Condvar};

use crate::Lane;
use crate::lane::{Lanes, Limits};
use crate::pace::{Ages, Pace, TakenAt};

/// The lookout goes off duty after so many ticks in which nobody relied on it.
const QUIET_TICKS: u32 = if cfg!(tenter_loom) { 1 } else { 4 };

/// Where one thread waits for work.
pub(crate) struct Seat {
    pub(crate) wake: Condvar,
    /// Set by [`State::claim`], cleared by the seat's own thread before it goes idle; both under the lock,
    /// which orders them.
    claimed: AtomicBool,
}

impl Seat {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { wake: Condvar::new(), claimed: AtomicBool::new(false) })
    }

    pub(crate) fn is_claimed(&self) -> bool {
        self.claimed.load(Ordering::Relaxed)
    }

    fn set_claimed(&self, claimed: bool) {
        self.claimed.store(claimed, Ordering::Relaxed);
    }
}

/// Each thread is one of: coming, searching, busy with a job, idle (on the stack, or the lookout), or about to
/// look at the queue in the current hold of the lock.
pub(crate) struct State<J> {
    pub(crate) lanes: Lanes<J>,
    /// The waiting threads, the one that came last on top: its caches are the warmest, and the ones at
    /// the bottom get to leave.
    idle: Vec<Arc<Seat>>,
    lookout: Lookout,
    /// Threads that were started and have not left.
    pub(crate) threads: usize,
    /// Threads that were claimed or started and have not looked at the queue since.
    pub(crate) coming: usize,
    /// Whether a thread spins: it looks at the queue once more before it sleeps.
    pub(crate) searching: bool,
    pub(crate) pace: Pace,
    pub(crate) ages: Ages,
    /// Set by a failed thread start, cleared by the next push: only pushes try again, lest every job pay for a start.
    pub(crate) start_failed: bool,
    /// Cleared once, by `shutdown`.
    pub(crate) open: bool,
}

/// The one idle thread that sleeps with a short timeout while jobs are left to the busy threads.
#[derive(Default)]
struct Lookout {
    /// It, if there is one on duty. It is not on the stack.
    seat: Option<Arc<Seat>>,
    /// Set when a job could have been left to the busy threads, had there been a lookout; cleared by the next
    /// thread that goes idle, which takes the duty.
    wanted: bool,
    /// Set when a job was left to the busy threads, cleared by each tick.
    relied_on: bool,
    /// Ticks since someone relied on it.
    quiet: u32,
    /// The number that the next push had at the last tick: jobs below it have waited for a tick or more.
    mark: u64,
}

/// What the lookout does after a tick.
pub(crate) enum Tick {
    /// Sleeps until the next.
    Stay,
    /// Works: a job has waited for too long.
    Work,
    /// Becomes an idle thread like the others.
    Retire,
}

impl<J> State<J> {
    pub(crate) fn new(limits: Limits, mean_time: Option<Duration>) -> Self {
        Self {
            lanes: Lanes::new(limits),
            idle: Vec::new(),
            lookout: Lookout::default(),
            threads: 0,
            coming: 0,
            searching: false,
            pace: Pace::new(mean_time),
            ages: Ages::default(),
            start_failed: false,
            open: true,
        }
    }

    pub(crate) fn idle_threads(&self) -> usize {
        self.idle.len() + usize::from(self.lookout.seat.is_some()) + usize::from(self.searching)
    }

    pub(crate) fn has_lookout(&self) -> bool {
        self.lookout.seat.is_some()
    }

    /// Takes a job, if there is one; [`finish`](Self::finish) must follow.
    pub(crate) fn take(&mut self) -> Option<(Taken, J)> {
        let (lane, job) = self.lanes.take()?;
        Some((Taken { lane, at: self.ages.take() }, job))
    }

    /// The thread that took this job is back.
    pub(crate) fn finish(&mut self, taken: Taken) {
        self.lanes.finish(taken.lane);
        self.ages.finish(taken.at);
    }

    /// Whether `ready` jobs need a thread that is neither busy nor on its way.
    pub(crate) fn needs_thread(&mut self, ready: usize) -> bool {
        let on_its_way = self.coming + usize::from(self.searching);
        if self.pace.is_long() {
            return ready > on_its_way;
        }
        ready > 0 && on_its_way == 0 && !self.leaves_to_busy(ready)
    }

    /// Whether the jobs may be left to the busy threads. It takes a lookout, because a job may be a long one.
    fn leaves_to_busy(&mut self, ready: usize) -> bool {
        if !self.pace.fits(ready, self.ages.expected()) {
            return false;
        }
        if self.lookout.seat.is_none() {
            self.lookout.wanted = true;
            return false;
        }
        self.lookout.relied_on = true;
        true
    }

    /// Takes the last idle thread off the stack, or else the lookout; the caller notifies it, best without the lock.
    pub(crate) fn claim(&mut self) -> Option<Arc<Seat>> {
        let seat = self.idle.pop().or_else(|| self.lookout.seat.take())?;
        seat.set_claimed(true);
        self.coming += 1;
        Some(seat)
    }

    /// Makes the thread idle; true if it is on duty as the lookout.
    pub(crate) fn sit(&mut self, seat: &Arc<Seat>) -> bool {
        seat.set_claimed(false);
        let on_duty = self.lookout.wanted && self.lookout.seat.is_none();
        if on_duty {
            let mark = self.lanes.pushed();
            self.lookout = Lookout { seat: Some(seat.clone()), mark, ..Lookout::default() };
        } else {
            self.idle.push(seat.clone());
        }
        on_duty
    }

    /// Takes an idle thread's own seat away, which nobody has claimed.
    pub(crate) fn stand_up(&mut self, seat: &Arc<Seat>) {
        if self.lookout.seat.as_ref().is_some_and(|other| Arc::ptr_eq(other, seat)) {
            self.lookout.seat = None;
        } else {
            self.idle.retain(|other| !Arc::ptr_eq(other, seat));
        }
    }

    /// The lookout's look at what has happened since the last one.
    pub(crate) fn tick(&mut self) -> Tick {
        self.ages.tick();
        if self.lanes.has_ready_before(self.lookout.mark) {
            return Tick::Work;
        }
        self.lookout.mark = self.lanes.pushed();
        self.lookout.quiet = if std::mem::take(&mut self.lookout.relied_on) { 0 } else { self.lookout.quiet + 1 };
        if self.lookout.quiet < QUIET_TICKS {
            return Tick::Stay;
        }
        // A job that was left to the busy threads before the last tick was found above; since then there was none.
        // To the bottom: it slept the longest.
        if let Some(seat) = self.lookout.seat.take() {
            self.idle.insert(0, seat);
        }
        Tick::Retire
    }
}

/// A job's part in the counts.
#[derive(Clone, Copy)]
pub(crate) struct Taken {
    lane: Lane,
    at: TakenAt,
}
