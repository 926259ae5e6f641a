//! The watch beside a driver that has no idea: a `Park` that only counts who fires which wheel.

#![cfg(not(any(tenter_loom, miri)))]

mod common;

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::Waker;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use common::config;
use tenter_scheduler::{Park, Scheduler};

/// One wheel at most has a timer, which has long been due; the driver sleeps on a lock and looks at no wheel.
#[derive(Debug, Default)]
struct Blind {
    driven: AtomicBool,
    wakes: (Mutex<bool>, std::sync::Condvar),
    /// The wheel with the timer, plus one.
    due: AtomicUsize,
    fired_by: Mutex<Option<ThreadId>>,
    /// How often a thread became the driver.
    drives: AtomicUsize,
    /// Says that nobody drives, as one may find it between two turns of the driver.
    between_turns: bool,
}

impl Park for Blind {
    fn drive(&self, _: usize, timeout: Option<Duration>, enter: &mut dyn FnMut() -> bool, _: &mut Vec<Waker>) -> bool {
        if self.driven.swap(true, SeqCst) {
            return false;
        }
        self.drives.fetch_add(1, SeqCst);
        if enter() {
            let woken = self.wakes.0.lock().unwrap();
            let limit = timeout.unwrap_or(Duration::from_secs(60));
            let (mut woken, _) = self.wakes.1.wait_timeout_while(woken, limit, |woken| !*woken).unwrap();
            *woken = false;
        }
        self.driven.store(false, SeqCst);
        true
    }

    fn is_driven(&self) -> bool {
        !self.between_turns && self.driven.load(SeqCst)
    }

    fn wake(&self) {
        *self.wakes.0.lock().unwrap() = true;
        self.wakes.1.notify_all();
    }

    fn fire(&self, wheel: usize, _: &mut Vec<Waker>) {
        if self.due.compare_exchange(wheel + 1, 0, SeqCst, SeqCst).is_ok() {
            *self.fired_by.lock().unwrap() = Some(thread::current().id());
        }
    }

    fn next_deadline(&self, wheel: usize) -> Option<Instant> {
        (self.due.load(SeqCst) == wheel + 1).then(|| Instant::now() - Duration::from_secs(1))
    }

    fn set_self_timed(&self, _: usize, _: bool) {}

    fn is_needed(&self) -> bool {
        true
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[test]
fn a_timer_of_a_worker_in_a_long_poll_must_be_fired_by_the_watch() {
    let park = Arc::new(Blind::default());
    let scheduler = Scheduler::new(config(3), park.clone()).unwrap();
    // All workers have run, and have gone to sleep.
    let all = Arc::new(Barrier::new(3));
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let all = all.clone();
            scheduler.spawn(async move { all.wait().is_leader() })
        })
        .collect();
    for task in tasks {
        scheduler.block_on(task);
    }
    thread::sleep(Duration::from_millis(20));

    let (inner, blind) = (scheduler.clone(), park.clone());
    let (release, released) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let long = scheduler.spawn(async move {
        let wheel = inner.current_wheel().expect("a worker's seat");
        blind.due.store(wheel + 1, SeqCst);
        tell.send(thread::current().id()).unwrap();
        let _ = released.recv();
    });
    let polling = told.recv().unwrap();
    let start = Instant::now();
    while park.due.load(SeqCst) != 0 {
        assert!(start.elapsed() < Duration::from_secs(30), "nobody fires the wheel of the worker in the long poll");
        thread::sleep(Duration::from_millis(1));
    }
    assert_ne!(park.fired_by.lock().unwrap().unwrap(), polling);
    release.send(()).unwrap();
    scheduler.block_on(long);
    scheduler.close();
}

#[test]
fn a_watch_that_drives_must_go_to_sleep_when_nobody_polls() {
    let park = Arc::new(Blind { between_turns: true, ..Blind::default() });
    let scheduler = Scheduler::new(config(2), park.clone()).unwrap();
    scheduler.block_on(scheduler.spawn(async {}));
    let mut before = 0;
    let settled = (0..30).any(|_| {
        thread::sleep(Duration::from_millis(300));
        let now = park.drives.load(SeqCst);
        std::mem::replace(&mut before, now) == now
    });
    assert!(settled, "the driver took {before} turns and goes on");
    scheduler.close();
}

