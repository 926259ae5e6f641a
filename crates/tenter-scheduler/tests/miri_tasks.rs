//! Small programs for Miri with many seeds: what a task's memory and a slot's recycling depend on. Without timing,
//! with two workers at most. They run without Miri, too, and are weak there.
#![cfg(not(tenter_loom))]

mod common;

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;

use common::{scheduler, yield_now};
use tenter_scheduler::injector::Injector;

/// Counts its drops.
struct Count(Arc<AtomicUsize>);

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn tasks_are_spawned_stolen_and_closed_from_inside_and_outside() {
    for (workers, inside) in [(0, false), (1, true), (2, false), (2, true)] {
        let scheduler = scheduler(workers);
        let dropped = Arc::new(AtomicUsize::new(0));
        let (inner, count) = (scheduler.clone(), dropped.clone());
        let task = scheduler.spawn(async move {
            let children: Vec<_> = (0..3)
                .map(|_| {
                    let count = Count(count.clone());
                    inner.spawn(async move {
                        yield_now().await;
                        drop(count);
                    })
                })
                .collect();
            for child in children {
                child.await;
            }
            let kept = Count(count);
            let endless = inner.spawn(async move {
                let _kept = kept;
                pending::<()>().await;
            });
            endless.detach();
            if inside {
                inner.close();
            }
        });
        scheduler.block_on(task.fallible());
        scheduler.close();
        assert_eq!((dropped.load(SeqCst), scheduler.live_tasks()), (4, 0));
    }
}

/// Small blocks, so that pushers are about to read one while a taker gives it back.
#[test]
fn an_injectors_block_must_not_be_freed_beneath_a_pusher() {
    let injector = Arc::new(Injector::<Box<usize>, 2>::new());
    let pushers = [0, 100].map(|from| {
        let injector = injector.clone();
        thread::spawn(move || (from..from + 6).for_each(|i| injector.push(Box::new(i))))
    });
    let mut taken = Vec::new();
    while taken.len() < 12 {
        let first = injector.take(3, |item| taken.push(*item));
        taken.extend(first.map(|first| *first));
    }
    pushers.into_iter().for_each(|pusher| pusher.join().unwrap());
    taken.sort_unstable();
    assert!(taken.into_iter().eq((0..6).chain(100..106)));
    injector.push(Box::new(7));
}

/// The schedule function must read what it needs of the task before it publishes the runnable: the task may be
/// dropped, and its slot have its next runtime, before the wake returns.
#[test]
fn a_wake_must_not_touch_the_task_after_its_runnable_was_published() {
    for workers in [1, 1, 0] {
        let scheduler = scheduler(workers);
        let (send, wakers) = mpsc::channel();
        let task = scheduler.spawn(poll_fn(move |cx| {
            // Ready at the second poll: then the task is gone as soon as it was run.
            match send.send(cx.waker().clone()) {
                Ok(()) => Poll::Pending,
                Err(_) => Poll::Ready(()),
            }
        }));
        task.detach();
        let waker = if workers == 0 {
            scheduler.block_on(yield_now());
            wakers.recv().unwrap()
        } else {
            wakers.recv().unwrap()
        };
        drop(wakers);
        let foreign = thread::spawn(move || waker.wake());
        scheduler.close();
        drop(scheduler);
        // In the recycled slot.
        let next = common::scheduler(workers);
        assert_eq!(next.block_on(next.spawn(async { 7 })), 7);
        next.close();
        foreign.join().unwrap();
    }
}

/// The same with a thread in `block_on` that finds each runnable at once, without having been told.
#[test]
fn a_task_that_ends_before_its_wake_returns_must_not_be_touched_by_it() {
    let scheduler = scheduler(0);
    let (send, wakers) = mpsc::channel::<Waker>();
    for _ in 0..12 {
        let send = send.clone();
        let mut first = true;
        let task = scheduler.spawn(poll_fn(move |cx| {
            if std::mem::take(&mut first) {
                send.send(cx.waker().clone()).unwrap();
                return Poll::Pending;
            }
            Poll::Ready(())
        }));
        task.detach();
    }
    drop(send);
    let foreign = thread::spawn(move || wakers.into_iter().take(12).for_each(Waker::wake));
    scheduler.block_on(async {
        while scheduler.live_tasks() > 0 {
            yield_now().await;
        }
    });
    foreign.join().unwrap();
    scheduler.close();
}

