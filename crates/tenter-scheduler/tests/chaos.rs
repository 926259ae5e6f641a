//! Chaos happens, only where it was asked for, and takes nobody's turn away.

#![cfg(not(any(tenter_loom, miri)))]

mod common;

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use common::{config, within, yield_now};
use tenter_core::coop;
use tenter_scheduler::{NoPark, Scheduler};

fn with_chaos(workers: usize, seed: Option<u64>) -> Scheduler {
    let mut config = config(workers);
    config.chaos = seed;
    Scheduler::new(config, Arc::new(NoPark)).unwrap()
}

/// In which order 200 tasks run that one future spawns on the only thread.
fn order(seed: Option<u64>) -> Vec<usize> {
    let scheduler = with_chaos(0, seed);
    let ran = Arc::new(Mutex::new(Vec::new()));
    scheduler.block_on(async {
        let spawn = |number| {
            let ran = ran.clone();
            scheduler.spawn(async move { ran.lock().unwrap().push(number) })
        };
        let tasks: Vec<_> = (0..200).map(spawn).collect();
        for task in tasks {
            task.await;
        }
    });
    scheduler.close();
    Arc::into_inner(ran).unwrap().into_inner().unwrap()
}

#[test]
fn the_order_is_random_and_each_task_runs_once() {
    within(120, || {
        let calm: Vec<_> = (0..200).collect();
        assert_eq!(order(None), calm);
        let mut wild = order(Some(7));
        assert_ne!(wild, calm);
        wild.sort_unstable();
        assert_eq!(wild, calm);
    });
}

/// How often tasks are polled again that nobody wakes, of 500.
fn needless(workers: usize, seed: Option<u64>) -> usize {
    let scheduler = with_chaos(workers, seed);
    let (polls, again) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..500)
        .map(|_| {
            let (polls, again, mut first) = (polls.clone(), again.clone(), true);
            scheduler.spawn(poll_fn(move |_| {
                let counter = if std::mem::replace(&mut first, false) { &polls } else { &again };
                counter.fetch_add(1, SeqCst);
                Poll::<()>::Pending
            }))
        })
        .collect();
    scheduler.block_on(async {
        while polls.load(SeqCst) < tasks.len() {
            yield_now().await;
        }
        // A needless wake comes right after the poll, and what it woke is queued. Where they are asked for they come.
        for _ in 0..100 {
            yield_now().await;
        }
        while seed.is_some() && again.load(SeqCst) == 0 {
            yield_now().await;
        }
    });
    drop(tasks);
    scheduler.close();
    again.load(SeqCst)
}

#[test]
fn tasks_are_polled_although_nobody_woke_them() {
    within(120, || {
        assert_eq!(needless(0, None), 0);
        assert!(needless(0, Some(1)) > 0);
        assert_eq!(needless(2, None), 0);
        assert!(needless(2, Some(1)) > 0);
    });
}

/// How often the main future is polled that is woken once, after another task has yielded 500 times.
fn main_polls(seed: Option<u64>) -> usize {
    let scheduler = with_chaos(0, seed);
    let waker = Arc::new(Mutex::new(None::<Waker>));
    let given = waker.clone();
    let task = scheduler.spawn(async move {
        for _ in 0..500 {
            yield_now().await;
        }
        given.lock().unwrap().take().expect("the main future is polled first").wake();
    });
    let mut polls = 0;
    scheduler.block_on(poll_fn(|cx| {
        polls += 1;
        let mut waker = waker.lock().unwrap();
        if polls > 1 && waker.is_none() {
            return Poll::Ready(());
        }
        *waker = Some(cx.waker().clone());
        Poll::Pending
    }));
    scheduler.block_on(task);
    scheduler.close();
    polls
}

#[test]
fn the_main_future_is_polled_although_nobody_woke_it() {
    within(120, || {
        assert_eq!(main_polls(None), 2);
        assert!(main_polls(Some(1)) > 2);
    });
}

#[test]
fn a_poll_may_begin_with_less_than_the_whole_budget_but_never_with_none() {
    within(120, || {
        let scheduler = with_chaos(0, Some(3));
        let lefts: Vec<_> = scheduler.block_on(scheduler.spawn(async {
            let mut lefts = Vec::new();
            for _ in 0..500 {
                let mut left = 0;
                poll_fn(|cx| {
                    let mut noop = Context::from_waker(Waker::noop());
                    if left > 0 {
                        return Poll::Ready(());
                    }
                    while coop::has_budget_remaining() {
                        if let Poll::Ready(unit) = coop::poll_proceed(&mut noop) {
                            unit.made_progress();
                            left += 1;
                        }
                    }
                    cx.waker().wake_by_ref();
                    Poll::Pending
                })
                .await;
                lefts.push(left);
            }
            lefts
        }));
        scheduler.close();
        assert!(lefts.iter().all(|&left| (1..=usize::from(coop::BUDGET)).contains(&left)), "{lefts:?}");
        assert!(lefts.contains(&usize::from(coop::BUDGET)));
        assert!(lefts.iter().any(|&left| left < usize::from(coop::BUDGET)));
    });
}

#[test]
fn nobody_starves() {
    within(120, || {
        for (workers, seed) in [(0, 1), (0, 2), (1, 3), (2, 4), (3, 5)] {
            let scheduler = with_chaos(workers, Some(seed));
            let tasks: Vec<_> = (0..50)
                .map(|_| {
                    scheduler.spawn(async {
                        for _ in 0..200 {
                            yield_now().await;
                        }
                    })
                })
                .collect();
            // Yields for as long as the others are not done.
            let done = Arc::new(AtomicUsize::new(0));
            let seen = done.clone();
            let spinner = scheduler.spawn(async move {
                while seen.load(SeqCst) == 0 {
                    yield_now().await;
                }
            });
            scheduler.block_on(async {
                for task in tasks {
                    task.await;
                }
                done.store(1, SeqCst);
                spinner.await;
            });
            scheduler.close();
        }
    });
}
