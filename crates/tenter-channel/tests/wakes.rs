//! Who is woken, and that nobody who should be is not.
#![cfg(not(tenter_loom))]

mod common;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use common::{Task, ready};
use futures_core::Stream;
use tenter_channel::{Receiver, RecvError, SendError, Sender, bounded, unbounded};

/// `receiver.next()`, which futures-core leaves to others.
async fn next<T>(receiver: &mut Receiver<T>) -> Option<T> {
    let mut receiver = pin!(receiver);
    std::future::poll_fn(|cx| receiver.as_mut().poll_next(cx)).await
}

#[test]
fn two_messages_do_not_wake_one_receiver_only() {
    let (sender, receiver) = unbounded();
    let mut first = Task::pending(receiver.recv());
    let mut second = Task::pending(receiver.recv());
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
    assert_eq!(ready(first.poll()), Ok(1));
    assert_eq!(ready(second.poll()), Ok(2));
}

#[test]
fn one_message_does_not_wake_two_receivers() {
    let (sender, receiver) = unbounded();
    let first = Task::pending(receiver.recv());
    let second = Task::pending(receiver.recv());
    sender.try_send(1).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
}

#[test]
fn two_places_do_not_wake_one_sender_only() {
    let (sender, receiver) = bounded(2);
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    let mut first = Task::pending(sender.send(3));
    let mut second = Task::pending(sender.send(4));
    receiver.try_recv().unwrap();
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    receiver.try_recv().unwrap();
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
    assert_eq!(ready(first.poll()), Ok(()));
    assert_eq!(ready(second.poll()), Ok(()));
}

#[test]
fn a_receiver_dropped_after_its_wake_does_not_take_the_wake_along() {
    let (sender, receiver) = unbounded();
    let first = Task::pending(receiver.recv());
    let mut second = Task::pending(receiver.recv());
    sender.try_send(1).unwrap();
    assert_eq!(second.wakes(), 0);
    drop(first);
    assert_eq!(second.wakes(), 1);
    assert_eq!(ready(second.poll()), Ok(1));
}

#[test]
fn a_sender_dropped_after_its_wake_does_not_take_the_wake_along() {
    let (sender, receiver) = bounded(1);
    sender.try_send(1).unwrap();
    let first = Task::pending(sender.send(2));
    let mut second = Task::pending(sender.send(3));
    receiver.try_recv().unwrap();
    drop(first);
    assert_eq!(second.wakes(), 1);
    assert_eq!(ready(second.poll()), Ok(()));
    assert_eq!(receiver.try_recv(), Ok(3));
}

#[test]
fn a_receiver_dropped_after_its_wake_does_not_leave_a_stream_asleep() {
    let (sender, receiver) = unbounded();
    let mut clone = receiver.clone();
    let future = Task::pending(receiver.recv());
    let mut stream = Task::pending(next(&mut clone));
    sender.try_send(1).unwrap();
    assert_eq!(stream.wakes(), 0);
    drop(future);
    assert_eq!(stream.wakes(), 1);
    assert_eq!(ready(stream.poll()), Some(1));
}

#[test]
fn an_abandoned_stream_does_not_swallow_a_wake() {
    let (sender, mut abandoned) = unbounded();
    let mut clone = abandoned.clone();
    drop(Task::pending(next(&mut abandoned)));
    let mut stream = Task::pending(next(&mut clone));
    sender.try_send(1).unwrap();
    assert_eq!(stream.wakes(), 1);
    assert_eq!(ready(stream.poll()), Some(1));
    let mut future = Task::pending(abandoned.recv());
    sender.try_send(2).unwrap();
    assert_eq!(future.wakes(), 1);
    assert_eq!(ready(future.poll()), Ok(2));
}

#[test]
fn a_receiver_that_was_overtaken_waits_on_and_is_woken_again() {
    let (sender, receiver) = bounded(1);
    let mut slow = Task::pending(receiver.recv());
    sender.try_send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(slow.poll().is_pending());
    sender.try_send(2).unwrap();
    assert_eq!(slow.wakes(), 2);
    assert_eq!(ready(slow.poll()), Ok(2));
}

#[test]
fn a_message_replaced_by_force_leaves_its_wake_to_its_successor() {
    let (sender, receiver) = bounded(1);
    let mut future = Task::pending(receiver.recv());
    assert_eq!(sender.force_send(1), Ok(None));
    assert_eq!(sender.force_send(2), Ok(Some(1)));
    assert_eq!(future.wakes(), 1);
    assert_eq!(ready(future.poll()), Ok(2));
}

#[test]
fn closing_leaves_nobody_asleep() {
    let (sender, receiver) = bounded::<u8>(1);
    let mut closed = Task::pending(sender.closed());
    let mut recv = Task::pending(receiver.recv());
    let mut clone = receiver.clone();
    let mut stream = Task::pending(next(&mut clone));
    sender.close();
    assert_eq!(ready(recv.poll()), Err(RecvError));
    assert_eq!(ready(stream.poll()), None);
    ready(closed.poll());
    assert_eq!((recv.wakes(), stream.wakes(), closed.wakes()), (1, 1, 1));

    let (sender, receiver) = bounded(1);
    sender.try_send(1).unwrap();
    let mut send = Task::pending(sender.send(2));
    drop(receiver);
    assert_eq!(send.wakes(), 1);
    assert_eq!(ready(send.poll()), Err(SendError(2)));
}

#[test]
fn dropping_the_last_sender_wakes_all_receivers() {
    let (sender, receiver) = unbounded::<u8>();
    let clone = sender.clone();
    let mut tasks: Vec<_> = (0..3).map(|_| Task::pending(receiver.recv())).collect();
    drop(sender);
    assert!(tasks.iter().all(|task| task.wakes() == 0));
    drop(clone);
    for task in &mut tasks {
        assert_eq!(task.wakes(), 1);
        assert_eq!(ready(task.poll()), Err(RecvError));
    }
}

/// A waker that uses the channel it is woken by.
struct Reentrant {
    sender: Sender<u32>,
    receiver: Receiver<u32>,
}

impl Wake for Reentrant {
    fn wake(self: Arc<Self>) {
        self.receiver.try_recv().unwrap();
        self.sender.try_send(7).unwrap();
        drop(Task::new(self.receiver.recv()));
    }
}

#[test]
fn a_waker_that_uses_the_channel_does_not_deadlock() {
    let (sender, receiver) = bounded(4);
    let waker = Waker::from(Arc::new(Reentrant { sender: sender.clone(), receiver: receiver.clone() }));
    let mut cx = Context::from_waker(&waker);
    let mut future = Box::pin(receiver.recv());
    assert!(future.as_mut().poll(&mut cx).is_pending());
    sender.try_send(1).unwrap();
    assert_eq!(ready(future.as_mut().poll(&mut cx)), Ok(7));
}
