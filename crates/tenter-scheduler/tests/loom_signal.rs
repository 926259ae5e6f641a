//! A model of a waker that passes on: a thread that sleeps in a nested `block_on` hears of the future beneath. Loom reports a
//! deadlock if it does not. It is `signal.rs` in small, around the real `Parker`.
#![cfg(tenter_loom)]

use std::sync::Arc;

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicU8, Ordering::AcqRel, Ordering::Relaxed};
use loom::thread;
use tenter_scheduler::parker::Parker;

const WOKEN: u8 = 1;
const PASSES_ON: u8 = 2;

#[derive(Default)]
struct World {
    state: AtomicU8,
    /// Whether there is a nested `block_on`, in place of a pointer to its signal.
    next: Mutex<bool>,
    /// Where the thread sleeps; nobody sleeps in the seat beneath.
    above: Parker,
}

/// As `Signal::wake_by_ref`.
fn wake(world: &World) {
    let before = world.state.fetch_or(WOKEN, AcqRel);
    if before & (WOKEN | PASSES_ON) == PASSES_ON && *world.next.lock().unwrap() {
        world.above.unpark(|| {});
    }
}

/// As `Signal::pass_on`.
fn pass_on(world: &World, next: bool) {
    let mut place = world.next.lock().unwrap();
    if next {
        world.state.fetch_or(PASSES_ON, AcqRel);
    } else {
        world.state.fetch_and(!PASSES_ON, AcqRel);
    }
    *place = next;
}

fn is_woken(world: &World) -> bool {
    world.state.load(Relaxed) & WOKEN != 0
}

/// A nested `block_on` that ends when the future beneath was woken, which two threads do.
fn nested(looks_first: bool) {
    loom::model(move || {
        let world = Arc::new(World::default());
        let wakers: Vec<_> = (0..2)
            .map(|_| {
                let world = world.clone();
                thread::spawn(move || wake(&world))
            })
            .collect();
        let seen = looks_first && is_woken(&world);
        pass_on(&world, true);
        if looks_first && !seen {
            world.above.park(None);
        }
        while !is_woken(&world) {
            world.above.park(None);
        }
        pass_on(&world, false);
        for waker in wakers {
            waker.join().unwrap();
        }
    });
}

#[test]
fn a_wake_of_the_future_beneath_must_end_the_sleep_above() {
    nested(false);
}

#[test]
#[should_panic(expected = "deadlock")]
fn who_looks_before_it_has_the_wake_passed_on_sleeps_past_it() {
    nested(true);
}
