//! What an executor and its tasks share.
//!
//! # Sleeping
//!
//! A runner (`tick` or `run`) that finds the queue empty joins a [`WaitList`]; whoever queues a task notifies one
//! waiter beyond those notified already. The list's own page proves that no wake is lost, also if a runner is dropped
//! between its notification and its next poll: the notification goes to the next in line.
//!
//! # Dropping
//!
//! When the executor is dropped, every future must be gone before the call returns, for it may borrow what goes next.
//! A future leaves only when its [`Runnable`] is dropped (or run, but nobody runs any more). Each live task has exactly
//! one way there:
//!
//! - it is idle: the drop wakes it, which queues its runnable;
//! - it is queued: the drop pops it;
//! - it is *in transit*: another thread has marked it as scheduled, and is about to push it. Waking it again does
//!   nothing, so the drop sleeps until the push.
//!
//! The handshake of the last case:
//!
//! ```text
//! foreign wake                         drop
//! ------------                         ----
//! 1. push                              1. draining = true
//! 2. fence(SeqCst)                     2. fence(SeqCst)
//! 3. read draining; if set:            3. pop all; done if no task lives
//! 4. lock, unlock, signal              4. lock; if the queue is empty, sleep until signalled; go to 3
//! ```
//!
//! The fences have an order. If the drop's is second, its step 3 finds the push. Else the wake reads `draining` as
//! set; its step 4 comes before the drop's (whose look at the queue then sees the push) or after it has gone to sleep
//! (and ends that sleep).
//!
//! The push hands the task to others, who may run it to its end and drop the executor before step 2. What the steps
//! after the push touch is kept alive by the [`Arc`] in the task's schedule closure, and that by async-task: for a
//! closure that captures something it holds a reference on the task for the duration of the call (4.7.1, `wake` and
//! `schedule` in `raw.rs`).

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::ptr;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Relaxed, SeqCst},
    fence,
};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use concurrent_queue::ConcurrentQueue;
use tenter_core::wait_list::{WaitList, Waiter};
use tenter_task::{Runnable, TaskId, Tracker};

use crate::registry::{Key, Registry};

/// After how many tasks in a row `run` lets its caller go on, so that the future it was given, and whatever else the
/// caller polls, gets its turn. As many small polls as cost about one wake of a sleeping thread (10–15 µs).
pub(super) const TICKS_PER_TURN: usize = 200;

pub(super) struct State {
    queue: ConcurrentQueue<Runnable>,
    /// One shard, so that its emptiness is exact.
    pub(super) tasks: Registry<Waker>,
    sleepers: WaitList,
    /// Set once, by the executor's drop, before it looks for tasks; never cleared. Excludes running and spawning,
    /// which borrow the executor.
    draining: AtomicBool,
    /// Where the drop waits for tasks in transit; see the module's page.
    drain: (Mutex<()>, Condvar),
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            queue: ConcurrentQueue::unbounded(),
            tasks: Registry::new(1),
            sleepers: WaitList::new(),
            draining: AtomicBool::new(false),
            drain: (Mutex::new(()), Condvar::new()),
        }
    }

    /// Queues a runnable and sees to it that a runner, or the executor's drop, takes it.
    pub(super) fn schedule(&self, runnable: Runnable) {
        if self.queue.push(runnable).is_err() {
            unreachable!("the queue is unbounded and never closed");
        }
        fence(SeqCst);
        if self.draining.load(Relaxed) {
            return self.wake_drain();
        }
        // The fence above is the one that the list's protocol asks of a notifier.
        if self.sleepers.waiting() != 0 {
            self.sleepers.notify_one();
        }
    }

    /// Runs one task if one is queued.
    pub(super) fn try_tick(&self) -> bool {
        let Some(runnable) = self.pop() else { return false };
        self.poll_task(runnable);
        true
    }

    /// Runs one task, once one is queued.
    pub(super) async fn tick(&self) {
        let runnable = self.sleepers.wait_until(|| self.pop()).await;
        self.poll_task(runnable);
    }

    /// Runs tasks until the future ends.
    pub(super) async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut waiter = Waiter::new(&self.sleepers);
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            for _ in 0..TICKS_PER_TURN {
                match waiter.poll_until(cx, || self.pop()) {
                    Poll::Ready(runnable) => self.poll_task(runnable),
                    Poll::Pending => return Poll::Pending,
                }
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }

    /// Drops the future of every task, as the last thing an executor does.
    pub(super) fn drop_tasks(&self) {
        self.draining.store(true, Relaxed);
        fence(SeqCst);
        for waker in self.tasks.close() {
            waker.wake();
        }
        // Always 0, but for a thread-local executor whose task exits the process: the task is on this very stack, for
        // good, and to wait for its end would keep the process from exiting.
        let polled_here = Polling::count(self);
        loop {
            match self.pop() {
                // Panics of the future's drop are caught by its wrapper, those of the awaiter's waker abort: this loop
                // does not unwind.
                Some(runnable) => drop(runnable),
                None if self.tasks.len() <= polled_here => return,
                None => self.await_push(),
            }
        }
    }

    /// Removes a task whose future is gone.
    pub(super) fn forget_task(&self, key: Key) {
        let (waker, closed) = self.tasks.remove(key);
        drop(waker);
        if closed {
            self.wake_drain();
        }
    }

    fn pop(&self) -> Option<Runnable> {
        self.queue.pop().ok()
    }

    fn poll_task(&self, runnable: Runnable) {
        let polling = Polling { state: self, outer: POLLING.get() };
        POLLING.set(&raw const polling);
        runnable.run();
    }

    fn await_push(&self) {
        let guard = self.lock_drain();
        if self.queue.is_empty() {
            drop(self.drain.1.wait(guard).unwrap_or_else(PoisonError::into_inner));
        }
    }

    #[cold]
    fn wake_drain(&self) {
        drop(self.lock_drain());
        self.drain.1.notify_all();
    }

    fn lock_drain(&self) -> MutexGuard<'_, ()> {
        self.drain.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn fmt_as(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("tasks", &self.tasks.len())
            .field("queued", &self.queue.len())
            .field("sleepers", &self.sleepers.waiting())
            .finish()
    }
}

/// Tells the executor that a task's future is gone, by being dropped after it.
pub(super) struct Tracked {
    pub(super) state: Arc<State>,
    pub(super) key: Key,
}

impl Tracker for Tracked {
    fn id(&self) -> TaskId {
        TaskId::from_u64(self.key.id())
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.state.forget_task(self.key);
    }
}

/// A task that this thread polls, and those beneath it on the stack.
struct Polling {
    state: *const State,
    outer: *const Polling,
}

thread_local! {
    /// Points into [`State::poll_task`]'s frame; null outside.
    static POLLING: Cell<*const Polling> = const { Cell::new(ptr::null()) };
}

impl Polling {
    /// How many tasks of this executor are being polled on this thread, one inside the other.
    fn count(state: &State) -> usize {
        let mut count = 0;
        let mut next = POLLING.get();
        // SAFETY: each frame in the chain is further up this thread's stack; the first to go puts its outer one in the
        // thread-local's place as it does.
        while let Some(polling) = unsafe { next.as_ref() } {
            count += usize::from(ptr::eq(polling.state, state));
            next = polling.outer;
        }
        count
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        POLLING.set(self.outer);
    }
}
