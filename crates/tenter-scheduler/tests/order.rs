//! Whose turn it is: the LIFO slot's, or the ring's.

#![cfg(not(tenter_loom))]

mod common;

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use common::{within, yield_now};
use tenter_scheduler::{Config, NoPark, Scheduler};

/// One worker, whose turns are in order whatever `TENTER_CHAOS` says.
fn one_worker() -> Scheduler {
    Scheduler::new(Config::with_workers(1), Arc::new(NoPark)).unwrap()
}

#[test]
fn who_awaits_many_tasks_must_not_be_polled_after_each_of_them() {
    within(20, || {
        let scheduler = one_worker();
        let inner = scheduler.clone();
        let polls = scheduler.block_on(scheduler.spawn(async move {
            let tasks: Vec<_> = (0..1000).map(|_| inner.spawn(async {})).collect();
            let mut polls = 0;
            let mut join = std::pin::pin!(async {
                for task in tasks {
                    task.await;
                }
            });
            poll_fn(|cx| {
                polls += 1;
                join.as_mut().poll(cx)
            })
            .await;
            polls
        }));
        assert!(polls <= 40, "the joiner was polled {polls} times");
        scheduler.close();
    });
}

/// Wakes the other one at each turn, until somebody says that it is enough.
async fn play(turns: Arc<AtomicUsize>, wakers: Arc<Mutex<[Option<Waker>; 2]>>, own: usize, enough: Arc<AtomicUsize>) {
    poll_fn(|cx| {
        turns.fetch_add(1, SeqCst);
        let mut wakers = wakers.lock().unwrap();
        wakers[own] = Some(cx.waker().clone());
        if let Some(other) = wakers[1 - own].take() {
            other.wake();
        }
        if enough.load(SeqCst) > 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[test]
fn two_tasks_that_wake_each_other_must_not_keep_a_third_from_its_turn() {
    within(20, || {
        let scheduler = one_worker();
        let inner = scheduler.clone();
        let most = scheduler.block_on(scheduler.spawn(async move {
            let (turns, wakers, enough) = (Arc::default(), Arc::default(), Arc::new(AtomicUsize::new(0)));
            let player = |own| inner.spawn(play(Arc::clone(&turns), Arc::clone(&wakers), own, Arc::clone(&enough)));
            let players = [0, 1].map(player);
            let mut most = 0;
            for _ in 0..100 {
                let before = turns.load(SeqCst);
                yield_now().await;
                most = most.max(turns.load(SeqCst) - before);
            }
            enough.store(1, SeqCst);
            for player in players {
                player.await;
            }
            most
        }));
        assert!((1..=10).contains(&most), "the third waited for {most} turns");
        scheduler.close();
    });
}
