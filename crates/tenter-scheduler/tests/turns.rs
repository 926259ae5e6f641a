//! How often a busy thread looks at the driver, and how much it takes from there: a `Park` that counts, and whose turns and
//! events are as the test wants them.

#![cfg(not(any(tenter_loom, miri)))]

mod common;

use std::any::Any;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use common::{config, yield_now};
use tenter_scheduler::{Park, Scheduler};

/// Beside this, nothing that the machine does between two looks at the clock makes a poll look shorter.
const LONG_POLL: Duration = Duration::from_micros(300);

/// A driver for one thread.
#[derive(Debug, Default)]
struct Scripted {
    /// How long a turn takes that does not wait.
    turn: Duration,
    /// What became ready, in order.
    ready: Mutex<Vec<Waker>>,
    /// Whether events are given, and the limits that came with the turns since.
    open: AtomicBool,
    limits: Mutex<Vec<usize>>,
    turns: AtomicUsize,
    token: (Mutex<bool>, Condvar),
}

impl Park for Scripted {
    fn drive(
        &self,
        most: usize,
        timeout: Option<Duration>,
        enter: &mut dyn FnMut() -> bool,
        out: &mut Vec<Waker>,
    ) -> bool {
        if enter() && timeout != Some(Duration::ZERO) && self.ready.lock().unwrap().is_empty() {
            let token = self.token.0.lock().unwrap();
            *self.token.1.wait_while(token, |token| !*token).unwrap() = false;
        }
        self.turns.fetch_add(1, SeqCst);
        thread::sleep(self.turn);
        if self.open.load(SeqCst) {
            self.limits.lock().unwrap().push(most);
            let mut ready = self.ready.lock().unwrap();
            let count = ready.len().min(most.max(1));
            out.extend(ready.drain(..count));
        }
        true
    }

    fn is_driven(&self) -> bool {
        false
    }

    fn wake(&self) {
        *self.token.0.lock().unwrap() = true;
        self.token.1.notify_all();
    }

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

/// Turns as long as of a reactor that asks about each of some thousand sources. Polls must take a little, or the mean comes down
/// again until the next turn.
#[test]
fn a_slow_turn_of_the_driver_must_not_be_taken_for_slow_polls() {
    const POLLS: usize = 600;
    let park = Arc::new(Scripted { turn: Duration::from_millis(2), ..Scripted::default() });
    let scheduler = Scheduler::new(config(0), park.clone()).unwrap();
    scheduler.block_on(scheduler.spawn(async {
        for _ in 0..POLLS {
            let start = Instant::now();
            while start.elapsed() < Duration::from_micros(5) {}
            yield_now().await;
        }
    }));
    let turns = park.turns.load(SeqCst);
    assert!(turns < POLLS / 4, "{turns} turns beside {POLLS} polls of 5 µs");
    scheduler.close();
}

#[test]
fn a_thread_with_long_polls_must_leave_most_events_to_the_driver() {
    const TASKS: usize = 40;
    const EVENTS: usize = 4;
    /// So many at once, however long polls are.
    const FEW: usize = 8;
    let park = Arc::new(Scripted::default());
    let scheduler = Scheduler::new(config(0), park.clone()).unwrap();
    scheduler.block_on(async {
        let wait = |_| {
            let (park, mut seen) = (park.clone(), 0);
            scheduler.spawn(poll_fn(move |cx| {
                if seen > 0 {
                    thread::sleep(LONG_POLL);
                }
                seen += 1;
                if seen > EVENTS {
                    return Poll::Ready(());
                }
                park.ready.lock().unwrap().push(cx.waker().clone());
                Poll::Pending
            }))
        };
        let tasks: Vec<_> = (0..TASKS).map(wait).collect();
        // Longer than the most polls between two looks at the clock: then it is known how long they take.
        let long = scheduler.spawn(async {
            for _ in 0..100 {
                thread::sleep(LONG_POLL);
                yield_now().await;
            }
        });
        long.await;
        park.open.store(true, SeqCst);
        for task in tasks {
            task.await;
        }
    });
    let limits = park.limits.lock().unwrap();
    assert!(limits.len() >= TASKS * EVENTS / FEW, "{limits:?}");
    assert!(limits.iter().all(|&most| most <= FEW), "{limits:?}");
    assert!(limits.contains(&1), "what is queued does not count: {limits:?}");
    drop(limits);
    scheduler.close();
}
