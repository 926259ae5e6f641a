//! `block_on` where it could hang or lose a wake: nested, across runtimes, with a future that panics.
#![cfg(not(tenter_loom))]

mod common;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use common::{config, scheduler, settle, within, yield_now};
use tenter_scheduler::{NoPark, Scheduler};

/// Pending until the flag is set; gives its waker away at each poll.
async fn wait_for(flag: Arc<AtomicBool>, wakers: mpsc::Sender<Waker>) {
    poll_fn(|cx| {
        if flag.load(SeqCst) {
            return Poll::Ready(());
        }
        wakers.send(cx.waker().clone()).unwrap();
        Poll::Pending
    })
    .await;
}

#[test]
fn leaving_a_nested_block_on_must_not_leave_a_searcher_behind() {
    within(120, || {
        let scheduler = scheduler(1);
        for _ in 0..50 {
            let (send, wakers) = mpsc::channel();
            let flag = Arc::new(AtomicBool::new(false));
            let (inner, waited) = (scheduler.clone(), flag.clone());
            let nested = scheduler.spawn(async move { inner.block_on(wait_for(waited, send)) });
            let waker = wakers.recv().unwrap();
            settle();
            // The worker is chosen for this task, and finds when it wakes that it may leave.
            let other = scheduler.spawn(async {});
            flag.store(true, SeqCst);
            waker.wake();
            scheduler.block_on(nested);
            scheduler.block_on(other);
            settle();
            let (send, ran) = mpsc::channel();
            scheduler.spawn(async move { send.send(()).unwrap() }).detach();
            ran.recv_timeout(Duration::from_secs(30)).expect("the sleeping worker was not woken");
        }
        scheduler.close();
    });
}

#[test]
fn a_task_that_yielded_in_block_ons_seat_must_not_wait_for_its_thread() {
    within(120, || {
        // Without chaos: the task has to be polled before the future is polled again, and nobody promises that.
        let mut config = config(1);
        config.chaos = None;
        let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
        let (send_busy, busy) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let occupied = scheduler.spawn(async move {
            send_busy.send(()).unwrap();
            released.recv().unwrap();
        });
        busy.recv().unwrap();
        let (send, receive) = mpsc::channel();
        let inner = scheduler.clone();
        scheduler.block_on(async move {
            inner
                .spawn(async move {
                    // Polled in the seat, for the worker is busy; now it may find nothing and sleep.
                    release.send(()).unwrap();
                    thread::sleep(Duration::from_millis(20));
                    yield_now().await;
                    send.send(()).unwrap();
                })
                .detach();
            yield_now().await;
            receive.recv_timeout(Duration::from_secs(30)).expect("the yielded task waits for this thread");
        });
        scheduler.block_on(occupied);
        scheduler.close();
    });
}

#[test]
fn a_panic_of_the_outer_future_must_reach_the_outer_block_on() {
    for workers in [0, 2] {
        within(120, move || {
            let scheduler = scheduler(workers);
            let flag = Arc::new(AtomicBool::new(false));
            let (inner, outer) = (scheduler.clone(), flag.clone());
            let caught = catch_unwind(AssertUnwindSafe(|| {
                scheduler.block_on(async {
                    let nested = flag.clone();
                    let on_root = scheduler.enter(|| thread::current().id());
                    inner
                        .spawn({
                            let inner = inner.clone();
                            async move {
                                if thread::current().id() == on_root {
                                    nested.store(true, SeqCst);
                                    // Polls the outer future too, which panics.
                                    inner.block_on(yield_now());
                                } else {
                                    nested.store(true, SeqCst);
                                }
                            }
                        })
                        .detach();
                    loop {
                        yield_now().await;
                        assert!(!outer.load(SeqCst), "on purpose");
                    }
                })
            }));
            let message = *caught.unwrap_err().downcast::<&str>().unwrap();
            assert_eq!(message, "on purpose");
            scheduler.close();
        });
    }
}

#[test]
fn block_on_through_another_runtime_and_back_must_not_hang() {
    for workers in [0, 1] {
        within(120, move || {
            let (a, b) = (scheduler(0), scheduler(workers));
            let (outer, back) = (a.clone(), b.clone());
            let task = a.spawn(async move {
                let again = outer.clone();
                let value = outer.spawn(async { 4 });
                back.block_on(async move {
                    // By the second poll the thread has the inner runtime's seat, if that one has no worker.
                    yield_now().await;
                    again.block_on(value)
                })
            });
            assert_eq!(a.block_on(task), 4);
            a.close();
            b.close();
        });
    }
}

#[test]
fn a_worker_blocked_in_another_runtime_must_not_be_relied_upon() {
    within(120, || {
        let (a, b) = (scheduler(2), scheduler(1));
        let (send, wakers) = mpsc::channel();
        let flag = Arc::new(AtomicBool::new(false));
        let (other, waited) = (b.clone(), flag.clone());
        let blocked = a.spawn(async move { other.block_on(wait_for(waited, send)) });
        let waker = wakers.recv().unwrap();
        let inner = a.clone();
        let nested = a.spawn(async move {
            let sibling = inner.spawn(async { 5 });
            inner.block_on(sibling)
        });
        assert_eq!(a.block_on(nested), 5);
        flag.store(true, SeqCst);
        waker.wake();
        a.block_on(blocked);
        a.close();
        b.close();
    });
}

#[test]
fn a_future_beneath_must_be_polled_while_a_nested_block_on_sits_elsewhere() {
    within(60, || {
        let (outer, inner) = (scheduler(0), scheduler(0));
        let (begin, begins) = mpsc::channel();
        let (answer, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (send_outer, outer_wakers) = mpsc::channel();
        let (send_inner, inner_wakers) = mpsc::channel::<Waker>();
        // Wakes the future beneath from another thread, while this one sleeps in the inner seat.
        let asked = answer.clone();
        let foreign = thread::spawn(move || {
            let waker: Waker = outer_wakers.recv().unwrap();
            let () = begins.recv().unwrap();
            thread::sleep(Duration::from_millis(50));
            asked.store(true, SeqCst);
            waker.wake();
        });
        let nested = inner.clone();
        let waited = answers.clone();
        outer.block_on(async {
            outer
                .spawn(async move {
                    begin.send(()).unwrap();
                    nested.block_on(wait_for(waited, send_inner));
                })
                .detach();
            wait_for(answer, send_outer).await;
            answers.store(true, SeqCst);
            for waker in inner_wakers.try_iter() {
                waker.wake();
            }
        });
        foreign.join().unwrap();
    });
}
