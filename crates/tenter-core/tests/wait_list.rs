//! The wait list's promises, one test each.
#![cfg(not(tenter_loom))]

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use tenter_core::wait_list::{OwnedWaiter, PinnedWaiter, WaitList, Waiter};

/// Counts its wakes.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Counter {
    fn new() -> (Arc<Self>, Waker) {
        let counter = Arc::new(Self::default());
        (counter.clone(), Waker::from(counter))
    }

    fn wakes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs a closure when woken, and another when its last waker is dropped.
struct Hook<W: Fn() + Send + Sync, D: Fn() + Send + Sync> {
    wake: W,
    drop: D,
}

impl<W: Fn() + Send + Sync, D: Fn() + Send + Sync> Wake for Hook<W, D> {
    fn wake(self: Arc<Self>) {
        (self.wake)();
    }
}

impl<W: Fn() + Send + Sync, D: Fn() + Send + Sync> Drop for Hook<W, D> {
    fn drop(&mut self) {
        (self.drop)();
    }
}

fn hook(wake: impl Fn() + Send + Sync + 'static, drop: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Hook { wake, drop }))
}

#[test]
fn wakes_in_order_of_arrival() {
    let list = WaitList::new();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiters: Vec<Waiter<'_>> = (0..40).map(|_| Waiter::new(&list)).collect();
    for (i, waiter) in waiters.iter_mut().enumerate() {
        let order = order.clone();
        assert!(waiter.register(&hook(move || order.lock().unwrap().push(i), || ())));
    }
    assert_eq!(list.notify(1), 1);
    assert_eq!(list.notify(20), 20);
    assert_eq!(list.notify_all(), 19);
    assert_eq!(list.notify_all(), 0);
    assert_eq!(*order.lock().unwrap(), (0..40).collect::<Vec<_>>());
    for waiter in &mut waiters {
        waiter.cancel();
    }
}

#[test]
fn registering_again_keeps_the_place_and_the_latest_waker() {
    let list = WaitList::new();
    let (old, old_waker) = Counter::new();
    let (new, new_waker) = Counter::new();
    let (other, other_waker) = Counter::new();
    let mut first = Waiter::new(&list);
    let mut second = Waiter::new(&list);
    assert!(first.register(&old_waker));
    assert!(second.register(&other_waker));
    assert!(!first.register(&new_waker));
    assert!(list.notify_one());
    assert_eq!((old.wakes(), new.wakes(), other.wakes()), (0, 1, 0));
    assert!(first.register(&new_waker), "a notified waiter joins again, so it must look again");
    assert!(list.notify_one());
    assert_eq!((new.wakes(), other.wakes()), (1, 1));
}

#[test]
fn a_notified_waiter_does_not_absorb_the_next_notification() {
    let list = WaitList::new();
    let (first, first_waker) = Counter::new();
    let (second, second_waker) = Counter::new();
    let (mut a, mut b) = (Waiter::new(&list), Waiter::new(&list));
    assert!(a.register(&first_waker));
    assert!(b.register(&second_waker));
    list.notify(1);
    list.notify(1);
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
}

#[test]
fn a_dropped_waiter_does_not_take_its_notification_along() {
    let list = WaitList::new();
    let (_, first_waker) = Counter::new();
    let (second, second_waker) = Counter::new();
    let (mut a, mut b) = (Waiter::new(&list), Waiter::new(&list));
    assert!(a.register(&first_waker));
    assert!(b.register(&second_waker));
    list.notify(1);
    assert_eq!(second.wakes(), 0);
    drop(a);
    assert_eq!(second.wakes(), 1);
}

#[test]
fn an_accepted_notification_is_used_up() {
    let list = WaitList::new();
    let (_, first_waker) = Counter::new();
    let (second, second_waker) = Counter::new();
    let (mut a, mut b, mut c) = (Waiter::new(&list), Waiter::new(&list), Waiter::new(&list));
    assert!(a.register(&first_waker));
    assert!(b.register(&first_waker));
    assert!(c.register(&second_waker));
    list.notify(1);
    assert!(!b.accept());
    assert!(a.accept());
    assert!(!a.cancel());
    assert!(!b.cancel());
    assert_eq!(second.wakes(), 0);
    list.notify(1);
    assert!(c.cancel(), "a notification that nobody takes is reported");
    assert!(!c.cancel());
}

#[test]
fn a_success_does_not_swallow_a_notification_that_came_during_the_try() {
    let list = WaitList::new();
    let (next, next_waker) = Counter::new();
    let mut cx = Context::from_waker(Waker::noop());
    let (mut lucky, mut other) = (Waiter::new(&list), Waiter::new(&list));
    assert!(lucky.poll_until(&mut cx, || None::<()>).is_pending());
    assert!(other.register(&next_waker));
    let outcome = lucky.poll_until(&mut cx, || {
        list.notify(1);
        Some(())
    });
    assert!(outcome.is_ready());
    assert_eq!(next.wakes(), 1);
}

