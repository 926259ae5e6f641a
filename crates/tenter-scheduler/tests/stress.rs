//! Many of everything, for a few seconds at most.
#![cfg(not(tenter_loom))]

mod common;

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use common::{scheduler, within, yield_now};
use tenter_scheduler::Scheduler;

#[test]
fn a_task_must_not_be_taken_twice_however_much_is_stolen() {
    within(120, || {
        const TASKS: usize = 20_000;
        let scheduler = scheduler(4);
        let runs: Arc<Vec<AtomicU32>> = Arc::new((0..TASKS).map(|_| AtomicU32::new(0)).collect());
        let (inner, counts) = (scheduler.clone(), runs.clone());
        // One worker makes them all, so that the others live by stealing.
        scheduler.block_on(scheduler.spawn(async move {
            let tasks: Vec<_> = (0..TASKS)
                .map(|task| {
                    let counts = counts.clone();
                    inner.spawn(async move {
                        yield_now().await;
                        counts[task].fetch_add(1, Relaxed);
                    })
                })
                .collect();
            for task in tasks {
                task.await;
            }
        }));
        assert!(runs.iter().all(|count| count.load(Relaxed) == 1));
        scheduler.close();
    });
}

#[test]
fn block_on_from_many_threads_must_not_lose_a_wake() {
    for workers in [0, 1, 2] {
        within(120, move || {
            let scheduler = scheduler(workers);
            let threads: Vec<_> = (0..8)
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
}

#[test]
fn schedulers_that_close_under_load_drop_every_future_once() {
    struct Count(Arc<AtomicUsize>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    within(120, || {
        for round in 0..200 {
            let scheduler = scheduler(round % 3);
            let dropped = Arc::new(AtomicUsize::new(0));
            let tasks = 50;
            for _ in 0..tasks {
                let count = Count(dropped.clone());
                let restless = async move {
                    let _count = count;
                    loop {
                        yield_now().await;
                    }
                };
                scheduler.spawn(restless).detach();
            }
            let inside = scheduler.spawn({
                let scheduler = scheduler.clone();
                async move { scheduler.close() }
            });
            if round % 2 == 0 {
                scheduler.block_on(inside.fallible());
            } else {
                drop(inside);
            }
            scheduler.close();
            assert_eq!(dropped.load(SeqCst), tasks);
        }
    });
}

/// Wakes, spawns and blocks when its thread's locals are destroyed.
struct AtExit {
    scheduler: Scheduler,
    waker: Waker,
    done: mpsc::Sender<i32>,
}

impl Drop for AtExit {
    fn drop(&mut self) {
        self.waker.wake_by_ref();
        let value = self.scheduler.block_on(self.scheduler.spawn(async { 1 }).fallible());
        self.scheduler.spawn(pending::<()>()).detach();
        let _ = self.done.send(value.unwrap_or(0));
    }
}

thread_local! {
    static AT_EXIT: RefCell<Option<AtExit>> = const { RefCell::new(None) };
}

#[test]
fn thread_local_destructors_may_wake_spawn_and_block() {
    for workers in [0, 1] {
        within(120, move || {
            let scheduler = scheduler(workers);
            let (done, values) = mpsc::channel();
            let inner = scheduler.clone();
            // In a worker's thread-locals, if there is one: destroyed after the close.
            let task = scheduler.spawn(async move {
                let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
                let at_exit = AtExit { scheduler: inner.clone(), waker, done: done.clone() };
                let on_worker = at_exit.scheduler.workers() > 0;
                if on_worker {
                    AT_EXIT.set(Some(at_exit));
                }
                let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
                thread::spawn(move || {
                    AT_EXIT.set(Some(AtExit { scheduler: inner, waker, done }));
                })
            });
            let foreign = scheduler.block_on(task);
            // With no worker somebody else must run what the destructor waits for, or it does so in the seat.
            foreign.join().unwrap();
            assert_eq!(values.recv_timeout(Duration::from_secs(30)), Ok(1));
            scheduler.close();
            if workers == 1 {
                // The worker's came too late to spawn.
                assert_eq!(values.recv_timeout(Duration::from_secs(30)), Ok(0));
            } else {
                drop(scheduler);
            }
        });
    }
}
