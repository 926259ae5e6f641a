//! Models of closing: with the real registry and tallies, a stub of a task's state and the drain of `Slot` in small. Every task
//! that was taken in is dropped once, and everybody comes to an end.
#![cfg(tenter_loom)]

use std::sync::Arc;

use loom::sync::atomic::{
    AtomicBool, AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
    Ordering::SeqCst, fence,
};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use tenter_scheduler::parker::Parker;
use tenter_scheduler::registry::{Key, Registry, TURN};
use tenter_scheduler::tally::{self, Tally};

fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// Who counts.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    /// A worker in its loop, with a tally of its own.
    Crew,
    /// Anyone else: with a fence.
    Outside,
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
    tally: Tally,
    outside: Tally,
    crew: AtomicUsize,
    /// A place for each shard's one task. The flag is what others look at, without a lock.
    queue: [(AtomicBool, Mutex<Option<Waker>>); 2],
    closed: AtomicBool,
    drain: (Mutex<()>, Condvar),
    /// Of a `block_on` that goes on in the closed runtime.
    seat: Parker,
    taken: AtomicUsize,
    dropped: AtomicUsize,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            registry: Registry::new(2),
            tally: Tally::new(),
            outside: Tally::new(),
            crew: AtomicUsize::new(0),
            queue: [0, 1].map(|_| (AtomicBool::new(false), Mutex::new(None))),
            closed: AtomicBool::new(false),
            drain: (Mutex::new(()), Condvar::new()),
            seat: Parker::new(),
            taken: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
        })
    }

    /// As `Scheduler::spawn`.
    fn spawn(self: &Arc<Self>, shard: usize, who: Who) {
        if self.closed.load(Relaxed) {
            return;
        }
        match who {
            Who::Crew => self.tally.take_alone(),
            Who::Outside => {
                self.outside.take();
                fence(SeqCst);
                if self.closed.load(Relaxed) {
                    return self.count_end(who);
                }
            }
        }
        self.taken.fetch_add(1, SeqCst);
        let key = Mutex::new(Some(Key::new(shard as u32 * TURN, 0)));
        let task = Arc::new(Task { shard, state: Mutex::new(State::Scheduled), key, world: Arc::downgrade(self) });
        match who {
            Who::Crew => self.push_quietly(task),
            Who::Outside => self.push(task),
        }
    }

    /// As `Slot::count_end`.
    fn count_end(&self, who: Who) {
        match who {
            Who::Crew => self.tally.end_alone(),
            Who::Outside => {
                self.outside.end();
                fence(SeqCst);
            }
        }
        if self.closed.load(Relaxed) {
            self.wake_drainers();
        }
    }

    /// As `Slot::is_drained`.
    fn is_drained(&self) -> bool {
        let alone = self.crew.load(Acquire) == 0;
        // loom would not come between the two by itself.
        thread::yield_now();
        alone && self.live() == 0
    }

    fn live(&self) -> usize {
        tally::live([&self.tally, &self.outside].into_iter())
    }

    /// As a push to a worker's own queues.
    fn push_quietly(&self, task: Waker) {
        let (queued, place) = &self.queue[task.shard];
        *place.lock().unwrap() = Some(task);
        queued.store(true, Release);
    }

    /// As `Slot::inject`, on a runtime whose workers are all awake.
    fn push(&self, task: Waker) {
        self.push_quietly(task);
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

    /// Polls once: pending. The first time the task is entered, as by `Slot::enter`.
    fn poll(&self, task: Waker) {
        *task.state.lock().unwrap() = State::Running;
        thread::yield_now();
        let mut key = task.key.lock().unwrap();
        if !key.unwrap().is_entered() {
            match self.registry.insert(key.unwrap(), |key| (task.clone(), key)) {
                Some(entered) => *key = Some(entered),
                None => *task.state.lock().unwrap() = State::RunningAndWoken,
            }
        }
        drop(key);
        let mut state = task.state.lock().unwrap();
        let woken = std::mem::replace(&mut *state, State::Idle) == State::RunningAndWoken;
        if woken {
            *state = State::Scheduled;
            drop(state);
            self.push(task);
        }
    }

    /// Drops a runnable, and with it the task's future and its entry.
    fn drop_task(&self, task: &Waker, who: Who) {
        let key = task.key.lock().unwrap().take().expect("a task is dropped once");
        self.dropped.fetch_add(1, SeqCst);
        if key.is_entered() {
            self.registry.remove(key);
        }
        self.count_end(who);
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
            self.drop_task(&task, Who::Outside);
        }
    }

    /// As `Slot::drain`.
    fn drain(&self) {
        loop {
            self.drop_queued();
            let guard = self.drain.0.lock().unwrap();
            if self.is_drained() {
                return self.drain.1.notify_all();
            }
            fence(SeqCst);
            if !self.queue.iter().any(|place| place.0.load(Relaxed)) {
                drop(self.drain.1.wait(guard).unwrap());
            }
        }
    }

    /// As `worker::run`, for a worker that acts once before it looks whether the runtime was closed, and that leaves
    /// the queue to the closer.
    fn work(self: &Arc<Self>, act: impl FnOnce(&Arc<Self>)) {
        self.crew.fetch_add(1, AcqRel);
        fence(SeqCst);
        if !self.closed.load(Relaxed) {
            act(self);
        }
        if self.closed.load(SeqCst) {
            self.wake_tasks();
        }
        self.crew.fetch_sub(1, AcqRel);
        self.wake_drainers();
    }

    fn poll_next(self: &Arc<Self>) {
        if let Some(task) = self.pop() {
            self.poll(task);
        }
    }

    fn check(&self) {
        assert_eq!(self.dropped.load(SeqCst), self.taken.load(SeqCst));
        assert_eq!((self.registry.len(), self.live()), (0, 0));
    }
}

