//! The broadcast channel: what each receiver gets, when messages go, who is woken.
#![cfg(not(tenter_loom))]

mod common;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use common::{Task, ready};
use futures_core::Stream;
use tenter_channel::broadcast::{self, Lagged, Receiver, RecvError, SendError, Sender, TryRecvError};

fn sent(sender: &Sender<u64>, messages: impl IntoIterator<Item = u64>) {
    for message in messages {
        sender.send(message).unwrap();
    }
}

#[test]
fn each_receiver_gets_each_message_since_it_subscribed() {
    let (sender, mut first) = broadcast::channel(4);
    sent(&sender, [1]);
    let (mut second, mut third) = (sender.subscribe(), first.resubscribe());
    sent(&sender, [2, 3]);
    assert_eq!([first.len(), second.len(), third.len()], [3, 2, 2]);
    for message in 1..=3 {
        assert_eq!(first.try_recv(), Ok(message));
    }
    for receiver in [&mut second, &mut third] {
        assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(2), Ok(3)));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        assert!(receiver.is_empty());
    }
}

#[test]
fn the_capacity_is_rounded_up_to_a_power_of_two() {
    for (asked, room) in [(1, 1), (2, 2), (3, 4), (5, 8)] {
        let (sender, mut receiver) = broadcast::channel(asked);
        sent(&sender, 0..room);
        assert_eq!(receiver.try_recv(), Ok(0), "{asked} messages fit");
        sent(&sender, room..2 * room + 1);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Lagged(room)));
    }
}

#[test]
#[should_panic(expected = "a capacity of at least 1")]
fn a_capacity_of_zero_is_refused() {
    drop(broadcast::channel::<u8>(0));
}

#[test]
#[should_panic(expected = "can't have a capacity of")]
fn a_capacity_beyond_memory_is_refused() {
    drop(broadcast::channel::<u8>(usize::MAX));
}

#[test]
fn who_lags_twice_hears_of_each_message_once() {
    let (sender, mut receiver) = broadcast::channel(2);
    sent(&sender, 0..3);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Lagged(1)));
    sent(&sender, 3..6);
    assert_eq!(receiver.len(), 5, "four that are lost or there, and two of which it has not heard");
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Lagged(3)));
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(4), Ok(5)));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn sending_to_nobody_gives_the_message_back() {
    let (sender, receiver) = broadcast::channel(2);
    drop(receiver);
    assert_eq!(sender.send(1), Err(SendError(1)));
    let mut receiver = sender.subscribe();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(sender.send(2), Ok(1));
    assert_eq!(receiver.try_recv(), Ok(2));
}

#[test]
fn a_message_goes_when_its_last_receiver_has_passed_it() {
    let (sender, mut first) = broadcast::channel(4);
    let mut second = sender.subscribe();
    let message = Arc::new(());
    sender.send(message.clone()).unwrap();
    drop(first.try_recv().unwrap());
    assert_eq!((Arc::strong_count(&message), sender.len()), (2, 1));
    drop(second.try_recv().unwrap());
    assert_eq!((Arc::strong_count(&message), sender.len()), (1, 0));
}

#[test]
fn a_message_goes_with_the_receiver_that_has_not_seen_it() {
    let (sender, mut first) = broadcast::channel(4);
    let second = sender.subscribe();
    let message = Arc::new(());
    for _ in 0..3 {
        sender.send(message.clone()).unwrap();
        drop(first.try_recv().unwrap());
    }
    assert_eq!((Arc::strong_count(&message), sender.len()), (4, 3));
    drop(second);
    assert_eq!((Arc::strong_count(&message), sender.len()), (1, 0));
}

