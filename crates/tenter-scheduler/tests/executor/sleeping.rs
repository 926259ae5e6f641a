//! Runners that sleep, and what becomes of a wake when its runner is killed.

use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::thread;

use tenter_core::park::block_on;
use tenter_scheduler::Executor;

use crate::{Door, counting, poll_once, within};

#[test]
fn a_push_wakes_one_runner_and_the_next_push_another() {
    let executor = Executor::new();
    let ((first, first_waker), (second, second_waker)) = (counting(), counting());
    let (mut a, mut b) = (pin!(executor.tick()), pin!(executor.run(pending::<()>())));
    assert!(poll_once(a.as_mut(), &first_waker).is_pending());
    assert!(poll_once(b.as_mut(), &second_waker).is_pending());
    executor.spawn(async {}).detach();
    assert_eq!((first.get(), second.get()), (1, 0));
    executor.spawn(async {}).detach();
    assert_eq!((first.get(), second.get()), (1, 1));
    assert!(poll_once(a.as_mut(), &first_waker).is_ready());
    assert!(poll_once(b.as_mut(), &second_waker).is_pending());
    assert!(executor.is_empty());
}

#[test]
fn a_runner_killed_after_its_wake_hands_it_on() {
    for kill_run in [false, true] {
        let executor = Executor::new();
        let ((first, first_waker), (second, second_waker)) = (counting(), counting());
        let mut killed: Pin<Box<dyn Future<Output = ()>>> =
            if kill_run { Box::pin(executor.run(pending())) } else { Box::pin(executor.tick()) };
        let mut other = pin!(executor.run(pending::<()>()));
        assert!(poll_once(killed.as_mut(), &first_waker).is_pending());
        assert!(poll_once(other.as_mut(), &second_waker).is_pending());
        executor.spawn(async {}).detach();
        assert_eq!((first.get(), second.get()), (1, 0));
        drop(killed);
        assert_eq!(second.get(), 1, "the wake died with its runner");
        assert!(poll_once(other.as_mut(), &second_waker).is_pending());
        assert!(executor.is_empty());
    }
}

#[test]
fn a_run_whose_future_ends_as_it_is_woken_hands_the_wake_on() {
    let executor = Executor::new();
    let ((_, first_waker), (second, second_waker)) = (counting(), counting());
    let mut polls = 0;
    let second_poll = poll_fn(|_| {
        polls += 1;
        if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
    });
    let mut ends = Box::pin(executor.run(second_poll));
    let mut other = pin!(executor.run(pending::<()>()));
    assert!(poll_once(ends.as_mut(), &first_waker).is_pending());
    assert!(poll_once(other.as_mut(), &second_waker).is_pending());
    executor.spawn(async {}).detach();
    // It ends before it looks at the queue.
    assert!(poll_once(ends.as_mut(), &first_waker).is_ready());
    drop(ends);
    assert_eq!(second.get(), 1, "the wake died with its runner");
}

#[test]
fn a_forgotten_runner_swallows_one_wake_at_most() {
    let executor = Executor::new();
    let ((_, first_waker), (second, second_waker)) = (counting(), counting());
    // Never polled again, and dropped only after all is over: as good as forgotten.
    let mut forgotten = Box::pin(executor.run(pending::<()>()));
    let mut other = pin!(executor.run(pending::<()>()));
    assert!(poll_once(forgotten.as_mut(), &first_waker).is_pending());
    assert!(poll_once(other.as_mut(), &second_waker).is_pending());
    executor.spawn(async {}).detach();
    executor.spawn(async {}).detach();
    assert_eq!(second.get(), 1);
    assert!(poll_once(other.as_mut(), &second_waker).is_pending());
    assert!(executor.is_empty(), "the task of the swallowed wake is run with the next");
    executor.spawn(async {}).detach();
    assert_eq!(second.get(), 2);
}

#[test]
fn a_foreign_wake_ends_the_sleep_of_a_runner() {
    within(120, || {
        for _ in 0..if cfg!(miri) { 3 } else { 500 } {
            let executor = Executor::new();
            let door = Door::default();
            let task = executor.spawn(door.clone().pass());
            thread::scope(|scope| {
                scope.spawn(|| door.wake_soon());
                block_on(executor.run(task));
            });
        }
    });
}

/// Runners come and go, each dropped at some point of its life, also between a wake and the poll it asks for; the one
/// that stays must get every task to its end.
#[test]
fn runners_that_die_at_random_lose_no_wake() {
    const ROUNDS: usize = if cfg!(miri) { 2 } else { 100 };
    const TASKS: usize = if cfg!(miri) { 4 } else { 30 };
    within(120, || {
        for round in 0..ROUNDS {
            let doors: Vec<Door> = (0..TASKS).map(|_| Door::default()).collect();
            let executor = Executor::new();
            let tasks: Vec<_> = doors.iter().map(|door| executor.spawn(door.clone().pass())).collect();
            thread::scope(|scope| {
                for mortal in 0..2 {
                    let executor = &executor;
                    scope.spawn(move || {
                        for life in 0..TASKS {
                            let (_, waker) = counting();
                            let mut run = Box::pin(executor.run(pending::<()>()));
                            for _ in 0..(round + mortal + life) % 3 {
                                let _pending = poll_once(run.as_mut(), &waker);
                                thread::yield_now();
                            }
                        }
                    });
                }
                scope.spawn(|| {
                    for door in &doors {
                        door.wake_soon();
                    }
                });
                block_on(executor.run(async {
                    for task in tasks {
                        task.await;
                    }
                }));
            });
            assert!(executor.is_empty());
        }
    });
}
