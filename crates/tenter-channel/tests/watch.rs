//! The watch channel: what counts as seen, who is woken, and what a panic leaves.
#![cfg(not(tenter_loom))]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;

use common::{Task, ready};
use tenter_channel::watch::{self, RecvError, SendError, Sender};

#[test]
fn the_first_value_has_been_seen() {
    let (sender, mut receiver) = watch::channel(0);
    assert_eq!(receiver.has_changed(), Ok(false));
    let mut changed = Task::pending(receiver.changed());
    sender.send(1).unwrap();
    assert!(changed.woken());
    assert_eq!(ready(changed.poll()), Ok(()));
    drop(changed);
    assert!(!receiver.borrow().has_changed());
}

#[test]
fn borrowing_alone_marks_nothing_as_seen() {
    let (sender, mut receiver) = watch::channel(0);
    sender.send(1).unwrap();
    assert!(receiver.borrow().has_changed());
    assert_eq!((*receiver.borrow(), receiver.has_changed()), (1, Ok(true)));
    let value = receiver.borrow_and_update();
    assert_eq!((*value, value.has_changed()), (1, true));
    drop(value);
    assert!(!receiver.borrow_and_update().has_changed());
    assert!(!sender.borrow().has_changed());
}

#[test]
fn several_changes_are_told_as_one() {
    let (sender, mut receiver) = watch::channel(0);
    for i in 1..4 {
        sender.send(i).unwrap();
    }
    assert_eq!(ready(Task::new(receiver.changed()).poll()), Ok(()));
    assert_eq!(*receiver.borrow(), 3);
    assert!(Task::new(receiver.changed()).poll().is_pending());
}

#[test]
fn a_clone_has_seen_what_the_original_has_and_a_subscriber_everything() {
    let (sender, receiver) = watch::channel(0);
    sender.send(1).unwrap();
    assert_eq!(receiver.clone().has_changed(), Ok(true));
    assert_eq!(sender.subscribe().has_changed(), Ok(false));
}

#[test]
fn marks_are_the_receivers_own() {
    let (sender, mut receiver) = watch::channel(0);
    let other = receiver.clone();
    receiver.mark_changed();
    assert_eq!((receiver.has_changed(), other.has_changed()), (Ok(true), Ok(false)));
    assert!(Task::new(receiver.changed()).poll().is_ready());
    assert!(Task::new(receiver.changed()).poll().is_pending());
    sender.send(1).unwrap();
    // Of a value that has not been seen it says nothing new, also if said twice.
    receiver.mark_changed();
    receiver.mark_changed();
    assert_eq!(receiver.has_changed(), Ok(true));
    receiver.mark_unchanged();
    assert_eq!((receiver.has_changed(), other.has_changed()), (Ok(false), Ok(true)));
    sender.send(2).unwrap();
    assert_eq!(receiver.has_changed(), Ok(true));
}

#[test]
fn the_last_value_is_told_before_the_close() {
    let (sender, mut receiver) = watch::channel(0);
    let other = sender.clone();
    assert_eq!(sender.sender_count(), 2);
    sender.send(1).unwrap();
    drop(sender);
    assert!(!receiver.is_closed());
    drop(other);
    assert!(receiver.is_closed());
    assert_eq!(receiver.has_changed(), Err(RecvError), "as in tokio, whether or not the last value was seen");
    assert_eq!(ready(Task::new(receiver.changed()).poll()), Ok(()));
    assert_eq!(ready(Task::new(receiver.changed()).poll()), Err(RecvError));
    assert_eq!(*receiver.borrow(), 1);
    receiver.mark_changed();
    assert_eq!(ready(Task::new(receiver.changed()).poll()), Ok(()));
}

#[test]
fn the_last_sender_wakes_those_who_wait() {
    let (sender, mut receiver) = watch::channel(0);
    let mut changed = Task::pending(receiver.changed());
    drop(sender);
    assert!(changed.woken());
    assert_eq!(ready(changed.poll()), Err(RecvError));
}

#[test]
fn sending_to_nobody_changes_nothing_but_replacing_does() {
    let (sender, receiver) = watch::channel(0);
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(sender.send(1), Err(SendError(1)));
    assert_eq!(*sender.borrow(), 0);
    assert_eq!(sender.send_replace(2), 0);
    let receiver = sender.subscribe();
    assert_eq!((*receiver.borrow(), receiver.has_changed()), (2, Ok(false)));
    assert!(!sender.is_closed());
}

#[test]
fn closed_ends_when_there_is_no_receiver() {
    let sender = Sender::<u8>::default();
    assert!(Task::new(sender.closed()).poll().is_ready());
    let (first, second) = (sender.subscribe(), sender.subscribe());
    assert!(first.same_channel(&second) && sender.same_channel(&sender.clone()));
    let mut closed = Task::pending(sender.closed());
    drop(first);
    assert!(!closed.woken());
    drop(second);
    assert!(closed.woken());
    assert!(closed.poll().is_ready());
}

/// A receiver that came and went between two polls (tokio's `closed` had to look again, too).
#[test]
fn closed_goes_on_waiting_if_there_is_a_receiver_again() {
    let (sender, receiver) = watch::channel(0);
    let mut closed = Task::pending(sender.closed());
    drop(receiver);
    let receiver = sender.subscribe();
    assert!(closed.woken());
    assert!(closed.poll().is_pending());
    drop(receiver);
    assert!(closed.poll().is_ready());
}

