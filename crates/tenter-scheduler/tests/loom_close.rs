//! Models of closing: with the real registry, a stub of a task's state and the drain of `Slot` in small. Every task
//! that was entered is dropped once, and everybody comes to an end.
#![cfg(tenter_loom)]

use std::sync::Arc;

use loom::sync::atomic::{
    AtomicBool, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst, fence,
};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use tenter_scheduler::parker::Parker;
use tenter_scheduler::registry::{Key, Registry};

fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// What async-task makes sure of: a wake makes one runnable unless there is one, and none after the end.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Idle,
    Scheduled,
    Running,
    RunningAndWoken,
}

struct Task {
    shard: usize,
    state: Mutex<State>,
    key: Mutex<Option<Key>>,
    world: std::sync::Weak<World>,
}

type Waker = Arc<Task>;

struct World {
    registry: Registry<Waker>,
    /// A place for each shard's one task. The flag is what others look at, without a lock.
    queue: [(AtomicBool, Mutex<Option<Waker>>); 2],
    closed: AtomicBool,
    drain: (Mutex<()>, Condvar),
    /// Of a `block_on` that goes on in the closed runtime.
    seat: Parker,
    entered: AtomicUsize,
    dropped: AtomicUsize,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            registry: Registry::new(2, 0),
            queue: [0, 1].map(|_| (AtomicBool::new(false), Mutex::new(None))),
            closed: AtomicBool::new(false),
            drain: (Mutex::new(()), Condvar::new()),
            seat: Parker::new(),
            entered: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
        })
    }

    /// As `Scheduler::spawn`.
    fn spawn(self: &Arc<Self>, shard: usize) {
        let world = Arc::downgrade(self);
        let entered = self.registry.insert(shard, |key| {
            let task = Arc::new(Task { shard, state: Mutex::new(State::Scheduled), key: Mutex::new(key), world });
            (task.clone(), task)
        });
        if let Ok(task) = entered {
            self.entered.fetch_add(1, SeqCst);
            self.push(task);
        }
    }

    /// As `Slot::inject`, on a runtime whose workers are all awake.
    fn push(&self, task: Waker) {
        let (queued, place) = &self.queue[task.shard];
        *place.lock().unwrap() = Some(task);
        queued.store(true, Release);
        fence(SeqCst);
        if self.closed.load(Relaxed) {
            self.wake_drainers();
            self.seat.unpark(|| {});
        }
    }

    fn pop(&self) -> Option<Waker> {
        let is_there = |queued: &AtomicBool| queued.compare_exchange(true, false, Acquire, Relaxed).is_ok();
        let (_, place) = self.queue.iter().find(|place| is_there(&place.0))?;
        place.lock().unwrap().take()
    }

    fn wake(self: &Arc<Self>, task: &Waker) {
        let mut state = task.state.lock().unwrap();
        match *state {
            State::Idle => {
                *state = State::Scheduled;
                drop(state);
                self.push(task.clone());
            }
            State::Running => *state = State::RunningAndWoken,
            State::Scheduled | State::RunningAndWoken => {}
        }
    }

    /// Polls once: pending.
    fn poll(&self, task: Waker) {
        *task.state.lock().unwrap() = State::Running;
        thread::yield_now();
        let mut state = task.state.lock().unwrap();
        let woken = std::mem::replace(&mut *state, State::Idle) == State::RunningAndWoken;
        if woken {
            *state = State::Scheduled;
            drop(state);
            self.push(task);
        }
    }

    /// Drops a runnable, and with it the task's future and its entry.
    fn drop_task(&self, task: &Waker) {
        let key = task.key.lock().unwrap().take().expect("a task is dropped once");
        self.dropped.fetch_add(1, SeqCst);
        if self.registry.remove(key).1 {
            self.wake_drainers();
        }
    }

    fn wake_drainers(&self) {
        drop(self.drain.0.lock().unwrap());
        self.drain.1.notify_all();
    }

    fn wake_tasks(self: &Arc<Self>) {
        for task in self.registry.close() {
            self.wake(&task);
        }
    }

    /// As `Slot::close`.
    fn close(self: &Arc<Self>) {
        if self.closed.swap(true, SeqCst) {
            return;
        }
        fence(SeqCst);
        self.wake_tasks();
        self.wake_drainers();
    }

    fn drop_queued(&self) {
        while let Some(task) = self.pop() {
            self.drop_task(&task);
        }
    }

    /// As `Slot::drain`.
    fn drain(&self) {
        loop {
            self.drop_queued();
            let guard = self.drain.0.lock().unwrap();
            if self.registry.is_empty() {
                return self.drain.1.notify_all();
            }
            fence(SeqCst);
            if !self.queue.iter().any(|place| place.0.load(Relaxed)) {
                drop(self.drain.1.wait(guard).unwrap());
            }
        }
    }

    /// As `worker::run`, for a worker that polls once before it looks whether the runtime was closed, and that leaves
    /// the queue to the closer.
    fn work(self: &Arc<Self>) {
        if let Some(task) = self.pop() {
            self.poll(task);
        }
        if self.closed.load(SeqCst) {
            self.wake_tasks();
        }
    }

    fn check(&self) {
        assert_eq!(self.dropped.load(SeqCst), self.entered.load(SeqCst));
        assert_eq!(self.registry.len(), 0);
    }
}