/// The receiver that was dropped last lagged: tokio's panicked then (its issue 3434's fix).
#[test]
fn a_receiver_that_lags_can_be_dropped() {
    let (sender, mut first) = broadcast::channel(2);
    let second = sender.subscribe();
    let message = Arc::new(());
    for _ in 0..5 {
        sender.send(message.clone()).unwrap();
    }
    drop(second);
    assert_eq!(sender.len(), 2);
    assert_eq!(first.try_recv(), Err(TryRecvError::Lagged(3)));
    drop(first.try_recv().unwrap());
    drop(first);
    assert_eq!((Arc::strong_count(&message), sender.len()), (1, 0));
}

#[test]
fn a_message_that_is_overtaken_goes_at_once() {
    let (sender, _receiver) = broadcast::channel(1);
    let message = Arc::new(());
    for _ in 0..3 {
        sender.send(message.clone()).unwrap();
        assert_eq!(Arc::strong_count(&message), 2);
    }
}

/// A message that counts its clones.
struct Cloned(Arc<AtomicUsize>);

impl Clone for Cloned {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(self.0.clone())
    }
}

#[test]
fn the_last_receiver_gets_the_message_itself() {
    let (sender, mut first) = broadcast::channel(1);
    let mut second = sender.subscribe();
    let clones = Arc::new(AtomicUsize::new(0));
    sender.send(Cloned(clones.clone())).map_err(|_| ()).unwrap();
    assert!(first.try_recv().is_ok() && second.try_recv().is_ok());
    assert_eq!(clones.load(Ordering::Relaxed), 1);
}

#[test]
fn the_close_comes_after_the_last_message() {
    let (sender, mut receiver) = broadcast::channel(2);
    let other = sender.clone();
    assert_eq!((sender.strong_count(), receiver.sender_strong_count()), (2, 2));
    sent(&sender, [1]);
    drop(sender);
    assert!(!receiver.is_closed());
    drop(other);
    assert!(receiver.is_closed());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    let mut late = receiver.resubscribe();
    assert_eq!(late.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn the_last_sender_wakes_those_who_wait() {
    let (sender, mut receiver) = broadcast::channel::<u8>(2);
    let mut recv = Task::pending(receiver.recv());
    drop(sender);
    assert!(recv.woken());
    assert_eq!(ready(recv.poll()), Err(RecvError::Closed));
}

/// tokio's hung on a channel that had been without receivers (its issue 4814's fix).
#[test]
fn a_channel_that_was_without_receivers_works_again() {
    let (sender, receiver) = broadcast::channel(2);
    drop(receiver);
    let mut receiver = sender.subscribe();
    let mut recv = Task::pending(receiver.recv());
    sent(&sender, [1]);
    assert!(recv.woken());
    assert_eq!(ready(recv.poll()), Ok(1));
    drop(recv);
    drop(sender);
    assert_eq!(ready(Task::new(receiver.recv()).poll()), Err(RecvError::Closed));
}

/// tokio's `Sender::new` made a channel on which `closed` waited (fixed in 1.47.2).
#[test]
fn closed_ends_when_there_is_no_receiver() {
    let sender = Sender::<u8>::new(2);
    assert!(Task::new(sender.closed()).poll().is_ready());
    let (first, second) = (sender.subscribe(), sender.subscribe());
    let mut closed = Task::pending(sender.closed());
    drop(first);
    assert!(!closed.woken());
    drop(second);
    assert!(closed.woken());
    assert!(closed.poll().is_ready());
}

#[test]
fn a_weak_sender_keeps_nothing_open() {
    let (sender, mut receiver) = broadcast::channel(2);
    let weak = sender.downgrade();
    let other = weak.clone();
    assert_eq!((sender.weak_count(), receiver.sender_weak_count(), weak.strong_count()), (2, 2, 1));
    drop(other);
    assert_eq!(weak.weak_count(), 1);
    let again = weak.upgrade().unwrap();
    assert!(again.same_channel(&sender));
    drop(sender);
    again.send(1).unwrap();
    drop(again);
    assert!(weak.upgrade().is_none());
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(1), Err(TryRecvError::Closed)));
}

