//! A runtime can be dropped anywhere, and its drop ends.

use std::any::Any;
use std::future::pending;
use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tenter::{Async, Builder, Runtime, Timer};
use tenter_tests::{Local, MINUTE, everywhere, pair, within};

/// Counts its drops.
struct Count(Arc<AtomicUsize>);

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn spawn_endless(runtime: &Runtime, count: usize, dropped: &Arc<AtomicUsize>) {
    for i in 0..count {
        let count = Count(dropped.clone());
        let task = runtime.spawn(async move {
            let _count = count;
            match i % 3 {
                0 => pending().await,
                1 => drop(Timer::after(Duration::from_secs(1000)).await),
                _ => loop {
                    tenter::future::yield_now().await;
                },
            }
        });
        task.detach();
    }
}

#[test]
fn a_runtime_dropped_inside_its_own_task_must_not_hang() {
    within(MINUTE, || {
        everywhere(|runtime| {
            let dropped = Arc::new(AtomicUsize::new(0));
            spawn_endless(&runtime, 30, &dropped);
            let handle = runtime.handle().clone();
            let (send, receive) = mpsc::channel();
            let task = handle.spawn(async move {
                drop(runtime);
                send.send(()).unwrap();
            });
            let _ = handle.block_on(task.fallible());
            receive.recv().unwrap();
            let start = Instant::now();
            while dropped.load(SeqCst) < 30 && start.elapsed() < MINUTE / 2 {
                thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(dropped.load(SeqCst), 30);
        });
    });
}

#[test]
fn a_runtime_dropped_inside_its_own_block_on_must_not_hang() {
    within(MINUTE, || {
        everywhere(|runtime| {
            let dropped = Arc::new(AtomicUsize::new(0));
            spawn_endless(&runtime, 30, &dropped);
            let handle = runtime.handle().clone();
            handle.block_on(async move { drop(runtime) });
            assert_eq!(dropped.load(SeqCst), 30);
        });
    });
}

#[test]
fn a_runtime_dropped_outside_drops_every_future_before_it_returns() {
    within(MINUTE, || {
        everywhere(|runtime| {
            let dropped = Arc::new(AtomicUsize::new(0));
            spawn_endless(&runtime, 30, &dropped);
            drop(runtime);
            assert_eq!(dropped.load(SeqCst), 30);
        });
    });
}

#[test]
fn a_runtime_dropped_inside_another_must_not_hang() {
    within(MINUTE, || {
        everywhere(|runtime| {
            let other = Builder::new_multi_thread().worker_threads(1).build().unwrap();
            let dropped = Arc::new(AtomicUsize::new(0));
            spawn_endless(&runtime, 30, &dropped);
            other.block_on(other.spawn(async move { drop(runtime) }));
            assert_eq!(dropped.load(SeqCst), 30);
        });
    });
}

#[test]
fn a_runtime_dropped_on_its_blocking_pool_must_not_hang() {
    within(MINUTE, || {
        everywhere(|runtime| {
            let dropped = Arc::new(AtomicUsize::new(0));
            spawn_endless(&runtime, 30, &dropped);
            let handle = runtime.handle().clone();
            let (send, receive) = mpsc::channel();
            handle
                .unblock(move || {
                    drop(runtime);
                    send.send(()).unwrap();
                })
                .detach();
            receive.recv().unwrap();
            assert_eq!(dropped.load(SeqCst), 30);
        });
    });
}

#[test]
fn a_started_blocking_job_must_not_delay_the_drop() {
    within(MINUTE, || {
        everywhere(|runtime| {
            let (release, held) = mpsc::channel::<()>();
            let (started, has_started) = mpsc::channel();
            let job = runtime.unblock(move || {
                started.send(()).unwrap();
                let _ = held.recv();
            });
            has_started.recv().unwrap();
            drop(runtime);
            assert!(!job.is_finished());
            release.send(()).unwrap();
            job.detach();
        });
    });
}

#[test]
fn awaiting_a_task_of_a_dead_runtime_is_none_or_a_panic_with_that_message() {
    within(MINUTE, || {
        everywhere(|runtime| {
            let strict = runtime.spawn(pending::<()>());
            let fallible = runtime.spawn(pending::<()>()).fallible();
            let other = Builder::new_current_thread().build().unwrap();
            drop(runtime);
            assert_eq!(other.block_on(fallible), None);
            let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| other.block_on(strict)));
            let payload = panicked.unwrap_err();
            assert!(payload.downcast_ref::<&str>().unwrap().contains("runtime"));
        });
    });
}

/// A reader that never becomes ready, registered with a runtime.
fn silent(runtime: &Runtime) -> (Async<Local>, Local) {
    let (watched, other) = pair().unwrap();
    (runtime.enter(|| Async::new(watched)).unwrap(), other)
}

#[test]
fn a_source_of_a_dead_runtime_must_not_hang_who_waits_for_it() {
    within(MINUTE, || {
        everywhere(|runtime| {
            let (early, _other) = silent(&runtime);
            let (late, _another) = silent(&runtime);
            let early = thread::spawn(move || futures_lite::future::block_on(early.readable()));
            thread::sleep(Duration::from_millis(20));
            drop(runtime);
            assert_eq!(early.join().unwrap().unwrap_err().kind(), ErrorKind::NotConnected);
            let error = futures_lite::future::block_on(late.readable()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotConnected);
            // The object itself is as good as ever.
            let rescued = Async::new(late.into_inner().unwrap()).unwrap();
            tenter::block_on(rescued.writable()).unwrap();
        });
    });
}

#[test]
fn a_timer_of_a_dead_runtime_must_not_hang_who_waits_for_it() {
    within(MINUTE, || {
        everywhere(|runtime| {
            let early = runtime.enter(|| Timer::after(Duration::from_secs(1000)));
            let late = runtime.enter(|| Timer::after(Duration::from_secs(1000)));
            let early = thread::spawn(move || futures_lite::future::block_on(early));
            thread::sleep(Duration::from_millis(20));
            drop(runtime);
            let message = |payload: Box<dyn Any + Send>| {
                let text = payload.downcast_ref::<String>().map(String::as_str);
                text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap().contains("shut down")
            };
            assert!(message(early.join().unwrap_err()));
            assert!(message(thread::spawn(|| futures_lite::future::block_on(late)).join().unwrap_err()));
        });
    });
}

#[test]
fn block_on_goes_on_after_its_runtime_was_dropped() {
    within(MINUTE, || {
        everywhere(|runtime| {
            let handle = runtime.handle().clone();
            handle.block_on(async move {
                tenter::spawn(async {}).await;
                let (watched, mut other) = silent(&runtime);
                drop(runtime);
                Timer::after(Duration::from_millis(5)).await;
                let writer = thread::spawn(move || {
                    thread::sleep(Duration::from_millis(20));
                    other.write_all(b"x").unwrap();
                    other
                });
                watched.readable().await.unwrap();
                writer.join().unwrap();
            });
        });
    });
}
