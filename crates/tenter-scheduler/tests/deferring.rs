//! What is told to nobody must be found nevertheless, also when the watch had gone to sleep before.
#![cfg(not(any(tenter_loom, miri)))]

mod common;

use std::future::{pending, poll_fn};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use common::{scheduler, settle, within, yield_now};

/// Longer than the watch goes on ticking when nobody polls.
const LONG_IDLE: Duration = Duration::from_millis(1500);

#[test]
fn a_push_beside_a_worker_that_was_brisk_before_it_slept_must_be_run() {
    within(120, || {
        let scheduler = scheduler(2);
        let brisk = scheduler.spawn(async {
            for _ in 0..5000 {
                yield_now().await;
            }
        });
        tenter_core::park::block_on(brisk);
        thread::sleep(LONG_IDLE);
        assert_eq!(tenter_core::park::block_on(scheduler.spawn(async { 7 })), 7);
        scheduler.close();
    });
}

#[test]
fn a_push_late_in_a_long_poll_of_block_on_must_be_run() {
    within(120, || {
        let scheduler = scheduler(2);
        scheduler.block_on(async {
            scheduler.spawn(async {}).detach();
            thread::sleep(LONG_IDLE);
            let (tell, told) = mpsc::channel();
            scheduler.spawn(async move { tell.send(7).unwrap() }).detach();
            assert_eq!(told.recv_timeout(Duration::from_secs(30)), Ok(7));
        });
        scheduler.close();
    });
}

#[test]
fn a_push_beside_a_brisk_worker_that_blocks_must_be_run() {
    within(120, || {
        let scheduler = scheduler(2);
        let (tell, told) = mpsc::channel();
        let (ready, is_ready) = mpsc::channel();
        let blocked = scheduler.spawn(async move {
            for _ in 0..5000 {
                yield_now().await;
            }
            ready.send(()).unwrap();
            told.recv_timeout(Duration::from_secs(30))
        });
        is_ready.recv().unwrap();
        settle();
        scheduler.spawn(async move { tell.send(7).unwrap() }).detach();
        assert_eq!(tenter_core::park::block_on(blocked), Ok(7));
        scheduler.close();
    });
}

/// More tasks than fit into a ring: what lies behind it is handed over, too, and dropped, too.
#[test]
fn a_worker_that_blocks_or_is_closed_must_leave_nothing_behind_its_ring() {
    within(120, || {
        let scheduler = scheduler(2);
        let inner = scheduler.clone();
        let nested = scheduler.spawn(async move {
            let tasks: Vec<_> = (0..1000).map(|i| inner.spawn(async move { i })).collect();
            let mut sum = 0;
            for task in tasks {
                sum += inner.block_on(task);
            }
            sum
        });
        assert_eq!(tenter_core::park::block_on(nested), 499_500);
        let inner = scheduler.clone();
        let last = scheduler.spawn(async move {
            for _ in 0..1000 {
                inner.spawn(pending::<()>()).detach();
            }
            inner.close();
        });
        let _ended = tenter_core::park::block_on(last.fallible());
        scheduler.close();
        assert_eq!(scheduler.live_tasks(), 0);
    });
}

#[test]
fn a_push_after_a_long_sleep_of_block_on_must_be_run() {
    within(120, || {
        let scheduler = scheduler(2);
        scheduler.block_on(async {
            scheduler.spawn(async {}).await;
            let mut asked = false;
            poll_fn(|cx| {
                if std::mem::replace(&mut asked, true) {
                    return Poll::Ready(());
                }
                let waker = cx.waker().clone();
                thread::spawn(move || {
                    thread::sleep(LONG_IDLE);
                    waker.wake();
                });
                Poll::Pending
            })
            .await;
            let (tell, told) = mpsc::channel();
            scheduler.spawn(async move { tell.send(7).unwrap() }).detach();
            assert_eq!(told.recv_timeout(Duration::from_secs(30)), Ok(7));
        });
        scheduler.close();
    });
}
