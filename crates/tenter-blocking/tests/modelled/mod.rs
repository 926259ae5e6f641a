//! What the loom models share.
#![allow(dead_code, reason = "each model binary uses a part")]

use std::io;
use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering};
use std::sync::{Arc as StdArc, Mutex as StdMutex};
use std::time::Duration;

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread::{self, JoinHandle};
use tenter_blocking::Spin;
use tenter_blocking::queue::{Job, Limits, Settings};
use tenter_blocking::threads::{Body, Start};

/// For a queue of so many threads, of whose jobs nothing is known.
pub(crate) fn settings(max_threads: usize, keep_alive: Duration) -> Settings {
    let limits = Limits::new(max_threads, [None; 3]);
    Settings { max_threads, limits, keep_alive, spin: Spin::Never, mean_time: None }
}

pub(crate) fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

/// loom's threads, a limited number of them. What only counts is not modelled, to keep the models small.
#[derive(Clone)]
pub(crate) struct Threads {
    left: StdArc<StdAtomicUsize>,
    started: StdArc<StdMutex<Vec<JoinHandle<()>>>>,
}

impl Threads {
    pub(crate) fn new(limit: usize) -> Self {
        Self { left: StdArc::new(StdAtomicUsize::new(limit)), started: StdArc::default() }
    }

    /// Waits until every thread has left.
    pub(crate) fn join(&self) {
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
pub(crate) struct Counts {
    run: StdArc<StdAtomicUsize>,
    dropped: StdArc<StdAtomicUsize>,
}

impl Counts {
    pub(crate) fn job(&self) -> Counted {
        Counted { counts: self.clone(), has_run: false }
    }

    pub(crate) fn run(&self) -> usize {
        self.run.load(Ordering::SeqCst)
    }

    pub(crate) fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }
}

pub(crate) struct Counted {
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

/// What one thread waits for and another reaches.
#[derive(Clone)]
pub(crate) struct Milestone(Arc<(Mutex<usize>, Condvar)>);

impl Milestone {
    pub(crate) fn new() -> Self {
        Self(Arc::new((Mutex::new(0), Condvar::new())))
    }

    pub(crate) fn reach(&self) {
        *self.0.0.lock().unwrap() += 1;
        self.0.1.notify_all();
    }

    /// Waits until it was reached so often; if that never happens, the model is a deadlock.
    pub(crate) fn wait(&self, times: usize) {
        let mut reached = self.0.0.lock().unwrap();
        while *reached < times {
            reached = self.0.1.wait(reached).unwrap();
        }
    }
}

/// A job that waits for milestones and then reaches one.
pub(crate) struct Step {
    pub(crate) after: Option<Milestone>,
    pub(crate) then: Milestone,
}

impl Job for Step {
    fn run(self) {
        if let Some(after) = self.after {
            after.wait(1);
        }
        self.then.reach();
    }
}
