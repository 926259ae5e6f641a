//! Models of the sleep protocol: what was pushed is run although everybody wants to sleep, and surplus work gets
//! another worker although the first is in a long poll. Loom reports a deadlock if a wake is lost.
#![cfg(tenter_loom)]

use std::ptr::{self, NonNull};
use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst, fence};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use tenter_scheduler::Item;
use tenter_scheduler::idle::{Idle, Unparked};
use tenter_scheduler::parker::Parker;
use tenter_scheduler::ring::Ring;

fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

struct Task;

// SAFETY: there is nothing behind the pointer.
unsafe impl Item for Task {
    fn into_raw(self) -> NonNull<()> {
        NonNull::new(ptr::without_provenance_mut(1)).expect("not null")
    }

    unsafe fn from_raw(_: NonNull<()>) -> Self {
        Self
    }
}

/// What a slot is to its workers. A queue is a ring per pusher; only a search looks at them.
struct World {
    idle: Idle,
    queues: Vec<Ring<Task, 2>>,
    parkers: Vec<Parker>,
    started: AtomicUsize,
    /// Who polls and will look at the queues again before it parks.
    brisk: Vec<AtomicBool>,
    /// Whether workers that poll are brisk.
    is_brisk: bool,
    /// Whether threads can't be had.
    no_threads: bool,
    /// Whether a poll lasts until every task was polled.
    long_polls: bool,
    tasks: usize,
    polled: Mutex<usize>,
    all_polled: Condvar,
    over: AtomicBool,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl World {
    fn new(workers: usize, pushers: usize, tasks: usize, long_polls: bool, no_threads: bool) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(workers),
            queues: (0..pushers).map(|_| Ring::new()).collect(),
            parkers: (0..workers).map(|_| Parker::new()).collect(),
            started: AtomicUsize::new(0),
            brisk: (0..workers).map(|_| AtomicBool::new(false)).collect(),
            is_brisk: !long_polls,
            no_threads,
            long_polls,
            tasks,
            polled: Mutex::new(0),
            all_polled: Condvar::new(),
            over: AtomicBool::new(false),
            threads: Mutex::new(Vec::new()),
        })
    }

    /// As `Slot::notify`.
    fn notify(self: &Arc<Self>) {
        if let Some(worker) = self.idle.wake_one() {
            return self.parkers[worker].unpark(|| {});
        }
        let word = self.idle.word();
        if word.searching() == 0 && word.parked() == 0 && self.started.load(Relaxed) < self.parkers.len() {
            self.start();
        }
    }

    /// As `Core::start_worker`.
    fn start(self: &Arc<Self>) {
        let mut threads = self.threads.lock().unwrap();
        let worker = self.started.load(Relaxed);
        if worker == self.parkers.len() {
            return;
        }
        self.idle.start_search_for_new();
        if self.no_threads {
            let _last = self.idle.stop_search();
            if let Some(worker) = self.idle.wake_one() {
                self.parkers[worker].unpark(|| {});
            }
            return;
        }
        self.started.store(worker + 1, SeqCst);
        let world = self.clone();
        threads.push(thread::spawn(move || world.work(worker, true, false)));
    }

    /// Pushes from the one thread that owns this queue.
    fn push(self: &Arc<Self>, queue: usize) {
        // SAFETY: each queue has one pusher.
        assert!(unsafe { self.queues[queue].push(Task) }.is_ok());
        self.notify();
    }

    /// As `Slot::inject`: who finds a brisk worker leaves the task to it.
    fn inject(self: &Arc<Self>, queue: usize) {
        // SAFETY: each queue has one pusher.
        assert!(unsafe { self.queues[queue].push(Task) }.is_ok());
        fence(SeqCst);
        if !self.brisk.iter().any(|brisk| brisk.load(Relaxed)) {
            self.notify();
        }
    }

    fn has_visible_work(&self) -> bool {
        self.queues.iter().any(|queue| !queue.is_empty())
    }

    fn steal(&self) -> Option<Task> {
        self.queues.iter().find_map(Ring::pop)
    }

    /// As `worker::run`; `restless` ends its first sleep by itself at once, as a timer does.
    fn work(self: &Arc<Self>, me: usize, mut searching: bool, mut restless: bool) {
        while !self.over.load(SeqCst) {
            if searching || self.idle.start_search(self.parkers.len()) {
                searching = true;
                if let Some(Task) = self.steal() {
                    searching = false;
                    if self.idle.stop_search() && self.has_visible_work() {
                        self.notify();
                    }
                    self.brisk[me].store(self.is_brisk, Relaxed);
                    self.poll();
                    continue;
                }
            }
            self.brisk[me].store(false, Relaxed);
            self.idle.park(me, std::mem::take(&mut searching));
            if self.has_visible_work() || self.over.load(SeqCst) {
                thread::yield_now();
            } else if !std::mem::take(&mut restless) {
                self.parkers[me].park(None);
            }
            searching = self.idle.unpark(me) == Unparked::Chosen;
        }
    }

    fn poll(&self) {
        let mut polled = self.polled.lock().unwrap();
        *polled += 1;
        if *polled == self.tasks {
            self.over.store(true, SeqCst);
            self.all_polled.notify_all();
            for parker in &self.parkers {
                parker.unpark(|| {});
            }
        }
        while self.long_polls && *polled < self.tasks {
            polled = self.all_polled.wait(polled).unwrap();
        }
    }

    /// Starts workers that are awake and do not search.
    fn awake(self: &Arc<Self>, workers: usize, restless: bool) {
        let mut threads = self.threads.lock().unwrap();
        for worker in 0..workers {
            let world = self.clone();
            threads.push(thread::spawn(move || world.work(worker, false, restless)));
        }
        self.started.store(workers, SeqCst);
    }

    /// Waits for the workers; every push was before.
    fn end(&self) {
        loop {
            let Some(thread) = self.threads.lock().unwrap().pop() else { break };
            thread.join().unwrap();
        }
        assert_eq!(*self.polled.lock().unwrap(), self.tasks);
        assert!(self.steal().is_none());
    }
}

