//! Loom models of the oneshot channel: close and drop beside send beside poll.
#![cfg(tenter_loom)]

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use tenter_channel::oneshot::{self, RecvError};

/// A message whose drop loom tracks: losing or doubling one shows in the count.
type Message = Arc<()>;

fn message() -> (Message, Message) {
    let message = Arc::new(());
    (message.clone(), message)
}

#[test]
fn a_send_beside_a_poll_wakes_the_receiver() {
    loom::model(|| {
        let (sender, receiver) = oneshot::channel();
        let (sent, kept) = message();
        let thread = thread::spawn(move || assert!(sender.send(sent).is_ok()));
        drop(block_on(receiver).unwrap());
        thread.join().unwrap();
        assert_eq!(Arc::strong_count(&kept), 1);
    });
}

#[test]
fn a_sender_dropped_beside_a_poll_wakes_the_receiver() {
    loom::model(|| {
        let (sender, receiver) = oneshot::channel::<Message>();
        let thread = thread::spawn(move || drop(sender));
        assert_eq!(block_on(receiver).err(), Some(RecvError));
        thread.join().unwrap();
    });
}

#[test]
fn a_receiver_polled_and_dropped_beside_a_send_loses_no_message() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot::channel();
        let (sent, kept) = message();
        let thread = thread::spawn(move || drop(sender.send(sent)));
        let received = block_on(poll_fn(|cx| Poll::Ready(Pin::new(&mut receiver).poll(cx))));
        drop(receiver);
        drop(received);
        thread.join().unwrap();
        assert_eq!(Arc::strong_count(&kept), 1);
    });
}

#[test]
fn a_close_beside_a_send_gives_the_message_to_exactly_one_end() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot::channel();
        let (sent, kept) = message();
        let thread = thread::spawn(move || sender.send(sent).is_ok());
        receiver.close();
        let received = receiver.try_recv().is_ok();
        assert_eq!(thread.join().unwrap(), received);
        drop(receiver);
        assert_eq!(Arc::strong_count(&kept), 1);
    });
}

#[test]
fn a_drop_beside_closed_wakes_the_sender() {
    loom::model(|| {
        let (mut sender, receiver) = oneshot::channel::<Message>();
        let thread = thread::spawn(move || drop(receiver));
        block_on(sender.closed());
        assert!(sender.is_closed());
        thread.join().unwrap();
    });
}

/// Polls once with a waker of its own, whichever way it ends.
fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    block_on(poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))))
}

#[test]
fn a_send_beside_a_poll_by_another_task_wakes_the_latest() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot::channel();
        let (sent, kept) = message();
        assert!(poll_once(&mut receiver).is_pending());
        let thread = thread::spawn(move || assert!(sender.send(sent).is_ok()));
        drop(block_on(receiver).unwrap());
        thread.join().unwrap();
        assert_eq!(Arc::strong_count(&kept), 1);
    });
}

#[test]
fn a_drop_beside_closed_by_another_task_wakes_the_latest() {
    loom::model(|| {
        let (mut sender, receiver) = oneshot::channel::<Message>();
        block_on(poll_fn(|cx| Poll::Ready(assert!(sender.poll_closed(cx).is_pending()))));
        let thread = thread::spawn(move || drop(receiver));
        block_on(sender.closed());
        thread.join().unwrap();
    });
}

#[test]
fn two_last_words_at_once_leave_each_cell_to_one_end() {
    loom::model(|| {
        let (mut sender, mut receiver) = oneshot::channel();
        let (sent, kept) = message();
        assert!(poll_once(&mut receiver).is_pending());
        block_on(poll_fn(|cx| Poll::Ready(assert!(sender.poll_closed(cx).is_pending()))));
        let thread = thread::spawn(move || drop(sender.send(sent)));
        drop(receiver);
        thread.join().unwrap();
        assert_eq!(Arc::strong_count(&kept), 1);
    });
}