#[test]
fn a_task_that_is_polled_during_the_close_must_not_keep_the_drain_waiting() {
    check(3, || {
        let world = World::new();
        world.spawn(0);
        let worker = world.clone();
        let worker = thread::spawn(move || {
            worker.work();
            if worker.closed.load(SeqCst) {
                worker.drain();
            }
        });
        world.close();
        world.drain();
        worker.join().unwrap();
        world.check();
    });
}

#[test]
fn a_spawn_during_the_close_must_be_dropped_or_refused() {
    check(2, || {
        let world = World::new();
        let (spawner, worker) = (world.clone(), world.clone());
        let spawner = thread::spawn(move || spawner.spawn(1));
        let worker = thread::spawn(move || worker.work());
        world.spawn(0);
        world.close();
        world.drain();
        spawner.join().unwrap();
        worker.join().unwrap();
        world.check();
    });
}

#[test]
fn a_foreign_wake_during_the_close_must_reach_the_drain() {
    check(2, || {
        let world = World::new();
        world.spawn(0);
        let task = world.pop().unwrap();
        world.poll(task.clone());
        let foreign = thread::spawn(move || {
            if let Some(world) = task.world.upgrade() {
                world.wake(&task);
            }
        });
        world.close();
        let second = world.clone();
        let second = thread::spawn(move || second.drain());
        world.drain();
        second.join().unwrap();
        foreign.join().unwrap();
        world.check();
    });
}

/// As a `block_on` that goes on in the closed runtime does.
#[test]
fn a_task_dropped_by_someone_who_does_not_drain_must_end_the_drain() {
    check(3, || {
        let world = World::new();
        world.spawn(0);
        let helper = world.clone();
        let helper = thread::spawn(move || helper.drop_queued());
        world.close();
        world.drain();
        helper.join().unwrap();
        world.check();
    });
}

/// A `block_on` that waits for a task of the runtime that was closed beneath it, with nobody else to drain.
#[test]
fn a_foreign_wake_must_reach_a_block_on_that_goes_on_after_the_close() {
    check(3, || {
        let world = World::new();
        world.spawn(0);
        let task = world.pop().unwrap();
        world.poll(task.clone());
        let foreign = thread::spawn(move || {
            if let Some(world) = task.world.upgrade() {
                world.wake(&task);
            }
        });
        world.close();
        loop {
            world.drop_queued();
            if world.registry.is_empty() {
                break;
            }
            world.seat.park(None);
        }
        foreign.join().unwrap();
        world.check();
    });
}
