//! Signals: what a notification is for, and where it goes if its waiter leaves.
#![cfg(not(tenter_loom))]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;

use async_lock::Mutex;
use common::{Task, ready};
use tenter_channel::sync::{Barrier, BrokenBarrierError, Condvar, Event, Notify};
use tenter_core::coop::{self, BUDGET};

fn pending(notify: &Notify) -> bool {
    Task::new(notify.notified()).poll().is_pending()
}

#[test]
fn a_notification_finds_the_longest_waiting_or_is_kept_once() {
    let notify = Notify::new();
    let (mut first, mut second) = (Task::pending(notify.notified()), Task::pending(notify.notified()));
    notify.notify_one();
    assert!(first.woken() && !second.woken());
    assert!(first.poll().is_ready() && second.poll().is_pending());
    notify.notify_one();
    assert!(second.poll().is_ready());
    notify.notify_one();
    notify.notify_one();
    assert!(!pending(&notify) && pending(&notify));
}

#[test]
fn two_notifications_are_for_two_waiters() {
    let notify = Notify::new();
    let mut tasks = [0; 2].map(|_| Task::pending(notify.notified()));
    notify.notify_one();
    notify.notify_one();
    assert!(tasks.iter_mut().all(|task| task.poll().is_ready()));
    assert!(pending(&notify));
}

#[test]
fn who_leaves_passes_its_notification_on() {
    let notify = Notify::new();
    let (first, mut second) = (Task::pending(notify.notified()), Task::pending(notify.notified()));
    notify.notify_one();
    drop(first);
    assert!(second.woken() && second.poll().is_ready());
    let alone = Task::pending(notify.notified());
    notify.notify_one();
    drop(alone);
    assert!(!pending(&notify), "it became the permit");
}

/// In tokio's such a drop lost the permit (fixed by its 3652).
#[test]
fn who_leaves_after_all_were_notified_takes_no_permit_along() {
    let notify = Notify::new();
    let waiter = Task::pending(notify.notified());
    notify.notify_waiters();
    notify.notify_one();
    drop(waiter);
    assert!(!pending(&notify));
    assert!(pending(&notify));
}

#[test]
fn who_was_notified_alone_and_then_with_all_passes_the_first_on() {
    let notify = Notify::new();
    let waiter = Task::pending(notify.notified());
    notify.notify_one();
    notify.notify_waiters();
    drop(waiter);
    assert!(!pending(&notify) && pending(&notify));
}

#[test]
fn all_are_those_who_were_there_polled_or_not() {
    let notify = Notify::new();
    let (mut polled, mut created) = (Task::pending(notify.notified()), Task::new(notify.notified()));
    notify.notify_waiters();
    assert!(polled.woken());
    assert!(pending(&notify), "nothing is kept for who comes later");
    assert!(polled.poll().is_ready() && created.poll().is_ready());
}

/// tokio's used up the permit for who had been notified already (fixed by its 7996).
#[test]
fn who_was_notified_with_all_uses_no_permit() {
    let notify = Notify::new();
    let mut created = Task::new(notify.notified());
    notify.notify_waiters();
    notify.notify_one();
    assert!(created.poll().is_ready());
    assert!(!pending(&notify));
}

#[test]
fn enabled_is_in_line_without_a_poll() {
    let notify = Notify::new();
    let mut notified = Box::pin(notify.notified());
    assert!(!notified.as_mut().enable() && !notified.as_mut().enable());
    notify.notify_one();
    assert!(pending(&notify), "the notification has its waiter");
    assert!(notified.as_mut().enable());
    assert!(Task::new(notified).poll().is_ready());
    notify.notify_one();
    assert!(Pin::new(&mut notify.notified()).enable(), "the permit");
    // Dropped when it had the permit and was done: nothing comes back.
    assert!(pending(&notify));
}

#[test]
fn a_waiter_is_woken_by_its_latest_waker() {
    let notify = Notify::new();
    let mut notified = Box::pin(notify.notified());
    let mut first = Task::new(std::future::poll_fn(|cx| notified.as_mut().poll(cx)));
    assert!(first.poll().is_pending());
    let earlier = first.wakes();
    drop(first);
    let mut second = Task::pending(notified);
    notify.notify_one();
    assert!(second.woken() && second.poll().is_ready());
    assert_eq!(earlier, 0);
}

/// Uses the channel it is woken by, or panics.
struct Waking(Arc<Notify>, bool);

impl Wake for Waking {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
        assert!(!self.1, "a waker that panics");
    }
}

#[test]
fn a_waker_may_notify_and_one_that_panics_hides_no_other() {
    let notify = Arc::new(Notify::new());
    let waker = Waker::from(Arc::new(Waking(notify.clone(), true)));
    let mut first = Box::pin(notify.notified());
    assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let second = Task::pending(notify.notified());
    assert!(catch_unwind(AssertUnwindSafe(|| notify.notify_waiters())).is_err());
    assert!(second.woken());
    assert!(!pending(&notify), "what the waker notified");
}

