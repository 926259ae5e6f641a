//! Models of the watch: it must not sleep for good beside a worker that polls.
#![cfg(tenter_loom)]

use std::sync::atomic::Ordering::SeqCst;

use loom::sync::Arc;
use loom::sync::atomic::AtomicBool;
use loom::thread;
use tenter_scheduler::idle::{Idle, Unparked};
use tenter_scheduler::parker::Parker;
use tenter_scheduler::watch::{Rouse, Watch};

const WORKERS: usize = 2;

struct Shared {
    idle: Idle,
    watch: Watch,
    parkers: [Parker; WORKERS],
    /// Whether the watch was seen to tick beside the worker that polls, or was woken by it.
    awake: AtomicBool,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(WORKERS),
            watch: Watch::new(),
            parkers: [Parker::new(), Parker::new()],
            awake: AtomicBool::new(false),
        })
    }

    fn active(&self) -> usize {
        WORKERS - self.idle.word().parked()
    }

    /// A worker that is the watch and finds nobody active, to the end of its sleep.
    fn watch_until_active(&self, seat: usize) {
        loop {
            if self.active() == 0 && self.watch.announce_sleep(seat) {
                if self.active() == 0 {
                    self.parkers[seat].park(None);
                    break;
                }
                self.watch.resume(seat);
            }
            if self.active() > 0 {
                break;
            }
            thread::yield_now();
        }
        self.awake.store(true, SeqCst);
        self.watch.leave(seat);
    }
}

fn model(run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(run);
}

#[test]
fn the_watch_must_not_sleep_for_good_beside_a_poll() {
    model(|| {
        let shared = Shared::new();
        shared.idle.park(0, false);
        shared.idle.park(1, false);
        assert!(shared.watch.take(0, false));
        let watch = {
            let shared = shared.clone();
            thread::spawn(move || shared.watch_until_active(0))
        };
        // The other worker wakes by itself (an event, say) and is about to poll.
        assert_eq!(shared.idle.unpark(1), Unparked::Alone);
        match shared.watch.rouse() {
            Rouse::Ticking => {}
            Rouse::Asleep(seat) => shared.parkers[seat].unpark(|| {}),
            // It has seen that this worker is active and has left the role.
            Rouse::Nobody => assert!(shared.awake.load(SeqCst)),
        }
        // It polls for ever: the model deadlocks if the watch sleeps on.
        watch.join().unwrap();
    });
}

#[test]
fn of_two_that_park_one_must_watch() {
    model(|| {
        let shared = Shared::new();
        let other = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.idle.park(1, false);
                shared.watch.take(1, false)
            })
        };
        shared.idle.park(0, false);
        let (driving, elsewhere) = (shared.watch.take(0, true), other.join().unwrap());
        // Who sleeps elsewhere gets the role in any case, unless it came at the moment the driver took it.
        assert!(driving || elsewhere);
        assert!(shared.watch.is_held_by(0) != shared.watch.is_held_by(1));
    });
}

#[test]
fn a_role_that_was_taken_over_must_not_be_given_up_by_its_former_holder() {
    model(|| {
        let shared = Shared::new();
        assert!(shared.watch.take(0, true));
        let driver = {
            let shared = shared.clone();
            thread::spawn(move || {
                let _ = shared.watch.announce_sleep(0);
                shared.watch.resume(0);
                shared.watch.leave(0);
            })
        };
        let taken = shared.watch.take(1, false);
        driver.join().unwrap();
        assert_eq!(taken, shared.watch.is_held_by(1));
        assert!(!shared.watch.is_held_by(0));
        assert!(!taken || shared.watch.rouse() == Rouse::Ticking);
    });
}