#[test]
fn a_task_that_is_polled_during_the_close_must_not_keep_the_drain_waiting() {
    check(3, || {
        let world = World::new();
        world.spawn(0, Who::Outside);
        let worker = world.clone();
        let worker = thread::spawn(move || {
            worker.work(World::poll_next);
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

/// It waited before, and is entered: only the worker's own pass gives it a runnable once more.
#[test]
fn a_task_that_is_polled_again_during_the_close_must_not_keep_the_drain_waiting() {
    check(3, || {
        let world = World::new();
        world.spawn(0, Who::Outside);
        let task = world.pop().unwrap();
        world.poll(task.clone());
        world.wake(&task);
        let worker = world.clone();
        let worker = thread::spawn(move || worker.work(World::poll_next));
        world.close();
        world.drain();
        worker.join().unwrap();
        world.check();
    });
}

#[test]
fn a_worker_that_spawns_during_the_close_must_be_waited_for() {
    check(3, || {
        let world = World::new();
        let worker = world.clone();
        let worker = thread::spawn(move || worker.work(|world| world.spawn(1, Who::Crew)));
        world.close();
        world.drain();
        world.check();
        worker.join().unwrap();
    });
}

#[test]
fn a_task_that_ends_on_a_worker_during_the_close_must_end_the_drain() {
    check(3, || {
        let world = World::new();
        world.spawn(0, Who::Outside);
        let worker = world.clone();
        let worker = thread::spawn(move || {
            worker.work(|world| {
                if let Some(task) = world.pop() {
                    world.drop_task(&task, Who::Crew);
                }
            });
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
        let spawner = thread::spawn(move || spawner.spawn(1, Who::Outside));
        let worker = thread::spawn(move || worker.work(World::poll_next));
        world.spawn(0, Who::Outside);
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
        world.spawn(0, Who::Outside);
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
        world.spawn(0, Who::Outside);
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
        world.spawn(0, Who::Outside);
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
            if world.is_drained() {
                break;
            }
            world.seat.park(None);
        }
        foreign.join().unwrap();
        world.check();
    });
}