/// Bug class: a load of the idle word that runs ahead of the push it follows.
#[test]
fn a_push_must_not_miss_a_worker_that_goes_to_sleep() {
    check(3, || {
        let world = World::new(1, 1, 1, false, true);
        world.awake(1, false);
        world.push(0);
        world.end();
    });
}

#[test]
fn a_push_must_not_rely_on_a_worker_that_has_stopped_searching() {
    check(2, || {
        let world = World::new(2, 1, 2, true, true);
        world.awake(2, false);
        world.push(0);
        world.push(0);
        world.end();
    });
}

#[test]
fn two_pushers_must_not_rely_on_each_other() {
    for (workers, preemptions) in [(1, 3), (2, 1)] {
        check(preemptions, move || {
            let world = World::new(workers, 2, 2, workers == 2, true);
            world.awake(workers, false);
            let other = world.clone();
            let other = thread::spawn(move || other.push(1));
            world.push(0);
            other.join().unwrap();
            world.end();
        });
    }
}

#[test]
fn a_wake_must_not_be_lost_on_a_worker_that_wakes_by_itself() {
    check(3, || {
        let world = World::new(1, 1, 2, false, true);
        world.awake(1, true);
        world.push(0);
        world.push(0);
        world.end();
    });
}

/// Workers are started by pushes, and count as searching from then on.
#[test]
fn surplus_work_must_start_a_second_worker() {
    check(2, || {
        let world = World::new(2, 1, 2, true, false);
        world.push(0);
        world.push(0);
        world.end();
    });
}

#[test]
fn a_worker_that_woke_by_itself_must_not_stay_counted_as_parked() {
    check(2, || {
        let world = World::new(2, 1, 2, true, false);
        world.awake(1, true);
        world.push(0);
        world.push(0);
        world.end();
    });
}

/// The thread that one pusher tries to start counts as searching meanwhile, and never comes.
#[test]
fn a_push_must_not_rely_on_a_thread_that_could_not_be_started() {
    check(3, || {
        let world = World::new(2, 2, 2, false, true);
        world.awake(1, false);
        let other = world.clone();
        let other = thread::spawn(move || other.push(1));
        world.push(0);
        other.join().unwrap();
        world.end();
    });
}

/// The worker that is told nothing is about to park, and may have looked at the queue before the push.
#[test]
fn a_push_must_not_be_left_to_a_brisk_worker_that_has_looked() {
    check(3, || {
        let world = World::new(1, 1, 2, false, true);
        world.awake(1, false);
        world.inject(0);
        world.inject(0);
        world.end();
    });
}

#[test]
fn a_push_beside_a_brisk_worker_must_not_be_lost_on_one_that_wakes() {
    check(2, || {
        let world = World::new(2, 1, 2, false, true);
        world.awake(2, true);
        world.inject(0);
        world.inject(0);
        world.end();
    });
}
