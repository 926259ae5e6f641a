//! What the tests share.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use tenter_blocking::queue::{Job, Limits, Settings};
use tenter_blocking::threads::{Body, Start};
use tenter_blocking::{Pool, PoolConfig, Spin};
use tenter_task::Task;

/// Far beyond what a test needs: a hang ends as a failure.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Waits for what other threads bring about.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut reached: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !reached() {
        assert!(Instant::now() < end, "not reached in time: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The output of a task, from a thread of its own, so that a lost job fails the test instead of holding it up.
#[track_caller]
pub(crate) fn output<T: Send + 'static>(task: Task<T>) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(futures_lite::future::block_on(task.fallible())));
    receiver.recv_timeout(LONG).expect("the task neither ended nor was cancelled")
}

/// A job that has started and goes on until it is let go.
pub(crate) struct Held {
    pub(crate) task: Task<()>,
    go: mpsc::Sender<()>,
}

impl Held {
    /// Spawns it and waits until it runs.
    pub(crate) fn start(pool: &Pool) -> Self {
        let (go, stay) = mpsc::channel();
        let (started, has_started) = mpsc::channel();
        let task = pool.spawn(move || {
            started.send(()).unwrap();
            // Ends as well when the sender is dropped.
            let _ = stay.recv_timeout(LONG);
        });
        has_started.recv_timeout(LONG).expect("the job must start");
        Self { task, go }
    }

    /// Lets it end.
    pub(crate) fn let_go(self) -> Task<()> {
        self.go.send(()).unwrap();
        self.task
    }
}

/// Starts as many threads as there are permits; beyond them it fails as the system does at its limit.
#[derive(Clone, Default)]
pub(crate) struct Limited {
    permits: Arc<AtomicIsize>,
    refused: Arc<AtomicIsize>,
}

impl Limited {
    pub(crate) fn new(permits: isize) -> Self {
        let limited = Self::default();
        limited.allow(permits);
        limited
    }

    pub(crate) fn allow(&self, more: isize) {
        self.permits.fetch_add(more, Ordering::SeqCst);
    }

    /// How many starts failed.
    pub(crate) fn refused(&self) -> isize {
        self.refused.load(Ordering::SeqCst)
    }

    pub(crate) fn pool(&self) -> Pool {
        Pool::with_starter(PoolConfig::new(), self.clone())
    }
}

impl Start for Limited {
    fn start(&self, body: Body) -> io::Result<()> {
        if self.permits.fetch_sub(1, Ordering::SeqCst) > 0 {
            return std::thread::Builder::new().spawn(body).map(drop);
        }
        self.permits.fetch_add(1, Ordering::SeqCst);
        self.refused.fetch_add(1, Ordering::SeqCst);
        Err(io::Error::new(io::ErrorKind::WouldBlock, "no more threads"))
    }
}

/// A job that, unlike a task, lets its panic through.
pub(crate) struct Raw(pub(crate) Box<dyn FnOnce() + Send>);

impl Job for Raw {
    fn run(self) {
        (self.0)();
    }
}

/// Keeps the threads it is asked for from running until the test runs them.
#[derive(Clone, Default)]
pub(crate) struct Withheld(Arc<Mutex<VecDeque<Body>>>);

impl Withheld {
    /// How many it was asked for and has not let run.
    pub(crate) fn waiting(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn release(&self) {
        std::thread::spawn(self.0.lock().unwrap().pop_front().expect("a thread was started"));
    }
}

impl Start for Withheld {
    fn start(&self, body: Body) -> io::Result<()> {
        self.0.lock().unwrap().push_back(body);
        Ok(())
    }
}

/// For a queue of so many threads that stay.
pub(crate) fn settings(max_threads: usize) -> Settings {
    let limits = Limits::new(max_threads, [None; 3]);
    Settings { max_threads, limits, keep_alive: LONG, spin: Spin::Never, mean_time: None }
}