/// Each of two wakes must be followed by a poll that sees what its waker did before.
#[test]
fn the_second_of_two_wakers_must_not_be_swallowed() {
    let scheduler = scheduler(1);
    for on_worker in [true, false] {
        let (send, wakers) = mpsc::channel::<Waker>();
        let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let seen = flags.clone();
        let future = poll_fn(move |cx| {
            if seen.iter().all(|flag| flag.load(Relaxed)) {
                return Poll::Ready(());
            }
            let _ = send.send(cx.waker().clone());
            Poll::Pending
        });
        let both = thread::spawn(move || {
            let first = wakers.recv().unwrap();
            let second = first.clone();
            let threads = [first, second].into_iter().enumerate().map(|(flag, waker)| {
                let flags = flags.clone();
                thread::spawn(move || {
                    flags[flag].store(true, Relaxed);
                    waker.wake();
                })
            });
            for thread in threads.collect::<Vec<_>>() {
                thread.join().unwrap();
            }
        });
        if on_worker {
            scheduler.block_on(scheduler.spawn(future));
        } else {
            scheduler.block_on(future);
        }
        both.join().unwrap();
    }
    scheduler.close();
}

#[test]
fn a_task_is_cancelled_while_it_is_woken_and_while_it_runs() {
    let scheduler = scheduler(1);
    let dropped = Arc::new(AtomicUsize::new(0));
    let (send, wakers) = mpsc::channel();
    let count = Count(dropped.clone());
    let task = scheduler.spawn(poll_fn(move |cx| {
        let _count = &count;
        let _ = send.send(cx.waker().clone());
        Poll::<()>::Pending
    }));
    let waker: Waker = wakers.recv().unwrap();
    let foreign = thread::spawn(move || waker.wake());
    drop(task);
    foreign.join().unwrap();
    // One that drops its own handle in its poll.
    let (send, own) = mpsc::channel();
    let count = Count(dropped.clone());
    let suicide = scheduler.spawn(async move {
        let _count = count;
        drop(own.recv().unwrap());
        pending::<()>().await;
    });
    send.send(suicide).unwrap();
    scheduler.close();
    assert_eq!(dropped.load(SeqCst), 2);
}

#[test]
fn block_on_is_nested_in_every_position() {
    for workers in [0, 1, 2] {
        let scheduler = scheduler(workers);
        let inner = scheduler.clone();
        let flag = Arc::new(AtomicBool::new(false));
        let opened = flag.clone();
        let task = scheduler.spawn(async move {
            let sibling = inner.spawn(async {
                yield_now().await;
                1
            });
            let deep = inner.clone();
            let value = inner.block_on(async move { deep.block_on(sibling) });
            inner.block_on(async {
                while !opened.load(SeqCst) {
                    yield_now().await;
                    thread::yield_now();
                }
            });
            value
        });
        let value = scheduler.block_on(async {
            yield_now().await;
            flag.store(true, SeqCst);
            task.await
        });
        assert_eq!(value, 1);
        scheduler.close();
    }
}

#[test]
fn panics_leave_everything_whole() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in drop, on purpose");
        }
    }
    tenter_task::set_unhandled_panic_hook(Some(Box::new(|_| {})));
    let scheduler = scheduler(1);
    let task = scheduler.spawn(async { panic!("awaited, on purpose") });
    assert!(catch_unwind(AssertUnwindSafe(|| scheduler.block_on(task))).is_err());
    scheduler.spawn(async { panic!("not awaited, on purpose") }).detach();
    scheduler.spawn(async { Bomb }).detach();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        scheduler.block_on(async {
            let bomb = Bomb;
            scheduler
                .spawn(async move {
                    let _bomb = bomb;
                    pending::<()>().await;
                })
                .detach();
            yield_now().await;
            panic!("in block_on, on purpose");
        })
    }));
    assert!(caught.is_err());
    assert_eq!(scheduler.block_on(scheduler.spawn(async { 2 })), 2);
    scheduler.close();
    assert_eq!(scheduler.live_tasks(), 0);
    tenter_task::set_unhandled_panic_hook(None);
}

#[test]
fn a_foreign_wake_at_the_close_must_not_leave_a_nested_block_on_asleep() {
    let scheduler = scheduler(1);
    let (send, wakers) = mpsc::channel();
    let other = scheduler.spawn(poll_fn(move |cx| {
        let _ = send.send(cx.waker().clone());
        Poll::<()>::Pending
    }));
    let waker: Waker = wakers.recv().unwrap();
    let foreign = thread::spawn(move || waker.wake());
    let inner = scheduler.clone();
    let closer = scheduler.spawn(async move {
        inner.close();
        assert_eq!(inner.block_on(other.fallible()), None);
    });
    scheduler.block_on(closer.fallible());
    foreign.join().unwrap();
    scheduler.close();
}
