//! The queue of jobs and the life of the threads that run them.
//!
//! Everything is guarded by one lock, and what must hold together changes under one hold of it. The rules, and why
//! they suffice, are in the crate's README; in short:
//!
//! - **A queued job has a thread.** The queue is not empty only while `threads > 0`. `push` adds a job after
//!   it has seen or started a thread; a thread leaves in the same hold of the lock in which it saw the queue empty.
//!   A start happens under the lock as well, so that a failed one is known before the job is queued: it is
//!   handed back, or left to the threads that exist.
//! - **A job that may run is looked for.** A thread is on its way, or searches, or the lookout is on duty, or no
//!   thread is to be had. `push` and everyone who takes a job see to it (`State::needs_thread`).
//! - **A claimed thread looks at the queue.** A thread whose wait times out leaves only if its seat was still
//!   there; else it was claimed a moment before, and works.
//!
//! Jobs run and are dropped without the lock.

use std::time::Duration;
use std::{fmt, io, sync};

use tenter_core::sync::{Arc, Mutex, MutexGuard};

pub use crate::error::Reason;
pub use crate::lane::Limits;
use crate::pace::{Stopwatch, now};
use crate::spin::{Hint, Spinner};
use crate::state::{Seat, State, Tick};
use crate::threads::{Start, contain};
use crate::{Lane, Spin};

/// How often the lookout looks. A job waits for two ticks at most: it is marked at the first and found at the second.
const TICK: Duration = if cfg!(tenter_loom) { Duration::ZERO } else { Duration::from_millis(1) };

/// What a thread of the pool runs.
pub trait Job: Send + 'static {
    /// Runs it to its end.
    fn run(self);
}

impl Job for tenter_task::Runnable {
    fn run(self) {
        // The job's future is ready after one poll, so it is never scheduled again.
        tenter_task::Runnable::run(self);
    }
}

/// A job that was not queued, and why.
#[derive(Debug)]
pub struct Refused<J> {
    /// The job.
    pub job: J,
    /// Why.
    pub reason: Reason,
}

/// What a queue is made with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most threads.
    pub max_threads: usize,
    /// The most running jobs of each lane.
    pub limits: Limits,
    /// How long a thread without work stays.
    pub keep_alive: Duration,
    /// How it looks for work before it sleeps.
    pub spin: Spin,
    /// How long a job is taken to last until that has been measured; None means that nothing is known.
    pub mean_time: Option<Duration>,
}

/// The queue, and what its threads share.
pub struct Queue<J, S> {
    settings: Settings,
    starter: S,
    hint: Hint,
    state: Mutex<State<J>>,
}

impl<J: Job, S: Start> Queue<J, S> {
    /// An open queue without threads.
    pub fn new(settings: Settings, starter: S) -> Arc<Self> {
        let state = Mutex::new(State::new(settings.limits, settings.mean_time));
        Arc::new(Self { settings, starter, hint: Hint::new(), state })
    }

    /// Queues a job, and wakes or starts a thread if it needs one.
    ///
    /// # Errors
    /// Gives the job back if the queue is closed, or if there is no thread and none can be started.
    pub fn push(this: &Arc<Self>, lane: Lane, job: J) -> Result<(), Refused<J>> {
        let mut state = this.lock();
        if !state.open {
            return Err(Refused { job, reason: Reason::Closed });
        }
        let mut claimed = None;
        // At its lane's limit the job is not ready: who runs one of the lane takes the next after it.
        let ready = if state.lanes.has_room(lane) { state.lanes.ready() + 1 } else { 0 };
        if state.needs_thread(ready) {
            state.start_failed = false;
            claimed = state.claim();
            if claimed.is_none() {
                if let Err(reason) = Self::grow(this, &mut state) {
                    return Err(Refused { job, reason });
                }
            }
        }
        state.lanes.push(lane, job);
        if state.searching {
            this.hint.set();
        }
        drop(state);
        if let Some(seat) = claimed {
            seat.wake.notify_one();
        }
        Ok(())
    }

    /// Starts a thread if there may be another; its failure matters only if there is none at all.
    fn grow(this: &Arc<Self>, state: &mut State<J>) -> Result<(), Reason> {
        if state.threads >= this.settings.max_threads {
            return if state.threads > 0 { Ok(()) } else { Err(Reason::NoThread(no_threads_allowed())) };
        }
        let queue = this.clone();
        match this.starter.start(Box::new(move || Self::work(&queue))) {
            Ok(()) => {
                state.threads += 1;
                state.coming += 1;
                Ok(())
            }
            Err(error) => {
                state.start_failed = true;
                // The threads that exist get to the job, and the next push tries again.
                if state.threads > 0 { Ok(()) } else { Err(Reason::NoThread(error)) }
            }
        }
    }

    /// Gives the search on before a job is run, which may take for ever: sees to it that what is still queued has a thread.
    fn hand_on(this: &Arc<Self>, state: &mut State<J>) -> Option<Arc<Seat>> {
        let ready = state.lanes.ready();
        if ready == 0 || !state.needs_thread(ready) {
            return None;
        }
        let claimed = state.claim();
        if claimed.is_none() && !state.start_failed {
            // There is a thread, this one, so a failure is no loss.
            let _ = Self::grow(this, state);
        }
        claimed
    }

