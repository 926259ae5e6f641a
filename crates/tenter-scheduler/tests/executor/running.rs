//! What runs, where, and in whose turn.

use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;

use tenter_core::park::block_on;
use tenter_scheduler::{Executor, LocalExecutor};

use crate::common::scheduler;
use crate::{within, yield_now};

const TASKS: usize = if cfg!(miri) { 20 } else { 5_000 };

/// Runs the executor on four threads until the future, on this one, has ended.
fn on_four_threads<T>(executor: &Executor<'_>, future: impl Future<Output = T>) -> T {
    let done = AtomicBool::new(false);
    let mut stops = Vec::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            let waker = Arc::new(Mutex::new(None));
            stops.push(waker.clone());
            let stop = poll_fn({
                let done = &done;
                move |cx| {
                    *waker.lock().unwrap() = Some(cx.waker().clone());
                    if done.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
                }
            });
            scope.spawn(|| block_on(executor.run(stop)));
        }
        let output = block_on(future);
        done.store(true, SeqCst);
        for waker in &stops {
            let waker = waker.lock().unwrap().take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        output
    })
}

#[test]
fn four_threads_run_tasks_that_borrow() {
    within(120, || {
        let numbers: Vec<usize> = (0..TASKS).collect();
        let polls: Vec<AtomicUsize> = (0..TASKS).map(|_| AtomicUsize::new(0)).collect();
        let executor = Executor::new();
        let sum = on_four_threads(&executor, async {
            let tasks: Vec<_> = numbers
                .iter()
                .map(|number| {
                    let polls = &polls[*number];
                    executor.spawn(async move {
                        polls.fetch_add(1, SeqCst);
                        yield_now().await;
                        polls.fetch_add(1, SeqCst);
                        number
                    })
                })
                .collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await;
            }
            sum
        });
        assert_eq!(sum, TASKS * (TASKS - 1) / 2);
        assert!(polls.iter().all(|polls| polls.load(SeqCst) == 2));
        assert!(executor.is_empty());
    });
}

#[test]
fn tasks_spawn_tasks_on_four_threads() {
    within(120, || {
        let ended = AtomicUsize::new(0);
        let executor = Arc::new(Executor::new());
        on_four_threads(&executor, async {
            let outer: Vec<_> = (0..TASKS / 10)
                .map(|_| {
                    let (own, ended) = (Arc::downgrade(&executor), &ended);
                    executor.spawn(async move {
                        let mut inner = Vec::new();
                        for _ in 0..10 {
                            let executor = own.upgrade().unwrap();
                            inner.push(executor.spawn(async { ended.fetch_add(1, SeqCst) }));
                        }
                        for task in inner {
                            task.await;
                        }
                    })
                })
                .collect();
            for task in outer {
                task.await;
            }
        });
        assert_eq!(ended.load(SeqCst), TASKS / 10 * 10);
    });
}

#[test]
fn ticks_poll_one_task_each_in_the_order_of_their_wakes() {
    let order = Mutex::new(Vec::new());
    let executor = Executor::new();
    assert!(!executor.try_tick());
    for name in ["warp", "weft"] {
        let order = &order;
        let say = async move {
            order.lock().unwrap().push(name);
            yield_now().await;
            order.lock().unwrap().push(name);
        };
        executor.spawn(say).detach();
    }
    assert!(executor.try_tick());
    assert_eq!(*order.lock().unwrap(), ["warp"]);
    block_on(executor.tick());
    block_on(executor.tick());
    assert!(!executor.is_empty());
    assert!(executor.try_tick());
    assert!(executor.is_empty());
    assert!(!executor.try_tick());
    assert_eq!(*order.lock().unwrap(), ["warp", "weft", "warp", "weft"]);
}

#[test]
fn spawn_many_adds_a_handle_per_future() {
    let executor = Executor::new();
    let mut tasks = vec![executor.spawn(ready(0))];
    executor.spawn_many((1..10).map(ready), &mut tasks);
    let outputs = block_on(executor.run(async {
        let mut outputs = Vec::new();
        for task in tasks {
            outputs.push(task.await);
        }
        outputs
    }));
    assert_eq!(outputs, (0..10).collect::<Vec<_>>());
}

#[test]
fn an_iterator_that_panics_leaves_the_executor_usable() {
    let executor = Executor::new();
    let mut tasks = Vec::new();
    let futures = (0..5).map(|i| if i < 3 { ready(i) } else { panic!("no more thread on the bobbin") });
    catch_unwind(AssertUnwindSafe(|| executor.spawn_many(futures, &mut tasks))).unwrap_err();
    while executor.try_tick() {}
    assert_eq!(block_on(executor.run(executor.spawn(ready(7)))), 7);
}

