//! A model of a waker that passes on: a thread that sleeps in a nested `block_on` hears of the future beneath. Loom reports a
//! deadlock if it does not. It is `signal.rs` in small, around the real `Parker`.
#![cfg(tenter_loom)]

use std::sync::Arc;

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst, fence};
use loom::thread;
use tenter_scheduler::parker::Parker;

#[derive(Default)]
struct World {
    woken: AtomicBool,
    passes_on: AtomicBool,
    /// Whether there is a nested `block_on`, in place of a pointer to its signal.
    next: Mutex<bool>,
    /// Where the thread sleeps; nobody sleeps in the seat beneath.
    above: Parker,
}

/// As `Signal::wake_by_ref`.
fn wake(world: &World, fences: bool) {
    if world.woken.swap(true, Release) {
        return;
    }
    if fences {
        fence(SeqCst);
    }
    if world.passes_on.load(Relaxed) && *world.next.lock().unwrap() {
        world.above.unpark(|| {});
    }
}

/// As `Signal::pass_on`.
fn pass_on(world: &World, next: bool, fences: bool) {
    let mut place = world.next.lock().unwrap();
    world.passes_on.store(next, Relaxed);
    *place = next;
    drop(place);
    if fences {
        fence(SeqCst);
    }
}

/// A nested `block_on` that ends when the future beneath was polled; woken by two threads.
fn nested(fences: bool) {
    loom::model(move || {
        let world = Arc::new(World::default());
        let wakers: Vec<_> = (0..2)
            .map(|_| {
                let world = world.clone();
                thread::spawn(move || wake(&world, fences))
            })
            .collect();
        pass_on(&world, true, fences);
        while !world.woken.load(Relaxed) {
            world.above.park(None);
        }
        pass_on(&world, false, fences);
        for waker in wakers {
            waker.join().unwrap();
        }
    });
}

#[test]
fn a_wake_of_the_future_beneath_must_end_the_sleep_above() {
    nested(true);
}

#[test]
#[should_panic(expected = "deadlock")]
fn without_the_fences_it_is_slept_past() {
    nested(false);
}
