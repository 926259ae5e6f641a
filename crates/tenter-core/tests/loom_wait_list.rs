//! Loom models of the wait list's handshake.
#![cfg(tenter_loom)]

use std::task::Poll;

use loom::future::block_on;
use loom::thread;
use tenter_core::sync::Arc;
use tenter_core::sync::atomic::{AtomicUsize, Ordering};
use tenter_core::wait_list::{WaitList, Waiter};

/// Permits to be taken: the state that the list's users wait for.
struct Permits {
    left: AtomicUsize,
    waiters: WaitList,
}

impl Permits {
    fn new() -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(0), waiters: WaitList::new() })
    }

    fn add(&self, n: usize) {
        self.left.fetch_add(n, Ordering::Relaxed);
        self.waiters.notify(n);
    }

    fn try_take(&self) -> Option<()> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        taken.ok().map(drop)
    }

    fn take(&self) {
        block_on(self.waiters.wait_until(|| self.try_take()));
    }
}

fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}

#[test]
fn a_listener_misses_no_notification() {
    model(3, || {
        // A flag read without read-modify-write, so that only the fences order it against the list.
        let flag = Arc::new((AtomicUsize::new(0), WaitList::new()));
        let setter = {
            let flag = flag.clone();
            thread::spawn(move || {
                flag.0.store(1, Ordering::Relaxed);
                flag.1.notify_one();
            })
        };
        block_on(flag.1.wait_until(|| (flag.0.load(Ordering::Relaxed) == 1).then_some(())));
        setter.join().unwrap();
    });
}

#[test]
fn two_permits_wake_two_waiters() {
    model(2, || {
        let permits = Permits::new();
        let waiter = {
            let permits = permits.clone();
            thread::spawn(move || permits.take())
        };
        let adder = {
            let permits = permits.clone();
            thread::spawn(move || {
                permits.add(1);
                permits.add(1);
            })
        };
        permits.take();
        waiter.join().unwrap();
        adder.join().unwrap();
    });
}

#[test]
fn one_notification_of_two_reaches_two_waiters() {
    model(3, || {
        let permits = Permits::new();
        let waiter = {
            let permits = permits.clone();
            thread::spawn(move || permits.take())
        };
        let adder = {
            let permits = permits.clone();
            thread::spawn(move || permits.add(2))
        };
        permits.take();
        waiter.join().unwrap();
        adder.join().unwrap();
    });
}

#[test]
fn a_dropped_waiter_passes_its_notification_on() {
    model(3, || {
        let permits = Permits::new();
        let quitter = {
            let permits = permits.clone();
            thread::spawn(move || {
                let mut waiter = Waiter::new(&permits.waiters);
                let first = block_on(std::future::poll_fn(|cx| {
                    // One poll, then give up: the waiter may have been notified or not.
                    Poll::Ready(waiter.poll_until(cx, || permits.try_take()))
                }));
                drop(waiter);
                if first.is_ready() {
                    permits.add(1);
                }
            })
        };
        let adder = {
            let permits = permits.clone();
            thread::spawn(move || permits.add(1))
        };
        permits.take();
        quitter.join().unwrap();
        adder.join().unwrap();
    });
}

/// An owner that learns of its notification from the place alone, not from its wake, may reuse the place at once.
#[test]
fn a_place_is_its_owners_again_once_it_says_notified() {
    model(3, || {
        let list = Arc::new(WaitList::new());
        let notifier = {
            let list = list.clone();
            thread::spawn(move || list.notify_one())
        };
        let mut waiter = Waiter::new(&list);
        let accepted = block_on(std::future::poll_fn(|cx| {
            assert!(waiter.register(cx.waker()));
            let accepted = waiter.accept();
            if accepted {
                assert!(waiter.register(cx.waker()), "an accepted place joins anew");
            }
            Poll::Ready(accepted)
        }));
        let unused = waiter.cancel();
        assert!(notifier.join().unwrap() == (accepted || unused));
    });
}
