//! The scheduler without a driver: running, stealing, closing, `block_on` in every position.

#![cfg(not(tenter_loom))]

mod common;

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;

use common::{chaos, scheduler, within, yield_now};
use tenter_scheduler::{Config, MAX_WORKERS, MakeError, NoPark, Scheduler};

#[test]
fn every_task_runs_once_and_gives_its_output() {
    for workers in [0, 1, 2, 4] {
        within(120, move || {
            let scheduler = scheduler(workers);
            let tasks: Vec<_> = (0..10_000u64)
                .map(|i| {
                    scheduler.spawn(async move {
                        yield_now().await;
                        i
                    })
                })
                .collect();
            let sum = scheduler.block_on(async {
                let mut sum = 0;
                for task in tasks {
                    sum += task.await;
                }
                sum
            });
            assert_eq!(sum, 9_999 * 10_000 / 2);
            scheduler.close();
            assert_eq!(scheduler.live_tasks(), 0);
        });
    }
}

#[test]
fn tasks_that_spawn_tasks_overflow_the_ring_and_lose_nothing() {
    within(120, || {
        let scheduler = scheduler(2);
        let count = Arc::new(AtomicUsize::new(0));
        let inner = (scheduler.clone(), count.clone());
        scheduler.block_on(scheduler.spawn(async move {
            let tasks: Vec<_> = (0..2_000)
                .map(|_| {
                    let count = inner.1.clone();
                    inner.0.spawn(async move {
                        yield_now().await;
                        count.fetch_add(1, SeqCst);
                    })
                })
                .collect();
            for task in tasks {
                task.await;
            }
        }));
        assert_eq!(count.load(SeqCst), 2_000);
        scheduler.close();
    });
}

#[test]
fn block_on_without_a_spawn_starts_no_thread() {
    let started = Arc::new(AtomicUsize::new(0));
    let seen = started.clone();
    let mut config = Config::default();
    config.chaos = chaos();
    config.on_thread_start = Some(Arc::new(move || {
        seen.fetch_add(1, SeqCst);
    }));
    let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
    scheduler.block_on(yield_now());
    scheduler.close();
    assert_eq!(started.load(SeqCst), 0);
}

#[test]
fn a_blocking_main_function_must_not_hang_the_task_it_waits_for() {
    within(120, || {
        let scheduler = scheduler(2);
        for _ in 0..50 {
            let (send, receive) = mpsc::channel();
            let inner = scheduler.clone();
            scheduler.block_on(async move {
                inner.spawn(async move { send.send(1).unwrap() }).detach();
                assert_eq!(receive.recv(), Ok(1));
            });
        }
        scheduler.close();
    });
}

#[test]
fn leaving_block_on_hands_its_tasks_over() {
    within(120, || {
        let scheduler = scheduler(2);
        let (send, receive) = mpsc::channel();
        scheduler.block_on(async {
            scheduler
                .spawn(async move {
                    for _ in 0..100 {
                        yield_now().await;
                    }
                    send.send(()).unwrap();
                })
                .detach();
        });
        receive.recv().unwrap();
        scheduler.close();
    });
}

#[test]
fn nested_block_on_must_not_hang_on_a_sibling_or_on_the_outer_future() {
    for workers in [0, 1, 2] {
        within(120, move || {
            let scheduler = scheduler(workers);
            let inner = scheduler.clone();
            let gate = Arc::new(AtomicBool::new(false));
            let opened = gate.clone();
            let nested = scheduler.spawn(async move {
                let sibling = inner.spawn(async {
                    yield_now().await;
                    3
                });
                let value = inner.block_on(sibling);
                inner.block_on(async {
                    while !opened.load(SeqCst) {
                        yield_now().await;
                    }
                });
                value
            });
            let value = scheduler.block_on(async move {
                yield_now().await;
                gate.store(true, SeqCst);
                nested.await
            });
            assert_eq!(value, 3);
            scheduler.close();
        });
    }
}

#[test]
fn many_block_on_callers_of_a_current_thread_scheduler_all_end() {
    within(120, || {
        let scheduler = scheduler(0);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let scheduler = scheduler.clone();
                thread::spawn(move || {
                    for _ in 0..200 {
                        let task = scheduler.spawn(async {
                            yield_now().await;
                            1
                        });
                        assert_eq!(scheduler.block_on(task), 1);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        scheduler.close();
    });
}

#[test]
fn a_foreign_wake_reaches_a_sleeping_worker() {
    within(120, || {
        let scheduler = scheduler(2);
        for _ in 0..200 {
            let (send, receive) = mpsc::channel();
            let flag = Arc::new(AtomicBool::new(false));
            let seen = flag.clone();
            let task = scheduler.spawn(poll_fn(move |cx| {
                if seen.load(SeqCst) {
                    return Poll::Ready(());
                }
                send.send(cx.waker().clone()).unwrap();
                Poll::Pending
            }));
            let waker = receive.recv().unwrap();
            flag.store(true, SeqCst);
            waker.wake();
            scheduler.block_on(task);
        }
        scheduler.close();
    });
}

#[test]
fn a_panicking_task_must_not_lose_a_worker() {
    within(120, || {
        let scheduler = scheduler(1);
        for _ in 0..20 {
            let task = scheduler.spawn(async { panic!("on purpose") });
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scheduler.block_on(task)));
            assert!(caught.is_err());
        }
        assert_eq!(scheduler.block_on(scheduler.spawn(async { 5 })), 5);
        scheduler.close();
    });
}

#[test]
fn closing_drops_every_future_once_from_everywhere() {
    struct Count(Arc<AtomicUsize>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    for workers in [0, 1, 2] {
        for inside in [false, true] {
            within(120, move || {
                let scheduler = scheduler(workers);
                let dropped = Arc::new(AtomicUsize::new(0));
                for _ in 0..100 {
                    let count = Count(dropped.clone());
                    scheduler
                        .spawn(async move {
                            let _count = count;
                            pending::<()>().await;
                        })
                        .detach();
                }
                if inside {
                    let inner = scheduler.clone();
                    let closer = scheduler.spawn(async move { inner.close() }).fallible();
                    scheduler.block_on(closer);
                } else {
                    scheduler.close();
                }
                // From inside only the signal is sure; a second call, from outside, waits.
                scheduler.close();
                assert_eq!(dropped.load(SeqCst), 100);
                assert_eq!(scheduler.live_tasks(), 0);
                let late = scheduler.spawn(async {}).fallible();
                assert_eq!(scheduler.block_on(late), None);
            });
        }
    }
}

#[test]
fn a_wake_after_the_close_must_not_touch_anything() {
    within(120, || {
        for round in 0..200 {
            let scheduler = scheduler(round % 3);
            let (send, receive) = mpsc::channel();
            scheduler
                .spawn(poll_fn(move |cx| {
                    let _ = send.send(cx.waker().clone());
                    Poll::<()>::Pending
                }))
                .detach();
            if round % 3 == 0 {
                scheduler.block_on(yield_now());
            }
            let waker = receive.recv().unwrap();
            let foreign = thread::spawn(move || waker.wake());
            scheduler.close();
            drop(scheduler);
            foreign.join().unwrap();
        }
    });
}

#[test]
fn more_workers_than_can_be_are_refused() {
    let mut config = Config::default();
    config.workers = MAX_WORKERS + 1;
    let error = Scheduler::new(config, Arc::new(NoPark)).unwrap_err();
    assert_eq!(error, MakeError::TooManyWorkers(MAX_WORKERS + 1));
}