#[test]
fn a_send_wakes_everybody_who_waits_once() {
    let (sender, _receiver) = broadcast::channel(2);
    let mut receivers: Vec<Receiver<u64>> = (0..40).map(|_| sender.subscribe()).collect();
    let mut tasks: Vec<_> = receivers.iter_mut().map(|receiver| Task::pending(receiver.recv())).collect();
    sent(&sender, [1]);
    assert!(tasks.iter().all(|task| task.wakes() == 1));
    // Those who leave have nothing to pass on.
    let last = tasks.pop().unwrap();
    drop(last);
    for task in &mut tasks {
        assert_eq!(ready(task.poll()), Ok(1));
        assert_eq!(task.wakes(), 1);
    }
}

#[test]
fn who_leaves_after_its_wake_wakes_nobody() {
    let (sender, mut first) = broadcast::channel(2);
    let mut second = sender.subscribe();
    let woken = Task::pending(first.recv());
    sent(&sender, [1]);
    assert_eq!(second.try_recv(), Ok(1));
    let waiting = Task::pending(second.recv());
    drop(woken);
    assert_eq!(waiting.wakes(), 0);
}

/// Sends and receives in the same channel from within its wake.
struct Reentrant {
    sender: Sender<u64>,
    woken: AtomicUsize,
}

impl Wake for Reentrant {
    fn wake(self: Arc<Self>) {
        if self.woken.fetch_add(1, Ordering::Relaxed) == 0 {
            self.sender.send(2).unwrap();
            let mut late = self.sender.subscribe();
            assert_eq!(late.try_recv(), Err(TryRecvError::Empty));
            assert_eq!(self.sender.len(), 2);
        }
    }
}

/// A waker that used the channel deadlocked in tokio's (fixed in 1.28).
#[test]
fn a_waker_may_use_the_channel() {
    let (sender, mut receiver) = broadcast::channel(4);
    let waker = Waker::from(Arc::new(Reentrant { sender: sender.clone(), woken: AtomicUsize::new(0) }));
    {
        let mut recv = Box::pin(receiver.recv());
        assert!(recv.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        sent(&sender, [1]);
    }
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(1), Ok(2)));
}

#[test]
fn a_stream_tells_what_it_missed_and_ends() {
    let (sender, mut receiver) = broadcast::channel(1);
    let mut next = Task::new(poll_fn(move |cx| Pin::new(&mut receiver).poll_next(cx)));
    assert!(next.poll().is_pending());
    sent(&sender, [1, 2]);
    assert!(next.woken());
    assert_eq!(ready(next.poll()), Some(Err(Lagged(1))));
    assert_eq!(ready(next.poll()), Some(Ok(2)));
    assert!(next.poll().is_pending());
    drop(sender);
    assert!(next.woken());
    assert_eq!(ready(next.poll()), None);
}

/// Panics when it is cloned, or dropped, if so told.
struct Touchy {
    number: u64,
    clone: bool,
    drop: bool,
}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        assert!(!self.clone, "a clone that panics");
        Self { number: self.number, clone: false, drop: false }
    }
}

impl Drop for Touchy {
    fn drop(&mut self) {
        assert!(!self.drop || thread::panicking(), "a drop that panics");
    }
}

fn touchy(number: u64) -> Touchy {
    Touchy { number, clone: false, drop: false }
}

fn panics<T>(run: impl FnOnce() -> T) -> bool {
    catch_unwind(AssertUnwindSafe(|| drop(run()))).is_err()
}

fn number(received: Result<Touchy, TryRecvError>) -> Result<u64, TryRecvError> {
    received.map(|message| message.number)
}

#[test]
fn a_clone_that_panics_counts_as_received() {
    let (sender, mut first) = broadcast::channel(4);
    let mut second = sender.subscribe();
    sender.send(Touchy { clone: true, ..touchy(1) }).map_err(|_| ()).unwrap();
    sender.send(touchy(2)).map_err(|_| ()).unwrap();
    assert!(panics(|| first.try_recv()));
    assert_eq!(number(first.try_recv()), Ok(2));
    assert_eq!(number(second.try_recv()), Ok(1), "the last one needs no clone");
    assert_eq!(number(second.try_recv()), Ok(2));
    assert!(sender.is_empty());
}

