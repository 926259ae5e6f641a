//! Loom models of the pool's queue: pushes against threads that leave, fail to start, or are shut down.
#![cfg(tenter_loom)]

use std::io;
use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering};
use std::sync::{Arc as StdArc, Mutex as StdMutex};
use std::time::Duration;

use loom::thread::{self, JoinHandle};
use tenter_blocking::queue::{Job, Queue};
use tenter_blocking::threads::{Body, Start};

fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

/// loom's threads, a limited number of them. What only counts is not modelled, to keep the models small.
#[derive(Clone)]
struct Threads {
    left: StdArc<StdAtomicUsize>,
    started: StdArc<StdMutex<Vec<JoinHandle<()>>>>,
}

impl Threads {
    fn new(limit: usize) -> Self {
        Self { left: StdArc::new(StdAtomicUsize::new(limit)), started: StdArc::default() }
    }

    /// Waits until every thread has left.
    fn join(&self) {
        loop {
            let thread = self.started.lock().unwrap().pop();
            let Some(thread) = thread else { return };
            thread.join().unwrap();
        }
    }
}

impl Start for Threads {
    fn start(&self, body: Body) -> io::Result<()> {
        if self.left.load(Ordering::SeqCst) == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.left.fetch_sub(1, Ordering::SeqCst);
        self.started.lock().unwrap().push(thread::spawn(body));
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Counts {
    run: StdArc<StdAtomicUsize>,
    dropped: StdArc<StdAtomicUsize>,
}

impl Counts {
    fn job(&self) -> Counted {
        Counted { counts: self.clone(), has_run: false }
    }

    fn run(&self) -> usize {
        self.run.load(Ordering::SeqCst)
    }

    fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }
}

struct Counted {
    counts: Counts,
    has_run: bool,
}

impl Job for Counted {
    fn run(mut self) {
        self.has_run = true;
        self.counts.run.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if !self.has_run {
            self.counts.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The wait of an idle thread may end at any moment, also in the midst of a claim.
#[test]
fn a_job_pushed_while_the_idle_thread_leaves_must_run() {
    model(|| {
        let (threads, counts) = (Threads::new(3), Counts::default());
        let queue = Queue::new(1, Duration::ZERO, threads.clone());
        for _ in 0..2 {
            assert!(Queue::push(&queue, counts.job()).is_ok());
        }
        threads.join();
        assert_eq!((counts.run(), queue.queued(), queue.threads(), queue.idle_threads()), (2, 0, 0, 0));
    });
}

#[test]
fn jobs_pushed_by_two_threads_while_idle_ones_leave_must_run() {
    model(|| {
        let (threads, counts) = (Threads::new(2), Counts::default());
        let queue = Queue::new(2, Duration::ZERO, threads.clone());
        let pusher = {
            let (queue, counts) = (queue.clone(), counts.clone());
            thread::spawn(move || usize::from(Queue::push(&queue, counts.job()).is_ok()))
        };
        let accepted = usize::from(Queue::push(&queue, counts.job()).is_ok()) + pusher.join().unwrap();
        threads.join();
        assert_eq!((accepted, counts.run(), queue.queued(), queue.threads()), (2, 2, 0, 0));
    });
}

/// Of the starts only the first succeeds, and its thread may have left when the next job comes.
#[test]
fn an_accepted_job_must_run_though_thread_starts_fail() {
    model(|| {
        let (threads, counts) = (Threads::new(1), Counts::default());
        let queue = Queue::new(4, Duration::ZERO, threads.clone());
        let pusher = {
            let (queue, counts) = (queue.clone(), counts.clone());
            thread::spawn(move || usize::from(Queue::push(&queue, counts.job()).is_ok()))
        };
        let here = (0..2).filter(|_| Queue::push(&queue, counts.job()).is_ok()).count();
        let accepted = here + pusher.join().unwrap();
        threads.join();
        assert!(accepted >= 1);
        assert_eq!((counts.run(), counts.dropped(), queue.queued()), (accepted, 3 - accepted, 0));
    });
}

/// Threads that wait for ever: a claim without a wake-up would be a deadlock.
#[test]
fn a_waiting_thread_must_be_woken_by_job_and_shutdown() {
    model(|| {
        let (threads, counts) = (Threads::new(2), Counts::default());
        let queue = Queue::new(2, Duration::MAX, threads.clone());
        for _ in 0..2 {
            assert!(Queue::push(&queue, counts.job()).is_ok());
        }
        queue.shutdown();
        threads.join();
        assert_eq!((counts.run() + counts.dropped(), queue.queued(), queue.threads()), (2, 0, 0));
    });
}

#[test]
fn a_job_pushed_during_shutdown_runs_or_is_dropped() {
    model(|| {
        let (threads, counts) = (Threads::new(2), Counts::default());
        let queue = Queue::new(2, Duration::MAX, threads.clone());
        let pusher = {
            let (queue, counts) = (queue.clone(), counts.clone());
            thread::spawn(move || {
                for _ in 0..2 {
                    drop(Queue::push(&queue, counts.job()));
                }
            })
        };
        queue.shutdown();
        pusher.join().unwrap();
        threads.join();
        assert_eq!((counts.run() + counts.dropped(), queue.queued(), queue.threads()), (2, 0, 0));
    });
}
