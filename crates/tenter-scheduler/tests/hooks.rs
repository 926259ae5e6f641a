//! Thread hooks: when they are called, what they may do, and what their panics cost.
#![cfg(not(tenter_loom))]

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use common::{config, within};
use tenter_scheduler::{Config, NoPark, Scheduler};

/// Runs one task without `block_on`, so that only a worker can.
fn runs_a_task(scheduler: &Scheduler) {
    let (send, ran) = mpsc::channel();
    scheduler.spawn(async move { send.send(()).unwrap() }).detach();
    ran.recv_timeout(Duration::from_secs(30)).expect("no worker ran the task");
}

/// Has both hooks of a sleep counted.
fn count_sleeps(config: &mut Config) -> [Arc<AtomicUsize>; 2] {
    let counts = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
    let [parks, unparks] = counts.clone();
    config.on_thread_park = Some(Arc::new(move || _ = parks.fetch_add(1, SeqCst)));
    config.on_thread_unpark = Some(Arc::new(move || _ = unparks.fetch_add(1, SeqCst)));
    counts
}

/// Waits until `count` is as large.
fn reaches(count: &AtomicUsize, least: usize) {
    let start = Instant::now();
    while count.load(SeqCst) < least {
        assert!(start.elapsed() < Duration::from_secs(30), "{} of {least} calls", count.load(SeqCst));
        thread::sleep(Duration::from_micros(100));
    }
}

#[test]
fn each_sleep_after_a_poll_is_told_of_once_and_its_end_before_the_next_poll() {
    within(120, || {
        let mut config = config(1);
        let [parks, unparks] = count_sleeps(&mut config);
        let chaos = config.chaos.is_some();
        let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
        for round in 1..=20 {
            let counts = [parks.clone(), unparks.clone()];
            let (send, seen) = mpsc::channel();
            scheduler.spawn(async move { send.send(counts.map(|count| count.load(SeqCst))).unwrap() }).detach();
            let [parked, unparked] = seen.recv_timeout(Duration::from_secs(30)).expect("no worker ran the task");
            assert_eq!(parked, unparked, "a worker polls while it is told to be parked");
            reaches(&parks, round);
            if !chaos {
                assert_eq!(parks.load(SeqCst), round);
            }
        }
        scheduler.close();
        assert_eq!(parks.load(SeqCst), unparks.load(SeqCst));
    });
}

#[test]
fn what_a_park_hook_spawns_must_not_be_slept_past() {
    within(120, || {
        let handle: Arc<Mutex<Option<Scheduler>>> = Arc::default();
        let (send, ran) = mpsc::channel();
        let mut config = config(1);
        let own = handle.clone();
        config.on_thread_park = Some(Arc::new(move || {
            let Some(scheduler) = own.lock().unwrap().take() else { return };
            let send = send.clone();
            scheduler.spawn(async move { send.send(()).unwrap() }).detach();
        }));
        let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
        for _ in 0..20 {
            *handle.lock().unwrap() = Some(scheduler.clone());
            runs_a_task(&scheduler);
            ran.recv_timeout(Duration::from_secs(30)).expect("the worker sleeps on what its hook spawned");
        }
        scheduler.close();
    });
}

#[test]
fn a_park_hook_that_takes_long_holds_nothing_up() {
    within(120, || {
        let (release, released) = mpsc::channel::<()>();
        let (enter, entered) = mpsc::channel();
        let released = Mutex::new(Some(released));
        let mut config = config(2);
        config.on_thread_park = Some(Arc::new(move || {
            let first = released.lock().unwrap().take();
            if let Some(released) = first {
                enter.send(()).unwrap();
                released.recv().unwrap();
            }
        }));
        let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
        runs_a_task(&scheduler);
        entered.recv_timeout(Duration::from_secs(30)).expect("no worker goes to sleep");
        runs_a_task(&scheduler);
        release.send(()).unwrap();
        scheduler.close();
    });
}

#[test]
fn without_workers_the_thread_in_block_on_tells_of_its_sleeps() {
    within(120, || {
        let mut config = config(0);
        let [parks, unparks] = count_sleeps(&mut config);
        let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
        let (waker, wakers) = mpsc::channel::<std::task::Waker>();
        let late = thread::spawn(move || {
            for waker in wakers {
                thread::sleep(Duration::from_millis(20));
                waker.wake();
            }
        });
        let (before, after) = (parks.clone(), unparks.clone());
        let mut polls = 0;
        scheduler.block_on(std::future::poll_fn(move |cx| {
            assert_eq!(before.load(SeqCst), after.load(SeqCst), "it polls while it is told to be parked");
            if before.load(SeqCst) > 3 {
                return std::task::Poll::Ready(());
            }
            polls += 1;
            assert!(polls < 1000, "it sleeps untold");
            waker.send(cx.waker().clone()).unwrap();
            std::task::Poll::Pending
        }));
        late.join().unwrap();
        assert_eq!(parks.load(SeqCst), unparks.load(SeqCst));
        scheduler.close();
    });
}