    /// The life of one thread.
    fn work(this: &Arc<Self>) {
        let seat = Seat::new();
        let mut spinner = Spinner::new(this.settings.spin);
        let mut watch = Stopwatch::new();
        let mut state = this.lock();
        state.coming -= 1;
        loop {
            if let Some((taken, job)) = state.take() {
                let claimed = Self::hand_on(this, &mut state);
                drop(state);
                if let Some(seat) = claimed {
                    seat.wake.notify_one();
                }
                watch.start();
                // A panic that gets here is not the job's own, which its task caught; it must not cost a thread either.
                contain(|| job.run());
                state = this.lock();
                state.finish(taken);
                let is_last = state.lanes.ready() == 0;
                watch.stop(&mut state.pace, is_last);
            } else if !state.open {
                break;
            } else {
                if !state.searching && spinner.wants() {
                    state = this.search(state, &mut spinner);
                    if !state.open || state.lanes.ready() > 0 {
                        continue;
                    }
                }
                let stays;
                (state, stays) = this.idle(state, &seat, &mut spinner);
                if !stays {
                    break;
                }
            }
        }
        // Still the hold of the lock in which the queue was seen empty.
        state.threads -= 1;
    }

    /// Spins. The caller looks at the queue under the hold of the lock that it is given back.
    fn search<'a>(&'a self, mut state: MutexGuard<'a, State<J>>, spinner: &mut Spinner) -> MutexGuard<'a, State<J>> {
        state.searching = true;
        self.hint.clear();
        drop(state);
        spinner.spin(&self.hint);
        state = self.lock();
        state.searching = false;
        state
    }

    /// Waits for a claim or, as the lookout, for a job that waits too long.
    ///
    /// False if there was nothing to do for so long that the thread leaves; its seat is gone, then.
    fn idle<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<J>>,
        seat: &Arc<Seat>,
        spinner: &mut Spinner,
    ) -> (MutexGuard<'a, State<J>>, bool) {
        let mut on_duty = state.sit(seat);
        let since = now();
        loop {
            let left = self.settings.keep_alive.saturating_sub(now().saturating_duration_since(since));
            state = self.sleep(state, seat, if on_duty { left.min(TICK) } else { left });
            if seat.is_claimed() {
                state.coming -= 1;
                spinner.woken_after(now().saturating_duration_since(since));
                return (state, true);
            }
            if on_duty {
                match state.tick() {
                    Tick::Stay => {}
                    Tick::Work => {
                        state.stand_up(seat);
                        return (state, true);
                    }
                    Tick::Retire => on_duty = false,
                }
            }
            if now().saturating_duration_since(since) >= self.settings.keep_alive {
                state.stand_up(seat);
                // What was left to the busy threads while this one was the lookout is not left behind.
                let stays = state.lanes.ready() > 0;
                return (state, stays);
            }
        }
    }

    #[cfg(not(tenter_loom))]
    fn sleep<'a>(
        &'a self,
        state: MutexGuard<'a, State<J>>,
        seat: &Seat,
        timeout: Duration,
    ) -> MutexGuard<'a, State<J>> {
        seat.wake.wait_timeout(state, timeout).unwrap_or_else(sync::PoisonError::into_inner).0
    }

    /// loom knows no time: a wait of zero ends at any moment, any other only when notified.
    #[cfg(tenter_loom)]
    fn sleep<'a>(
        &'a self,
        state: MutexGuard<'a, State<J>>,
        seat: &Seat,
        timeout: Duration,
    ) -> MutexGuard<'a, State<J>> {
        if timeout.is_zero() {
            drop(state);
            tenter_core::sync::thread::yield_now();
            return self.lock();
        }
        seat.wake.wait(state).unwrap_or_else(sync::PoisonError::into_inner)
    }

    /// Closes the queue, drops the jobs in it and tells idle threads to leave; waits for nobody.
    pub fn shutdown(&self) {
        let mut state = self.lock();
        state.open = false;
        let jobs = state.lanes.drain();
        let idle: Vec<_> = std::iter::from_fn(|| state.claim()).collect();
        self.hint.set();
        drop(state);
        for seat in idle {
            seat.wake.notify_one();
        }
        drop(jobs);
    }

    /// Threads that were started and have not left.
    pub fn threads(&self) -> usize {
        self.lock().threads
    }

    /// Threads that wait for work.
    pub fn idle_threads(&self) -> usize {
        self.lock().idle_threads()
    }

    /// Jobs that no thread has taken yet.
    pub fn queued(&self) -> usize {
        self.lock().lanes.len()
    }

    /// Whether a thread is on duty as the lookout.
    pub fn has_lookout(&self) -> bool {
        self.lock().has_lookout()
    }

    /// How often lookouts have looked.
    pub fn lookout_ticks(&self) -> u64 {
        self.lock().ages.ticks()
    }

    /// Poison says nothing here: no code of others runs under the lock but a thread start, and the state
    /// is whole when it is called.
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(sync::PoisonError::into_inner)
    }
}

impl<J, S> fmt::Debug for Queue<J, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn no_threads_allowed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "max_threads is 0, set it to 1 or more")
}
