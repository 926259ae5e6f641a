//! The oneshot channel, step by step.
#![cfg(not(tenter_loom))]

mod common;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;

use common::{Task, ready};
use futures_core::future::FusedFuture;
use tenter_channel::oneshot::{self, RecvError, TryRecvError};

#[test]
fn a_message_wakes_its_receiver() {
    let (sender, receiver) = oneshot::channel();
    let mut task = Task::pending(receiver);
    assert_eq!(sender.send(1), Ok(()));
    assert_eq!(task.wakes(), 1);
    assert_eq!(ready(task.poll()), Ok(1));
}

#[test]
fn a_dropped_sender_does_not_leave_its_receiver_asleep() {
    let (sender, receiver) = oneshot::channel::<u8>();
    let mut task = Task::pending(receiver);
    drop(sender);
    assert_eq!(task.wakes(), 1);
    assert_eq!(ready(task.poll()), Err(RecvError));
}

#[test]
fn a_message_does_not_outlive_a_receiver_that_was_polled_and_dropped() {
    let (sender, receiver) = oneshot::channel();
    let held = Arc::new(());
    let task = Task::pending(receiver);
    sender.send(held.clone()).unwrap();
    drop(task);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn a_receiver_that_is_gone_gives_the_message_back() {
    let (mut sender, receiver) = oneshot::channel();
    assert!(!sender.is_closed());
    let mut closed = Task::pending(poll_fn(|cx| sender.poll_closed(cx)));
    drop(receiver);
    assert_eq!(closed.wakes(), 1);
    ready(closed.poll());
    drop(closed);
    assert!(sender.is_closed());
    assert_eq!(sender.send(1), Err(1));
}

#[test]
fn closing_keeps_what_was_sent_and_refuses_the_rest() {
    let (sender, mut receiver) = oneshot::channel();
    sender.send(1).unwrap();
    receiver.close();
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(receiver.is_terminated());

    let (mut sender, mut receiver) = oneshot::channel::<u8>();
    let mut closed = Task::pending(sender.closed());
    receiver.close();
    assert_eq!(closed.wakes(), 1);
    ready(closed.poll());
    drop(closed);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(sender.send(1), Err(1));
    assert_eq!(receiver.recv_blocking(), Err(RecvError));
}

#[test]
fn the_latest_task_is_woken() {
    let (sender, mut receiver) = oneshot::channel();
    drop(Task::pending(&mut receiver));
    let mut task = Task::pending(receiver);
    assert!(task.poll().is_pending());
    sender.send(1).unwrap();
    assert_eq!(task.wakes(), 1);
    assert_eq!(ready(task.poll()), Ok(1));
}

#[test]
#[should_panic(expected = "polled after it ended")]
fn polling_again_after_the_message_is_refused() {
    let (sender, receiver) = oneshot::channel();
    sender.send(1).unwrap();
    let mut task = Task::new(receiver);
    ready(task.poll()).unwrap();
    let _ = task.poll();
}

/// A waker that owns what it wakes for, as a task's does.
struct Owner(Mutex<Option<(oneshot::Receiver<u8>, oneshot::Sender<u8>)>>);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().unwrap().take());
    }
}

#[test]
fn a_waker_that_drops_both_ends_does_not_deadlock() {
    let (sender, mut receiver) = oneshot::channel();
    let (spare, _answer) = oneshot::channel();
    let owner = Arc::new(Owner(Mutex::new(None)));
    let waker = Waker::from(owner.clone());
    assert!(Pin::new(&mut receiver).poll(&mut Context::from_waker(&waker)).is_pending());
    *owner.0.lock().unwrap() = Some((receiver, spare));
    sender.send(1).unwrap();
    assert!(owner.0.lock().unwrap().is_none());
}

/// A waker that drops the receiver, and notes how many then hold the message.
struct Dropper {
    receiver: Mutex<Option<oneshot::Receiver<Arc<()>>>>,
    message: Arc<()>,
    holders: AtomicUsize,
}

impl Wake for Dropper {
    fn wake(self: Arc<Self>) {
        drop(self.receiver.lock().unwrap().take());
        self.holders.store(Arc::strong_count(&self.message), Ordering::Relaxed);
    }
}

#[test]
fn a_receiver_that_is_dropped_while_its_sender_wakes_it_takes_the_message_along() {
    let (sender, mut receiver) = oneshot::channel();
    let message = Arc::new(());
    let dropper =
        Arc::new(Dropper { receiver: Mutex::new(None), message: message.clone(), holders: AtomicUsize::new(0) });
    let waker = Waker::from(dropper.clone());
    assert!(Pin::new(&mut receiver).poll(&mut Context::from_waker(&waker)).is_pending());
    *dropper.receiver.lock().unwrap() = Some(receiver);
    sender.send(message.clone()).unwrap();
    // We do, and the waker does: the sender, who is still at it, must not.
    assert_eq!(dropper.holders.load(Ordering::Relaxed), 2);
}

#[test]
fn threads_meet() {
    for i in 0..200 {
        let (sender, receiver) = oneshot::channel();
        let answer = thread::spawn(move || receiver.recv_blocking());
        if i % 2 == 0 {
            sender.send(i).unwrap();
        } else {
            drop(sender);
        }
        assert_eq!(answer.join().unwrap(), if i % 2 == 0 { Ok(i) } else { Err(RecvError) });
    }
}