/// A future that is ready once the function was called.
fn signal() -> (Arc<dyn Fn() + Send + Sync>, impl Future<Output = ()>) {
    let state = Arc::new(Mutex::new((false, None::<std::task::Waker>)));
    let sender = state.clone();
    let send = move || {
        let mut state = sender.lock().unwrap();
        state.0 = true;
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    };
    let ran = std::future::poll_fn(move |cx| {
        let mut state = state.lock().unwrap();
        state.1 = Some(cx.waker().clone());
        if state.0 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    });
    (Arc::new(send), ran)
}

#[test]
fn what_a_park_hook_spawns_without_workers_must_not_be_slept_past() {
    within(120, || {
        let handle: Arc<Mutex<Option<Scheduler>>> = Arc::default();
        let (send, ran) = signal();
        let mut config = config(0);
        let own = handle.clone();
        config.on_thread_park = Some(Arc::new(move || {
            let Some(scheduler) = own.lock().unwrap().take() else { return };
            let send = send.clone();
            scheduler.spawn(async move { send() }).detach();
        }));
        let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
        *handle.lock().unwrap() = Some(scheduler.clone());
        scheduler.block_on(ran);
        scheduler.close();
    });
}

#[test]
fn what_a_park_hook_waits_for_must_not_cost_block_on_its_own_wake() {
    within(120, || {
        let (ends, future) = signal();
        let (ends_other, other) = signal();
        let other = Mutex::new(Some(Box::pin(other)));
        // It has a worker, so that this thread is a guest there, and sleeps in its own seat.
        let inner = Scheduler::new(config(1), Arc::new(NoPark)).unwrap();
        let used = inner.clone();
        let mut config = config(0);
        config.on_thread_park = Some(Arc::new(move || {
            let Some(other) = other.lock().unwrap().take() else { return };
            let (ends, ends_other) = (ends.clone(), ends_other.clone());
            let thread = thread::spawn(move || {
                // The future beneath is woken, and polled, while the hook waits.
                thread::sleep(Duration::from_millis(20));
                ends();
                thread::sleep(Duration::from_millis(20));
                ends_other();
            });
            used.block_on(other);
            thread.join().unwrap();
        }));
        let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
        scheduler.block_on(future);
        scheduler.close();
        inner.close();
    });
}

#[test]
fn a_hook_that_sleeps_in_block_on_must_not_be_called_within_itself() {
    within(120, || {
        let handle: Arc<Mutex<Option<Scheduler>>> = Arc::default();
        // How often it was called, and how often while it was in a call.
        let [calls, nested] = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
        let (own, seen, within_itself) = (handle.clone(), calls.clone(), nested.clone());
        let is_in_it = AtomicBool::new(false);
        let mut config = config(0);
        config.on_thread_park = Some(Arc::new(move || {
            let Some(scheduler) = own.lock().unwrap().clone() else { return };
            seen.fetch_add(1, SeqCst);
            if is_in_it.swap(true, SeqCst) {
                within_itself.fetch_add(1, SeqCst);
                return;
            }
            let (send, ran) = signal();
            let thread = thread::spawn(move || {
                thread::sleep(Duration::from_millis(20));
                send();
            });
            scheduler.block_on(ran);
            thread.join().unwrap();
            is_in_it.store(false, SeqCst);
        }));
        let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
        *handle.lock().unwrap() = Some(scheduler.clone());
        let (send, ran) = signal();
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            send();
        });
        scheduler.block_on(ran);
        *handle.lock().unwrap() = None;
        thread.join().unwrap();
        scheduler.close();
        assert!(calls.load(SeqCst) > 0);
        assert_eq!(nested.load(SeqCst), 0);
    });
}

#[test]
fn panicking_hooks_of_a_sleep_must_not_lose_the_worker() {
    within(120, || {
        let calls = Arc::new(AtomicUsize::new(0));
        let mut config = config(1);
        let hook = |calls: &Arc<AtomicUsize>| {
            let calls = calls.clone();
            Arc::new(move || {
                calls.fetch_add(1, SeqCst);
                panic!("hook of a sleep, on purpose");
            })
        };
        config.on_thread_park = Some(hook(&calls));
        config.on_thread_unpark = Some(hook(&calls));
        let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
        for round in 1..=3 {
            runs_a_task(&scheduler);
            reaches(&calls, 2 * round - 1);
        }
        scheduler.close();
    });
}

#[test]
fn a_panicking_start_hook_must_not_lose_the_worker() {
    within(120, || {
        let mut config = config(1);
        config.on_thread_start = Some(Arc::new(|| panic!("start hook, on purpose")));
        let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
        runs_a_task(&scheduler);
        runs_a_task(&scheduler);
        scheduler.close();
    });
}

#[test]
fn a_panicking_stop_hook_must_not_spoil_the_slot_for_its_next_runtime() {
    within(120, || {
        let stops = Arc::new(AtomicUsize::new(0));
        for round in 1..=5 {
            let mut config = config(1);
            let seen = stops.clone();
            config.on_thread_stop = Some(Arc::new(move || {
                seen.fetch_add(1, SeqCst);
                panic!("stop hook, on purpose");
            }));
            let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
            runs_a_task(&scheduler);
            scheduler.close();
            assert_eq!(stops.load(SeqCst), round);
        }
    });
}
