//! What the handles say and do, without waiting.
#![cfg(not(tenter_loom))]

mod common;

use std::rc::Rc;
use std::sync::Arc;

use common::{Task, ready};
use futures_core::stream::FusedStream;
use futures_lite::{StreamExt, future::block_on};
use tenter_channel::{
    RecvError, SendError, TryRecvError, TrySendError, WeakReceiver, WeakSender, bounded, oneshot, unbounded,
};

#[test]
fn counts_and_sizes() {
    let (sender, receiver) = bounded(2);
    assert_eq!((sender.capacity(), sender.len()), (Some(2), 0));
    assert!(sender.is_empty() && !receiver.is_full());
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    assert!(receiver.is_full() && !sender.is_empty());
    assert_eq!(receiver.len(), 2);
    let (more, clone) = (sender.clone(), receiver.clone());
    assert_eq!((receiver.sender_count(), sender.receiver_count()), (2, 2));
    assert!(more.same_channel(&sender) && clone.same_channel(&receiver));
    let (other, _keep) = unbounded::<i32>();
    assert!(!other.same_channel(&sender));
    assert_eq!(other.capacity(), None);
    drop((more, clone));
    assert_eq!((receiver.sender_count(), sender.receiver_count()), (1, 1));
}

#[test]
#[should_panic(expected = "capacity of at least 1")]
fn a_bounded_channel_needs_room() {
    bounded::<u8>(0);
}

#[test]
fn what_was_sent_before_the_close_is_received_after_it() {
    let (sender, receiver) = unbounded();
    sender.try_send(1).unwrap();
    assert!(sender.close());
    assert!(!receiver.close());
    assert_eq!(sender.try_send(2), Err(TrySendError::Closed(2)));
    assert_eq!(sender.force_send(2), Err(SendError(2)));
    assert_eq!(sender.send_blocking(2), Err(SendError(2)));
    assert!(!receiver.is_terminated());
    assert_eq!(receiver.recv_blocking(), Ok(1));
    assert!(receiver.is_terminated());
    assert_eq!(receiver.recv_blocking(), Err(RecvError));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn weak_handles_do_not_keep_the_channel_open() {
    let (sender, receiver) = unbounded::<u8>();
    let (weak_sender, weak_receiver) = (sender.downgrade(), receiver.downgrade());
    let strong: (Option<_>, Option<_>) = (weak_sender.upgrade(), weak_receiver.clone().upgrade());
    assert_eq!((sender.sender_count(), sender.receiver_count()), (2, 2));
    drop(strong);
    drop(sender);
    assert!(receiver.is_closed());
    assert!(WeakSender::upgrade(&weak_sender.clone()).is_none());
    assert!(WeakReceiver::upgrade(&weak_receiver).is_none(), "closed, though a receiver is left");
}

#[test]
fn messages_do_not_outlive_the_last_receiver() {
    let (sender, receiver) = unbounded();
    let (reply, answer) = oneshot::channel::<u8>();
    let held = Arc::new(());
    sender.try_send((reply, held.clone())).unwrap();
    let weak = receiver.downgrade();
    drop(receiver);
    assert_eq!(Arc::strong_count(&held), 1);
    assert_eq!(block_on(answer), Err(RecvError));
    drop((sender, weak));
}

#[test]
fn a_stream_yields_all_and_ends() {
    let (sender, receiver) = bounded(10);
    for i in 0..10 {
        sender.try_send(i).unwrap();
    }
    drop(sender);
    assert_eq!(block_on(receiver.collect::<Vec<_>>()), (0..10).collect::<Vec<_>>());
}

#[test]
fn handles_work_with_messages_that_stay_on_their_thread() {
    let (sender, receiver) = bounded(1);
    block_on(async {
        sender.send(Rc::new(5)).await.unwrap();
        assert_eq!(*receiver.recv().await.unwrap(), 5);
    });
}

#[test]
#[should_panic(expected = "polled after it ended")]
fn polling_a_send_again_is_refused() {
    let (sender, _receiver) = unbounded();
    let mut send = Task::new(sender.send(1));
    ready(send.poll()).unwrap();
    let _ = send.poll();
}

#[test]
fn errors_speak() {
    fn text(error: impl std::error::Error + std::marker::Send + Sync + 'static) -> (String, String) {
        (error.to_string(), format!("{error:?}"))
    }
    assert_eq!(text(SendError(1)), ("sending into a closed channel".into(), "SendError(..)".into()));
    assert_eq!(text(TrySendError::Full(1)), ("sending into a full channel".into(), "Full(..)".into()));
    assert_eq!(text(TrySendError::Closed(1)), ("sending into a closed channel".into(), "Closed(..)".into()));
    assert_eq!(text(RecvError), ("receiving from an empty and closed channel".into(), "RecvError".into()));
    assert_eq!(text(TryRecvError::Empty), ("receiving from an empty channel".into(), "Empty".into()));
    assert_eq!(SendError(3).into_inner() + TrySendError::Full(4).into_inner(), 7);
    assert!(TrySendError::Full(1).is_full() && TrySendError::Closed(1).is_closed());
    assert!(TryRecvError::Empty.is_empty() && TryRecvError::Closed.is_closed());
}

/// With one place the first try only looks; a closed channel must not look like a full one.
#[test]
fn a_send_to_a_full_channel_of_one_that_is_closed_must_fail_at_once() {
    let (sender, receiver) = bounded(1);
    sender.try_send(1).unwrap();
    receiver.close();
    let refused = block_on(futures_lite::future::poll_once(sender.send(2)));
    assert_eq!(refused.expect("it must not wait").unwrap_err().into_inner(), 2);
    assert_eq!(receiver.try_recv(), Ok(1));
}

#[test]
fn many_are_received_at_once_and_none_is_lost_by_giving_up() {
    let (sender, receiver) = bounded(4);
    let mut messages = vec![0];
    {
        let many = Task::pending(receiver.recv_many(&mut messages, 3));
        (1..=4).for_each(|i| sender.try_send(i).unwrap());
        assert!(many.woken());
    }
    assert_eq!(receiver.len(), 4);
    let waiting = Task::pending(sender.send(5));
    assert_eq!(ready(Task::new(receiver.recv_many(&mut messages, 0)).poll()), 0);
    assert_eq!(ready(Task::new(receiver.recv_many(&mut messages, 3)).poll()), 3);
    assert!(waiting.woken(), "there is room");
    drop(waiting);
    drop(sender);
    assert_eq!(ready(Task::new(receiver.recv_many(&mut messages, usize::MAX)).poll()), 1);
    assert_eq!(ready(Task::new(receiver.recv_many(&mut messages, 1)).poll()), 0);
    assert_eq!(messages, [0, 1, 2, 3, 4]);
}