#[test]
fn wakers_do_not_run_under_the_lock() {
    static LIST: WaitList = WaitList::new();
    let list = &LIST;
    // Waking, dropping by replacement and dropping by leaving each re-enter the list.
    let reenter = move || {
        let mut waiter = Waiter::new(list);
        assert!(waiter.register(Waker::noop()));
        waiter.cancel();
    };
    let mut waiter = Waiter::new(list);
    assert!(waiter.register(&hook(reenter, reenter)));
    assert!(!waiter.register(&hook(reenter, reenter)));
    list.notify(1);
    assert!(waiter.register(&hook(reenter, reenter)));
    list.notify_all();
    assert!(waiter.register(&hook(reenter, reenter)));
    waiter.cancel();
    assert!(waiter.register(&hook(reenter, reenter)));
    list.notify(1);
    waiter.accept();
    assert_eq!(list.waiting(), 0);
}

#[test]
fn a_waker_that_registers_again_does_not_keep_notify_all_busy() {
    static LIST: WaitList = WaitList::new();
    static WAITERS: Mutex<Vec<Waiter<'_>>> = Mutex::new(Vec::new());
    fn join() {
        let mut waiter = Waiter::new(&LIST);
        assert!(waiter.register(&hook(join, || ())));
        WAITERS.lock().unwrap().push(waiter);
    }
    for _ in 0..20 {
        join();
    }
    assert_eq!(LIST.notify_all(), 20);
    assert_eq!(LIST.waiting(), 20);
    let mut waiters = std::mem::take(&mut *WAITERS.lock().unwrap());
    // Used up, lest dropping them wakes, and so adds, others.
    assert_eq!(waiters.iter_mut().filter_map(|waiter| waiter.accept().then_some(())).count(), 20);
    drop(waiters);
    assert_eq!(LIST.waiting(), 0);
}

#[test]
fn a_panicking_waker_does_not_lose_the_others() {
    let list = WaitList::new();
    let (counter, waker) = Counter::new();
    let mut waiters: Vec<Waiter<'_>> = (0..50).map(|_| Waiter::new(&list)).collect();
    for (i, waiter) in waiters.iter_mut().enumerate() {
        let bomb = hook(|| panic!("a waker's own"), || ());
        assert!(waiter.register(if i == 3 { &bomb } else { &waker }));
    }
    let outcome = catch_unwind(AssertUnwindSafe(|| list.notify_all()));
    assert!(outcome.is_err());
    assert_eq!(counter.wakes(), 49);
    for waiter in &mut waiters {
        waiter.cancel();
    }
    let mut waiter = Waiter::new(&list);
    assert!(waiter.register(&waker));
    assert!(list.notify_one());
    assert_eq!(counter.wakes(), 50);
}

#[test]
fn places_are_used_again() {
    const PLACES: usize = 1500;
    let list = WaitList::new();
    let (counter, waker) = Counter::new();
    for round in 1..=3 {
        let mut waiters: Vec<Waiter<'_>> = (0..PLACES).map(|_| Waiter::new(&list)).collect();
        for waiter in &mut waiters {
            assert!(waiter.register(&waker));
        }
        // Leave from the middle, the head and the tail.
        for waiter in waiters.iter_mut().skip(1).step_by(3) {
            waiter.cancel();
        }
        assert_eq!(list.notify_all(), PLACES * 2 / 3);
        assert_eq!(counter.wakes(), round * PLACES * 2 / 3);
        for waiter in &mut waiters {
            waiter.cancel();
        }
        assert_eq!(list.waiting(), 0);
    }
}

/// The three kinds of waiters stand in one line, and each passes on what it does not use.
#[test]
fn waiters_of_every_kind_stand_in_one_line() {
    let owner = Arc::new(WaitList::new());
    let list = &*owner;
    let (counter, waker) = Counter::new();
    let (last, last_waker) = Counter::new();
    let mut cx = Context::from_waker(&waker);
    let mut pinned = Box::pin(PinnedWaiter::new(list));
    let mut owned = OwnedWaiter::new(owner.clone(), |list| list);
    let mut boxed = Waiter::new(list);
    let mut until = Box::pin(list.wait_until(|| None::<()>));
    assert!(pinned.as_mut().poll_until(&mut cx, || None::<()>).is_pending());
    assert!(owned.poll_until(&mut cx, |_| None::<()>).is_pending());
    assert!(boxed.poll_until(&mut cx, || None::<()>).is_pending());
    assert!(until.as_mut().poll(&mut Context::from_waker(&last_waker)).is_pending());
    assert_eq!(list.waiting(), 4);
    list.notify_one();
    for left in [3, 2, 1] {
        assert_eq!((list.waiting(), counter.wakes(), last.wakes()), (left, 4 - left, 0));
        match left {
            3 => drop(pinned.as_mut().cancel()),
            2 => drop(std::mem::replace(&mut owned, OwnedWaiter::new(owner.clone(), |list| list))),
            _ => drop(boxed.cancel()),
        }
    }
    assert_eq!((list.waiting(), last.wakes()), (0, 1));
}

#[test]
fn a_waiter_that_moves_takes_its_place_along() {
    let list = WaitList::new();
    let (counter, waker) = Counter::new();
    let mut waiter = Waiter::new(&list);
    assert!(waiter.register(&waker));
    let mut moved = Box::new(waiter);
    assert!(list.notify_one());
    assert_eq!(counter.wakes(), 1);
    assert!(moved.accept());
    assert!(moved.register(&waker));
    drop(moved);
    assert_eq!(list.waiting(), 0);
}
