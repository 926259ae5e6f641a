//! Models of driving: whoever registers something finds a thread that drives, or one that sleeps elsewhere hears of it. Loom
//! reports a deadlock if an event is left in the reactor.
#![cfg(tenter_loom)]

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};
use loom::sync::atomic::{Ordering::Release, Ordering::SeqCst, fence};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use tenter_scheduler::idle::Idle;
use tenter_scheduler::parker::Parker;

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// What a reactor has for its waiting thread.
#[derive(Default)]
struct Pending {
    event: bool,
    woken: bool,
}

/// A runtime with one worker, seat 0, and `block_on`'s thread, seat 1.
struct World {
    idle: Idle,
    parkers: [Parker; 2],
    started: AtomicUsize,
    /// As `Driver::source_count`.
    needed: AtomicUsize,
    /// As `Driver::seated`.
    seated: AtomicBool,
    reactor: Mutex<Pending>,
    changed: Condvar,
    over: AtomicBool,
}

impl World {
    fn new(started: usize) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(2),
            parkers: [Parker::new(), Parker::new()],
            started: AtomicUsize::new(started),
            needed: AtomicUsize::new(0),
            seated: AtomicBool::new(false),
            reactor: Mutex::default(),
            changed: Condvar::new(),
            over: AtomicBool::new(false),
        })
    }

    fn is_needed(&self) -> bool {
        self.needed.load(Relaxed) > 0
    }

    /// As `Slot::unpark`.
    fn unpark(&self, seat: usize) {
        self.parkers[seat].unpark(|| {
            self.reactor.lock().unwrap().woken = true;
            self.changed.notify_one();
        });
    }

    /// As `Slot::cover`; `workers` as the slot's.
    fn cover(&self, workers: usize) {
        fence(SeqCst);
        if !self.is_needed() || self.seated.load(Relaxed) {
            return;
        }
        if let Some(worker) = self.idle.choose() {
            self.unpark(worker);
        } else if workers == 0 {
            self.unpark(1);
        }
    }

    /// Registers a source that is ready at once.
    fn register(&self) {
        self.reactor.lock().unwrap().event = true;
        self.changed.notify_one();
        self.needed.fetch_add(1, Relaxed);
    }

    /// As `Park::drive` of a thread that then handles the event, which ends the model.
    fn drive(&self, enter: impl FnOnce() -> bool, wait: bool) -> bool {
        if self.seated.load(Relaxed) || self.seated.compare_exchange(false, true, Acquire, Relaxed).is_err() {
            return false;
        }
        if enter() {
            let mut pending = self.reactor.lock().unwrap();
            while wait && !pending.event && !pending.woken {
                pending = self.changed.wait(pending).unwrap();
            }
            pending.woken = false;
            if std::mem::take(&mut pending.event) {
                self.over.store(true, SeqCst);
            }
        }
        self.seated.store(false, Release);
        true
    }

    /// As `Worker::sleep_once`.
    fn sleep_once(&self, seat: usize, drive: bool) {
        let mut began = false;
        let begin = || {
            began = self.parkers[seat].begin_drive();
            began
        };
        if drive && self.drive(begin, true) {
            if began {
                self.parkers[seat].end_drive();
            }
        } else {
            self.parkers[seat].park(None);
        }
    }

    fn is_over(&self) -> bool {
        self.over.load(SeqCst)
    }

    /// As `Worker::park`, until the event was handled; `looks`: after a turn that does not wait, as one that spins takes.
    fn work(&self, looks: bool) {
        if looks {
            self.drive(|| true, false);
        }
        while !self.is_over() {
            self.idle.park(0, false);
            // As `Worker::is_driver_needed`; the fence is that of `Idle::park`.
            self.sleep_once(0, self.is_needed());
            let _ = self.idle.unpark(0);
        }
    }

    /// As `Worker::rest_as_root` on a runtime without workers.
    fn root(&self, fenced: bool) {
        self.drive(|| true, false);
        while !self.is_over() {
            if fenced {
                fence(SeqCst);
            }
            self.sleep_once(1, self.is_needed());
        }
    }

    /// As `Worker::rest_as_root`, after what its future has registered, on a runtime with a worker.
    fn root_beside_worker(&self, fenced: bool) {
        self.register();
        while !self.is_over() {
            // As `Worker::pass_driving_on`.
            if fenced {
                fence(SeqCst);
            }
            if self.started.load(Relaxed) > 0 {
                self.cover(1);
            }
            // As `Worker::may_drive` and `Worker::is_driver_needed`.
            let drive = self.started.load(Relaxed) == 0;
            fence(SeqCst);
            self.sleep_once(1, drive && self.is_needed());
        }
        // The end of its `block_on` would leave the driver to the worker; here it ends the model.
        self.unpark(0);
    }
}

#[test]
fn what_is_registered_must_not_be_left_to_a_worker_that_sleeps_elsewhere() {
    check(|| {
        let world = World::new(1);
        let worker = world.clone();
        let worker = thread::spawn(move || worker.work(true));
        world.register();
        world.cover(1);
        worker.join().unwrap();
    });
}

fn foreign_beside_root(fenced: bool) {
    check(move || {
        let world = World::new(0);
        let root = world.clone();
        let root = thread::spawn(move || root.root(fenced));
        world.register();
        world.cover(0);
        root.join().unwrap();
    });
}

/// It was seen in the driver, which it had left, and did not see what came.
#[test]
fn what_is_registered_must_not_be_left_to_a_block_on_that_has_left_the_driver() {
    foreign_beside_root(true);
}

#[test]
#[should_panic(expected = "deadlock")]
fn without_its_fence_it_would_be() {
    foreign_beside_root(false);
}

fn worker_starts_beside_root(fenced: bool) {
    check(move || {
        let world = World::new(0);
        let other = world.clone();
        // Some other thread starts a worker.
        let worker = thread::spawn(move || {
            other.started.fetch_add(1, AcqRel);
            // A look would tell this thread what the other one sees, by the reactor's lock.
            other.work(false);
            other.unpark(1);
        });
        world.root_beside_worker(fenced);
        worker.join().unwrap();
    });
}

/// It has seen no worker, so it tells none; then it sees one, and so does not drive.
#[test]
fn block_on_must_not_leave_what_it_registered_to_a_worker_that_starts() {
    worker_starts_beside_root(true);
}

#[test]
#[should_panic(expected = "deadlock")]
fn without_its_fence_it_would_leave_it() {
    worker_starts_beside_root(false);
}