#[test]
fn a_task_that_is_always_ready_does_not_starve_the_future() {
    within(120, || {
        let polls = AtomicUsize::new(0);
        let executor = Executor::new();
        let spin = executor.spawn(poll_fn(|cx| -> Poll<()> {
            polls.fetch_add(1, SeqCst);
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        // Nobody wakes this future: it relies on being polled again once `run` yields.
        let enough = poll_fn(|_| if polls.load(SeqCst) >= 1_000 { Poll::Ready(()) } else { Poll::Pending });
        block_on(executor.run(enough));
        assert!(polls.load(SeqCst) < 2_000, "the future had no turn for {} polls", polls.load(SeqCst));
        drop(spin);
    });
}

#[test]
fn a_panic_is_the_awaiters_alone() {
    let executor = Executor::new();
    let good = executor.spawn(async {
        yield_now().await;
        "whole"
    });
    let bad = executor.spawn(async { panic!("torn") });
    let torn = catch_unwind(AssertUnwindSafe(|| block_on(executor.run(bad)))).unwrap_err();
    assert_eq!(torn.downcast_ref::<&str>(), Some(&"torn"));
    assert_eq!(block_on(executor.run(good)), "whole");
    assert!(executor.is_empty());
}

#[test]
fn the_spawn_site_is_the_callers() {
    static SITES: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    tenter_task::set_unhandled_panic_hook(Some(Box::new(|panic| {
        if panic.message() == Some("where was I spawned?") {
            SITES.lock().unwrap().push(panic.spawned_at.line());
        }
    })));
    let lost = || async { panic!("where was I spawned?") };
    let (executor, local) = (Executor::new(), LocalExecutor::new());
    let mut tasks: Vec<tenter_task::Task<()>> = Vec::new();
    let here = Location::caller().line();
    executor.spawn(lost()).detach();
    local.spawn(lost()).detach();
    executor.spawn_many([lost()], &mut tasks);
    local.spawn_many([lost()], &mut tasks);
    while executor.try_tick() || local.try_tick() {}
    drop(tasks);
    tenter_task::set_unhandled_panic_hook(None);
    let mut sites = SITES.lock().unwrap().clone();
    sites.sort_unstable();
    assert_eq!(sites, [here + 1, here + 2, here + 3, here + 4]);
}

#[test]
fn executors_nest() {
    let outer = Executor::new();
    let sum = block_on(outer.run(async {
        let inner = Executor::new();
        let local = LocalExecutor::new();
        let one = outer.spawn(async {
            yield_now().await;
            1
        });
        let two = inner.spawn(async { one.await + 1 });
        let four = local.spawn(async { two.await + 2 });
        inner.run(local.run(four)).await
    }));
    assert_eq!(sum, 4);

    let task = outer.spawn(async {
        let inner = Executor::new();
        let task = inner.spawn(async {
            yield_now().await;
            5
        });
        inner.run(task).await
    });
    assert_eq!(block_on(outer.run(task)), 5);
    // A task may also run its own executor.
    let count = Cell::new(0);
    let local = LocalExecutor::new();
    local.spawn(async { count.set(count.get() + 1) }).detach();
    let task = LocalExecutor::new();
    let again = task.spawn(async {
        while local.try_tick() {
            yield_now().await;
        }
    });
    block_on(task.run(again));
    assert_eq!(count.get(), 1);
}

#[test]
fn a_scheduler_runs_executors() {
    within(120, || {
        for workers in [0, 2] {
            let scheduler = scheduler(workers);
            static EXECUTOR: Executor<'static> = Executor::new();
            let runner = scheduler.spawn(EXECUTOR.run(pending::<()>()));
            let local = LocalExecutor::new();
            let sum = scheduler.block_on(local.run(async {
                let task = local.spawn(async { EXECUTOR.spawn(async { 20 }).await + 1 });
                task.await + EXECUTOR.spawn(async { 21 }).await
            }));
            assert_eq!(sum, 42);
            drop(runner);
            scheduler.close();
        }
    });
}

#[test]
fn debug_counts_and_default_is_new() {
    let executor = Executor::default();
    assert_eq!(format!("{executor:?}"), "Executor { tasks: 0, queued: 0, sleepers: 0 }");
    executor.spawn(async {}).detach();
    assert_eq!(format!("{executor:?}"), "Executor { tasks: 1, queued: 1, sleepers: 0 }");
    let local = LocalExecutor::default();
    local.spawn(pending::<()>()).detach();
    local.try_tick();
    assert_eq!(format!("{local:?}"), "LocalExecutor { tasks: 1, queued: 0, sleepers: 0 }");
}
