//! The queue of jobs and the life of the threads that run them.
//!
//! Everything is guarded by one lock, and what must hold together changes under one hold of it:
//!
//! - **A queued job has a thread.** `jobs` is not empty only while `threads > 0`. `push` adds a job after
//!   it has seen or started a thread; a thread leaves (`threads -= 1`) in the same hold of the lock in which
//!   it saw `jobs` empty. A start happens under the lock as well, so that a failed one is known before
//!   the job is queued: it is handed back, or left to the threads that exist.
//! - **A claimed thread looks at the queue.** `push` claims an idle thread by taking its seat off the stack.
//!   A thread whose wait times out leaves only if its seat was still there; else it was claimed a moment
//!   before, and works.
//! - **No thread is woken or started for a job that has one on its way.** `coming` counts the threads that
//!   were claimed or started and have not looked at the queue since. If it exceeds the jobs that are
//!   queued, because a busy thread took one in passing, then the next job needs no further thread.
//!
//! Jobs run and are dropped without the lock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};
use std::{fmt, io, sync};

use tenter_core::sync::atomic::{AtomicBool, Ordering};
use tenter_core::sync::{Arc, Condvar, Mutex, MutexGuard};

pub use crate::error::Reason;
use crate::threads::{Start, contain};

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

/// Where one thread waits for work.
struct Seat {
    wake: Condvar,
    /// Set by [`State::claim`], cleared by the seat's own thread before it goes idle; both under the lock,
    /// which orders them.
    claimed: AtomicBool,
}

impl Seat {
    fn new() -> Arc<Self> {
        Arc::new(Self { wake: Condvar::new(), claimed: AtomicBool::new(false) })
    }

    fn is_claimed(&self) -> bool {
        self.claimed.load(Ordering::Relaxed)
    }

    fn set_claimed(&self, claimed: bool) {
        self.claimed.store(claimed, Ordering::Relaxed);
    }
}

struct State<J> {
    jobs: VecDeque<J>,
    /// The waiting threads, the one that came last on top: its caches are the warmest, and the ones at
    /// the bottom get to leave.
    idle: Vec<Arc<Seat>>,
    /// Threads that were started and have not left.
    threads: usize,
    /// Threads that were claimed or started and have not looked at `jobs` since; at most `threads`.
    coming: usize,
    /// Cleared once, by `shutdown`.
    open: bool,
}

impl<J> State<J> {
    /// Takes the last idle thread off the stack; the caller notifies it, best without the lock.
    fn claim(&mut self) -> Option<Arc<Seat>> {
        let seat = self.idle.pop()?;
        seat.set_claimed(true);
        self.coming += 1;
        Some(seat)
    }

    /// Whether one more job would have no thread on its way.
    fn needs_thread(&self) -> bool {
        self.jobs.len() >= self.coming
    }
}

/// The queue, and what its threads share.
pub struct Queue<J, S> {
    max_threads: usize,
    keep_alive: Duration,
    starter: S,
    state: Mutex<State<J>>,
}

impl<J: Job, S: Start> Queue<J, S> {
    /// An open queue without threads.
    pub fn new(max_threads: usize, keep_alive: Duration, starter: S) -> Arc<Self> {
        let state = State { jobs: VecDeque::new(), idle: Vec::new(), threads: 0, coming: 0, open: true };
        Arc::new(Self { max_threads, keep_alive, starter, state: Mutex::new(state) })
    }

    /// Queues a job, and wakes or starts a thread if none is on its way.
    ///
    /// # Errors
    /// Gives the job back if the queue is closed, or if there is no thread and none can be started.
    pub fn push(this: &Arc<Self>, job: J) -> Result<(), Refused<J>> {
        let mut state = this.lock();
        if !state.open {
            return Err(Refused { job, reason: Reason::Closed });
        }
        let mut claimed = None;
        if state.needs_thread() {
            claimed = state.claim();
            if claimed.is_none() {
                if let Err(reason) = Self::grow(this, &mut state) {
                    return Err(Refused { job, reason });
                }
            }
        }
        state.jobs.push_back(job);
        drop(state);
        if let Some(seat) = claimed {
            seat.wake.notify_one();
        }
        Ok(())
    }

    /// Starts a thread if there may be another; its failure matters only if there is none at all.
    fn grow(this: &Arc<Self>, state: &mut State<J>) -> Result<(), Reason> {
        if state.threads >= this.max_threads {
            return if state.threads > 0 { Ok(()) } else { Err(Reason::NoThread(no_threads_allowed())) };
        }
        let queue = this.clone();
        match this.starter.start(Box::new(move || queue.work())) {
            Ok(()) => {
                state.threads += 1;
                state.coming += 1;
                Ok(())
            }
            // The threads that exist get to the job, and the next push tries again.
            Err(_) if state.threads > 0 => Ok(()),
            Err(error) => Err(Reason::NoThread(error)),
        }
    }

    /// The life of one thread.
    fn work(&self) {
        let seat = Seat::new();
        let mut state = self.lock();
        state.coming -= 1;
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                // A panic that gets here is not the job's own, which its task caught; it must not cost a thread either.
                contain(|| job.run());
                state = self.lock();
            } else if state.open {
                let claimed;
                (state, claimed) = self.idle(state, &seat);
                if !claimed {
                    break;
                }
                state.coming -= 1;
            } else {
                break;
            }
        }
        // Still the hold of the lock in which the queue was empty.
        state.threads -= 1;
    }

    /// Waits for a claim; false if none came in time, and the seat is off the stack.
    ///
    /// This is the place to spin before sleeping.
    fn idle<'a>(&'a self, mut state: MutexGuard<'a, State<J>>, seat: &Arc<Seat>) -> (MutexGuard<'a, State<J>>, bool) {
        seat.set_claimed(false);
        state.idle.push(seat.clone());
        let since = Instant::now();
        let mut left = self.keep_alive;
        loop {
            state = self.sleep(state, seat, left);
            if seat.is_claimed() {
                return (state, true);
            }
            left = self.keep_alive.saturating_sub(since.elapsed());
            if left.is_zero() {
                state.idle.retain(|other| !Arc::ptr_eq(other, seat));
                return (state, false);
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
            return self.lock();
        }
        seat.wake.wait(state).unwrap_or_else(sync::PoisonError::into_inner)
    }

    /// Closes the queue, drops the jobs in it and tells idle threads to leave; waits for nobody.
    pub fn shutdown(&self) {
        let mut state = self.lock();
        state.open = false;
        let jobs = std::mem::take(&mut state.jobs);
        let idle: Vec<_> = std::iter::from_fn(|| state.claim()).collect();
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
        self.lock().idle.len()
    }

    /// Jobs that no thread has taken yet.
    pub fn queued(&self) -> usize {
        self.lock().jobs.len()
    }

    /// Poison says nothing here: no code of others runs under the lock but a thread start, and the state
    /// is whole when it is called.
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(sync::PoisonError::into_inner)
    }
}

impl<J, S> fmt::Debug for Queue<J, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("max_threads", &self.max_threads)
            .field("keep_alive", &self.keep_alive)
            .finish_non_exhaustive()
    }
}

fn no_threads_allowed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "max_threads is 0, set it to 1 or more")
}