/// An event for some task every tenth of a millisecond, whoever drives.
#[derive(Debug, Default)]
struct Hectic {
    driven: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Park for Hectic {
    fn drive(
        &self,
        _: usize,
        timeout: Option<Duration>,
        enter: &mut dyn FnMut() -> bool,
        out: &mut Vec<Waker>,
    ) -> bool {
        if self.driven.swap(true, SeqCst) {
            return false;
        }
        if enter() && timeout != Some(Duration::ZERO) {
            thread::sleep(Duration::from_micros(100));
            out.extend(self.waker.lock().unwrap().take());
        }
        self.driven.store(false, SeqCst);
        true
    }

    fn is_driven(&self) -> bool {
        self.driven.load(SeqCst)
    }

    fn wake(&self) {}

    fn fire(&self, _: usize, _: &mut Vec<Waker>) {}

    fn next_deadline(&self, _: usize) -> Option<Instant> {
        None
    }

    fn set_self_timed(&self, _: usize, _: bool) {}

    fn is_needed(&self) -> bool {
        true
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[test]
fn a_worker_that_wakes_for_each_event_must_look_after_who_is_in_a_long_poll() {
    let park = Arc::new(Hectic::default());
    let scheduler = Scheduler::new(config(2), park.clone()).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let (events, stop) = (park.clone(), over.clone());
    let busy = scheduler.spawn(std::future::poll_fn(move |cx| {
        *events.waker.lock().unwrap() = Some(cx.waker().clone());
        if stop.load(SeqCst) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    }));
    thread::sleep(Duration::from_millis(5));
    let (inner, ran) = (scheduler.clone(), over.clone());
    let long = scheduler.spawn(async move {
        // Into the queues of this worker, of which nobody is told.
        let neighbour = inner.spawn(async move { ran.store(true, SeqCst) });
        let start = Instant::now();
        while !neighbour.is_finished() && start.elapsed() < Duration::from_secs(30) {
            thread::sleep(Duration::from_millis(1));
        }
        neighbour.is_finished()
    });
    assert!(scheduler.block_on(long), "what waits for the end of a long poll is offered to nobody");
    scheduler.block_on(busy);
    scheduler.close();
}

/// A driver that is woken again and again for nothing, as by events of sources that nobody waits for. Wheels are asked for
/// deadlines only by who looks after the others.
#[derive(Debug, Default)]
struct Restless {
    driven: AtomicBool,
    turns: AtomicUsize,
    looks: AtomicUsize,
}

impl Park for Restless {
    fn drive(&self, _: usize, timeout: Option<Duration>, enter: &mut dyn FnMut() -> bool, _: &mut Vec<Waker>) -> bool {
        if self.driven.swap(true, SeqCst) {
            return false;
        }
        if enter() && timeout != Some(Duration::ZERO) {
            thread::sleep(Duration::from_micros(1));
            self.turns.fetch_add(1, SeqCst);
        }
        self.driven.store(false, SeqCst);
        true
    }

    fn is_driven(&self) -> bool {
        self.driven.load(SeqCst)
    }

    fn wake(&self) {}

    fn fire(&self, _: usize, _: &mut Vec<Waker>) {}

    fn next_deadline(&self, wheel: usize) -> Option<Instant> {
        self.looks.fetch_add(usize::from(wheel == 0), SeqCst);
        None
    }

    fn wake_time(&self, _: usize) -> Option<Instant> {
        None
    }

    fn set_self_timed(&self, _: usize, _: bool) {}

    fn is_needed(&self) -> bool {
        true
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Within so short a time nobody polls as many tasks as who gets on polls in a tick: such a look would share the queue of a
/// worker that does.
#[test]
fn an_event_for_nobody_must_not_be_taken_for_a_tick_of_the_watch() {
    let park = Arc::new(Restless::default());
    let scheduler = Scheduler::new(config(2), park.clone()).unwrap();
    let start = Instant::now();
    let long = scheduler.spawn(async { thread::sleep(Duration::from_millis(200)) });
    tenter_core::park::block_on(long);
    let (looks, turns, time) = (park.looks.load(SeqCst), park.turns.load(SeqCst), start.elapsed());
    // Half a tick apart at least, for each of the two workers.
    let most = 2 * (1 + usize::try_from(time.as_micros()).unwrap() / 500);
    assert!(looks <= most, "{looks} looks in {time:?}, {turns} turns of the driver");
    scheduler.close();
}