#[test]
fn notifications_give_way() {
    let notify = Notify::new();
    let mut task = Task::new(async {
        for _ in 0..2 * usize::from(BUDGET) {
            notify.notify_one();
            notify.notified().await;
        }
    });
    coop::begin();
    assert!(task.poll().is_pending() && task.woken());
    coop::begin();
    assert!(task.poll().is_ready());
    coop::end();
}

#[test]
fn an_event_that_is_set_and_cleared_at_once_ends_the_waits_that_there_were() {
    let event = Event::new();
    let mut tasks = [0; 3].map(|_| Task::pending(event.wait()));
    assert!(event.set() && !event.set() && event.is_set());
    assert!(event.clear() && !event.clear() && !event.is_set());
    assert!(Task::new(event.wait()).poll().is_pending());
    assert!(tasks.iter_mut().all(|task| task.woken() && task.poll().is_ready()));
    event.set();
    assert!(Task::new(event.wait()).poll().is_ready());
}

#[test]
fn a_thread_waits_for_an_event() {
    let event = Event::new();
    thread::scope(|scope| {
        scope.spawn(|| event.wait_blocking());
        event.set();
    });
}

#[test]
fn the_last_party_lets_all_go_with_a_number_each() {
    let barrier = Barrier::new(3);
    for _ in 0..2 {
        let mut tasks = [0; 2].map(|_| Task::pending(barrier.wait()));
        assert_eq!(barrier.n_waiting(), 2);
        assert_eq!(ready(Task::new(barrier.wait()).poll()), Ok(0));
        assert_eq!(barrier.n_waiting(), 0);
        // Those of the next round do not disturb those of this one.
        let next = Task::pending(barrier.wait());
        assert_eq!(tasks.each_mut().map(|task| ready(task.poll())), [Ok(1), Ok(2)]);
        drop(next);
        assert_eq!(barrier.n_waiting(), 0);
    }
}

#[test]
fn a_party_that_leaves_has_not_come() {
    let barrier = Barrier::new(2);
    drop(Task::pending(barrier.wait()));
    let mut task = Task::pending(barrier.wait());
    assert_eq!(ready(Task::new(barrier.wait()).poll()), Ok(0));
    assert_eq!(ready(task.poll()), Ok(1));
}

#[test]
fn a_reset_sends_away_who_waits_and_an_abort_also_who_comes() {
    let barrier = Barrier::new(2);
    let mut task = Task::pending(barrier.wait());
    barrier.reset();
    // One of the next round is not counted out by the end of the former.
    let mut next = Task::pending(barrier.wait());
    assert!(task.woken());
    assert_eq!(ready(task.poll()), Err(BrokenBarrierError));
    drop(task);
    assert_eq!((barrier.n_waiting(), barrier.is_broken(), barrier.parties()), (1, false, 2));
    barrier.abort();
    assert_eq!(ready(next.poll()), Err(BrokenBarrierError));
    assert_eq!(ready(Task::new(barrier.wait()).poll()), Err(BrokenBarrierError));
    assert!(barrier.is_broken());
    barrier.reset();
    let mut again = Task::pending(barrier.wait());
    assert_eq!(ready(Task::new(barrier.wait()).poll()), Ok(0));
    assert_eq!(ready(again.poll()), Ok(1));
}

#[test]
#[should_panic(expected = "at least 1 party")]
fn a_barrier_of_none_is_refused() {
    drop(Barrier::new(0));
}

#[test]
fn a_condition_is_looked_at_under_the_lock_after_each_notification() {
    let (mutex, changed) = (Mutex::new(0), Condvar::new());
    let mut task = Task::pending(async {
        let guard = mutex.lock().await;
        *changed.wait_until(guard, |value| *value == 2).await
    });
    for value in 1..3 {
        *mutex.try_lock().expect("who waits does not hold the lock") = value;
        assert!(!task.woken());
        changed.notify_one();
        assert!(task.woken());
        let polled = task.poll();
        assert_eq!(polled.is_ready(), value == 2);
    }
}

#[test]
fn a_notification_that_finds_nobody_is_not_kept() {
    let (mutex, changed) = (Mutex::new(()), Condvar::new());
    changed.notify_one();
    changed.notify_all();
    let mut task = Task::pending(async { drop(changed.wait(mutex.lock().await).await) });
    changed.notify_all();
    assert!(task.woken() && task.poll().is_ready());
}

#[test]
fn who_leaves_before_it_has_the_lock_passes_its_notification_on() {
    let (mutex, changed) = (Mutex::new(()), Condvar::new());
    let wait = || async { drop(changed.wait(mutex.lock().await).await) };
    for poll in [false, true] {
        let (mut first, mut second) = (Task::pending(wait()), Task::pending(wait()));
        let held = mutex.try_lock().unwrap();
        changed.notify_one();
        if poll {
            // It knows, and waits for the lock.
            assert!(first.poll().is_pending());
        }
        drop(first);
        assert!(second.woken(), "polled: {poll}");
        drop(held);
        assert!(second.poll().is_ready());
    }
}
