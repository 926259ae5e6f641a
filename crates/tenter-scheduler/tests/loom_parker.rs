//! Models of the parker: a token ends a sleep, on the condition variable and in the driver; loom reports a deadlock
//! if one is lost.
#![cfg(tenter_loom)]

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use tenter_scheduler::parker::Parker;

fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// What a reactor's wake does: it ends the present wait, or the next one.
#[derive(Default)]
struct Driver {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Driver {
    fn wake(&self) {
        *self.woken.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn wait(&self) {
        let mut woken = self.woken.lock().unwrap();
        while !*woken {
            woken = self.changed.wait(woken).unwrap();
        }
        *woken = false;
    }
}

struct World {
    parker: Parker,
    driver: Driver,
    /// What the sleeper waits for; relaxed, so that only the token orders it.
    flags: [AtomicBool; 2],
}

impl World {
    fn new() -> Arc<Self> {
        let flags = [AtomicBool::new(false), AtomicBool::new(false)];
        Arc::new(Self { parker: Parker::new(), driver: Driver::default(), flags })
    }

    fn wake(&self, flag: usize) {
        self.flags[flag].store(true, Relaxed);
        self.parker.unpark(|| self.driver.wake());
    }

    fn sleep(&self, driving: bool) {
        if !driving {
            self.parker.park(None);
        } else if self.parker.begin_drive() {
            self.driver.wait();
            self.parker.end_drive();
        }
    }

    fn is_awaited(&self, flags: usize) -> bool {
        self.flags[..flags].iter().any(|flag| !flag.load(Relaxed))
    }
}

#[test]
fn a_token_must_end_the_sleep_of_either_kind() {
    for driving in [false, true] {
        check(3, move || {
            let world = World::new();
            let waker = world.clone();
            let waker = thread::spawn(move || waker.wake(0));
            while world.is_awaited(1) {
                world.sleep(driving);
            }
            waker.join().unwrap();
        });
    }
}

#[test]
fn two_tokens_must_not_swallow_each_other() {
    for kinds in [[false, false], [true, false], [false, true], [true, true]] {
        check(2, move || {
            let world = World::new();
            let wakers: Vec<_> = (0..2)
                .map(|flag| {
                    let world = world.clone();
                    thread::spawn(move || world.wake(flag))
                })
                .collect();
            let mut kinds = kinds.into_iter().cycle();
            while world.is_awaited(2) {
                world.sleep(kinds.next().unwrap());
            }
            for waker in wakers {
                waker.join().unwrap();
            }
        });
    }
}