#[test]
fn a_message_that_panics_when_it_makes_room_leaves_the_channel_whole() {
    let (sender, mut receiver) = broadcast::channel(1);
    sender.send(Touchy { drop: true, ..touchy(1) }).map_err(|_| ()).unwrap();
    assert!(panics(|| sender.send(touchy(2))));
    assert_eq!(number(receiver.try_recv()), Err(TryRecvError::Lagged(1)));
    assert_eq!(number(receiver.try_recv()), Ok(2));
    let mut recv = Task::pending(receiver.recv());
    sender.send(touchy(3)).map_err(|_| ()).unwrap();
    assert!(recv.woken());
    assert_eq!(ready(recv.poll()).map(|message| message.number), Ok(3));
}

#[test]
fn a_message_that_panics_when_its_receiver_leaves_keeps_no_other() {
    let (sender, receiver) = broadcast::channel(4);
    let mut other = sender.subscribe();
    let mut closed = Task::new(sender.closed());
    for i in 0..3 {
        sender.send(Touchy { drop: i == 0, ..touchy(i) }).map_err(|_| ()).unwrap();
        other.try_recv().map(drop).unwrap();
    }
    drop(other);
    assert!(closed.poll().is_pending());
    assert!(panics(|| drop(receiver)));
    assert!(closed.woken());
    assert!(sender.is_empty());
    assert_eq!(sender.receiver_count(), 0);
}

/// Looping within a wake must not keep the sender there, nor make it quadratic: each wake polls again at once.
struct Eager {
    receiver: std::sync::Mutex<Receiver<u64>>,
    polls: Arc<AtomicUsize>,
}

impl Wake for Eager {
    fn wake(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        let mut receiver = self.receiver.lock().unwrap();
        while let Poll::Ready(Some(message)) = Pin::new(&mut *receiver).poll_next(&mut Context::from_waker(&waker)) {
            message.unwrap();
            self.polls.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn ten_thousand_that_receive_within_their_wake_are_woken_once_each() {
    const COUNT: usize = if cfg!(miri) { 40 } else { 10_000 };
    let (sender, _receiver) = broadcast::channel(4);
    let polls = Arc::new(AtomicUsize::new(0));
    for _ in 0..COUNT {
        let receiver = std::sync::Mutex::new(sender.subscribe());
        // Not a wake by the channel: it polls, finds nothing and waits.
        Arc::new(Eager { receiver, polls: polls.clone() }).wake();
    }
    for round in 1..=2 {
        assert_eq!(sender.send(1), Ok(COUNT + 1));
        assert_eq!(polls.load(Ordering::Relaxed), round * COUNT);
    }
    // The wakers hold their receivers, which hold the channel, which holds the wakers: the close takes them out.
    drop(sender);
}

#[test]
fn threads_get_everything_in_order() {
    const MESSAGES: u64 = if cfg!(miri) { 20 } else { 2_000 };
    let (sender, receiver) = broadcast::channel(16);
    let receivers: Vec<_> = (0..3).map(|_| sender.subscribe()).chain([receiver]).collect();
    thread::scope(|scope| {
        for mut receiver in receivers {
            scope.spawn(move || {
                let mut next = 0;
                loop {
                    match receiver.recv_blocking() {
                        Ok(message) => assert_eq!(message, std::mem::replace(&mut next, message + 1)),
                        Err(RecvError::Lagged(missed)) => next += missed,
                        Err(RecvError::Closed) => return assert_eq!(next, MESSAGES),
                    }
                }
            });
        }
        sent(&sender, 0..MESSAGES);
        drop(sender);
    });
}
