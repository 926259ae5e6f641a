//! What a worker says of itself to those who push.

use std::any::Any;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::BRISK;
use crate::context;
use crate::park::Park;
use crate::scheduler::{Config, Scheduler};

/// A driver with nothing to tell, whose turns that do not wait take their time.
#[derive(Debug)]
struct Slow {
    turn: Duration,
    turns: AtomicUsize,
}

impl Park for Slow {
    fn drive(&self, _: usize, timeout: Option<Duration>, enter: &mut dyn FnMut() -> bool, _: &mut Vec<Waker>) -> bool {
        if timeout != Some(Duration::ZERO) || !enter() {
            return false;
        }
        thread::sleep(self.turn);
        self.turns.fetch_add(1, Relaxed);
        true
    }

    fn is_driven(&self) -> bool {
        false
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

/// Whether a worker beside such turns is brisk, at the next poll for which that holds: it is known how long both take, and polls
/// are short.
fn is_brisk(turn: Duration) -> bool {
    let park = Arc::new(Slow { turn, turns: AtomicUsize::new(0) });
    let scheduler = Scheduler::new(Config::with_workers(1), park.clone()).unwrap();
    let (slot, start) = (scheduler.core.slot, Instant::now());
    let polls = scheduler.spawn(poll_fn(move |cx| {
        let mean = context::with_seat_of(slot, |seat| seat.expect("a worker polls this").mean.get());
        if mean < BRISK && park.turns.load(Relaxed) >= 3 {
            return Poll::Ready(slot.seats[0].mood.brisk.load(Relaxed));
        }
        assert!(start.elapsed() < Duration::from_secs(60), "polls that do nothing take {mean} ns");
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
    // Not this thread, which has a seat of its own in `block_on`.
    let brisk = tenter_core::park::block_on(polls);
    scheduler.close();
    brisk
}

#[test]
fn a_worker_beside_slow_turns_of_the_driver_must_not_count_as_brisk() {
    assert!(!is_brisk(Duration::from_millis(1)), "what is pushed to the injector waits for the turn's end");
    // A turn may be interrupted.
    assert!((0..20).any(|_| is_brisk(Duration::ZERO)), "each push to the injector wakes another worker");
}