#[test]
fn a_condition_is_tried_with_what_is_there_and_each_change() {
    let (sender, mut receiver) = watch::channel(0);
    let mut tried = Vec::new();
    {
        let mut wait = Task::pending(receiver.wait_for(|&value| {
            tried.push(value);
            value == 2
        }));
        sender.send(1).unwrap();
        assert!(wait.poll().is_pending());
        sender.send(2).unwrap();
        let value = ready(wait.poll()).unwrap();
        assert_eq!((*value, value.has_changed()), (2, true));
    }
    assert_eq!(tried, [0, 1, 2]);
    assert_eq!(receiver.has_changed(), Ok(false));
    // What has been seen counts as well.
    assert_eq!(*ready(Task::new(receiver.wait_for(|&value| value == 2)).poll()).unwrap(), 2);
    drop(sender);
    assert_eq!(ready(Task::new(receiver.wait_for(|&value| value == 3)).poll()).err(), Some(RecvError));
    assert_eq!(*ready(Task::new(receiver.wait_for(|&value| value == 2)).poll()).unwrap(), 2);
}

#[test]
fn only_what_is_said_to_be_modified_wakes() {
    let (sender, mut receiver) = watch::channel(0);
    let mut changed = Task::pending(receiver.changed());
    let silent = sender.send_if_modified(|value| {
        *value = 1;
        false
    });
    assert!(!silent && !changed.woken());
    assert_eq!(*sender.borrow(), 1);
    sender.send_modify(|value| *value += 1);
    assert!(changed.woken() && changed.poll().is_ready());
    drop(changed);
    assert_eq!(*receiver.borrow(), 2);
}

fn panics<T>(run: impl FnOnce() -> T) -> bool {
    catch_unwind(AssertUnwindSafe(|| drop(run()))).is_err()
}

#[test]
fn a_closure_that_panics_leaves_the_channel_whole() {
    let (sender, mut receiver) = watch::channel(0);
    assert!(panics(|| sender.send_modify(|value| {
        *value = 1;
        panic!("in the midst of a change");
    })));
    assert_eq!((*receiver.borrow(), receiver.has_changed()), (1, Ok(false)));
    assert!(panics(|| Task::new(receiver.wait_for(|_| panic!("in a condition"))).poll().is_ready()));
    sender.send(2).unwrap();
    assert_eq!(ready(Task::new(receiver.changed()).poll()), Ok(()));
    assert_eq!(*receiver.borrow_and_update(), 2);
}

/// A value that looks at its channel when it is dropped, and panics if so told.
struct Touchy(Option<Sender<Touchy>>, bool);

impl Drop for Touchy {
    fn drop(&mut self) {
        if let Some(sender) = &self.0 {
            // Would deadlock under the lock.
            assert!(sender.borrow().0.is_none());
        }
        assert!(!self.1, "a drop that panics");
    }
}

#[test]
fn an_old_value_is_dropped_outside_of_the_lock_and_may_panic() {
    let (sender, mut receiver) = watch::channel(Touchy(None, false));
    drop(sender.send_replace(Touchy(Some(sender.clone()), true)));
    let mut changed = Task::new(receiver.changed());
    assert!(changed.poll().is_ready());
    drop(changed);
    let mut changed = Task::pending(receiver.changed());
    assert!(panics(|| sender.send(Touchy(None, false))));
    assert!(changed.woken(), "the value has been replaced");
    assert!(changed.poll().is_ready());
}

/// Sends in the same channel from within its wake.
struct Reentrant {
    sender: Sender<u64>,
    woken: AtomicUsize,
}

impl Wake for Reentrant {
    fn wake(self: Arc<Self>) {
        if self.woken.fetch_add(1, Ordering::Relaxed) == 0 {
            self.sender.send(2).unwrap();
        }
    }
}

#[test]
fn a_waker_may_use_the_channel() {
    let (sender, mut receiver) = watch::channel(0);
    let waker = Waker::from(Arc::new(Reentrant { sender: sender.clone(), woken: AtomicUsize::new(0) }));
    {
        let mut changed = Box::pin(receiver.changed());
        assert!(changed.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        sender.send(1).unwrap();
    }
    assert_eq!(*receiver.borrow_and_update(), 2);
}

#[test]
fn a_change_wakes_everybody_once_and_who_leaves_nobody() {
    let (sender, receiver) = watch::channel(0);
    let mut receivers = vec![receiver; 40];
    let mut tasks: Vec<_> = receivers.iter_mut().map(|receiver| Task::pending(receiver.changed())).collect();
    sender.send(1).unwrap();
    let mut late = sender.subscribe();
    let waiting = Task::pending(late.changed());
    assert!(tasks.iter().all(|task| task.wakes() == 1));
    drop(tasks.pop());
    assert!(tasks.iter_mut().all(|task| task.poll().is_ready() && task.wakes() == 1));
    assert_eq!(waiting.wakes(), 0);
}

#[test]
fn threads_see_the_last_value() {
    const VALUES: u64 = if cfg!(miri) { 20 } else { 5_000 };
    let (sender, receiver) = watch::channel(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            let mut receiver = receiver.clone();
            scope.spawn(move || {
                let mut last = 0;
                while receiver.changed_blocking().is_ok() {
                    let value = *receiver.borrow_and_update();
                    assert!(value >= last, "values go forward");
                    last = value;
                }
                assert_eq!(last, VALUES);
            });
        }
        (1..=VALUES).for_each(|value| sender.send(value).unwrap());
        drop(sender);
    });
}
