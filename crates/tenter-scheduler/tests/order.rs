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
    within(120, || {
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

/// Wakes a handler, which then has its turn at once, whoever else waits.
#[test]
fn a_handler_must_run_right_after_who_woke_it_however_often_that_happens() {
    within(120, || {
        const PAIRS: usize = 100;
        let scheduler = one_worker();
        let inner = scheduler.clone();
        let order = scheduler.block_on(scheduler.spawn(async move {
            let order = Arc::new(Mutex::new(Vec::new()));
            let wakers: Arc<Vec<_>> = Arc::new((0..PAIRS).map(|_| Mutex::new(None::<Waker>)).collect());
            let handler = |i: usize| {
                let (order, wakers) = (Arc::clone(&order), Arc::clone(&wakers));
                inner.spawn(poll_fn(move |cx| {
                    if wakers[i].lock().unwrap().replace(cx.waker().clone()).is_none() {
                        return Poll::Pending;
                    }
                    order.lock().unwrap().push(i);
                    Poll::Ready(())
                }))
            };
            let handlers: Vec<_> = (0..PAIRS).map(handler).collect();
            while wakers.iter().any(|waker| waker.lock().unwrap().is_none()) {
                yield_now().await;
            }
            for i in 0..PAIRS {
                let (order, wakers) = (Arc::clone(&order), Arc::clone(&wakers));
                let reader = async move {
                    order.lock().unwrap().push(i);
                    wakers[i].lock().unwrap().as_ref().unwrap().wake_by_ref();
                };
                inner.spawn(reader).detach();
            }
            for handler in handlers {
                handler.await;
            }
            order.lock().unwrap().clone()
        }));
        scheduler.close();
        assert_eq!(order.len(), 2 * PAIRS);
        // The last handler may find its waker late: the one that awaits them all has a turn between.
        let apart = order.chunks(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!(apart, 0, "{order:?}");
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
    within(120, || {
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
        assert!((1..=12).contains(&most), "the third waited for {most} turns");
        scheduler.close();
    });
}
