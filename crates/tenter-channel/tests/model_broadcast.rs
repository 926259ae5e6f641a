//! A broadcast channel against a list of all that was sent: any sequence of sends, receives, subscriptions and drops.
#![cfg(not(tenter_loom))]

mod common;

use std::sync::Arc;
use std::task::Poll;

use common::Task;
use proptest::prelude::*;
use tenter_channel::broadcast::{self, Receiver, RecvError, SendError, Sender, TryRecvError};

/// Indices are taken modulo the number of receivers there are.
#[derive(Clone, Debug)]
enum Step {
    Send,
    TryRecv(usize),
    /// Waits if there is nothing, and receives what a send brings.
    RecvAcrossSend(usize),
    Subscribe,
    Drop(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Send),
        5 => (0..8usize).prop_map(Step::TryRecv),
        2 => (0..8usize).prop_map(Step::RecvAcrossSend),
        2 => Just(Step::Subscribe),
        1 => (0..8usize).prop_map(Step::Drop),
    ];
    prop::collection::vec(step, 0..120)
}

/// Its number is its position; the `Arc` tells how many messages live.
type Message = (u64, Arc<()>);

struct Model {
    sender: Option<Sender<Message>>,
    /// With the position of the next message of each.
    receivers: Vec<(Receiver<Message>, u64)>,
    room: u64,
    sent: u64,
    /// Held by each message that lives.
    lives: Arc<()>,
}

impl Model {
    fn new(capacity: usize) -> Self {
        let (sender, receiver) = broadcast::channel(capacity);
        let room = capacity.next_power_of_two() as u64;
        Self { sender: Some(sender), receivers: vec![(receiver, 0)], room, sent: 0, lives: Arc::new(()) }
    }

    fn apply(&mut self, step: &Step) {
        let count = self.receivers.len();
        match *step {
            Step::Send => self.send(),
            Step::Subscribe => self.subscribe(),
            _ if count == 0 => {}
            Step::TryRecv(i) => self.try_recv(i % count),
            Step::RecvAcrossSend(i) => self.recv_across_send(i % count),
            Step::Drop(i) => drop(self.receivers.remove(i % count)),
        }
        self.check();
    }

    fn send(&mut self) {
        let Some(sender) = &self.sender else { return };
        let message = (self.sent, self.lives.clone());
        match self.receivers.len() {
            0 => assert!(matches!(sender.send(message), Err(SendError(back)) if back.0 == self.sent)),
            count => {
                assert_eq!(sender.send(message), Ok(count));
                self.sent += 1;
            }
        }
    }

    fn subscribe(&mut self) {
        let receiver = match (&self.sender, self.receivers.last()) {
            (Some(sender), _) => sender.subscribe(),
            (None, Some((receiver, _))) => receiver.resubscribe(),
            (None, None) => return,
        };
        self.receivers.push((receiver, self.sent));
    }

    /// What a receiver at this position gets, and where it is then.
    fn expected(&self, next: u64) -> (Result<u64, TryRecvError>, u64) {
        let oldest = self.sent.saturating_sub(self.room);
        if next < oldest {
            (Err(TryRecvError::Lagged(oldest - next)), oldest)
        } else if next < self.sent {
            (Ok(next), next + 1)
        } else if self.sender.is_none() {
            (Err(TryRecvError::Closed), next)
        } else {
            (Err(TryRecvError::Empty), next)
        }
    }

    fn try_recv(&mut self, i: usize) {
        let (expected, then) = self.expected(self.receivers[i].1);
        let (receiver, next) = &mut self.receivers[i];
        assert_eq!(receiver.try_recv().map(|message| message.0), expected);
        *next = then;
    }

    fn recv_across_send(&mut self, i: usize) {
        let (mut receiver, next) = self.receivers.remove(i);
        let (expected, mut then) = self.expected(next);
        {
            let mut recv = Task::new(receiver.recv());
            match (recv.poll(), expected) {
                (Poll::Ready(Ok(got)), expected) => assert_eq!(Ok(got.0), expected),
                (Poll::Ready(Err(error)), expected) => assert_eq!(Err(error.into()), expected),
                (Poll::Pending, expected) => {
                    assert_eq!(expected, Err(TryRecvError::Empty));
                    let sender = self.sender.as_ref().expect("it is not closed");
                    let sent = sender.send((self.sent, self.lives.clone()));
                    assert_eq!(sent, Ok(self.receivers.len() + 1));
                    assert!(recv.woken(), "a message is there and its receiver sleeps");
                    assert!(matches!(recv.poll(), Poll::Ready(Ok(got)) if got.0 == self.sent));
                    self.sent += 1;
                    then = self.sent;
                }
            }
        }
        self.receivers.insert(i, (receiver, then));
    }

    /// The channel agrees with the model, and keeps just what someone has yet to see.
    fn check(&self) {
        let slowest = self.receivers.iter().map(|receiver| receiver.1).min().unwrap_or(self.sent);
        let kept = self.sent - slowest.max(self.sent.saturating_sub(self.room));
        assert_eq!(Arc::strong_count(&self.lives) as u64 - 1, kept, "a message is lost, or outlives its receivers");
        for (receiver, next) in &self.receivers {
            assert_eq!((receiver.len() as u64, receiver.is_closed()), (self.sent - next, self.sender.is_none()));
        }
        if let Some(sender) = &self.sender {
            assert_eq!((sender.len() as u64, sender.is_empty()), (kept, kept == 0));
            assert_eq!(sender.receiver_count(), self.receivers.len());
        }
    }

    /// The last sender goes: who waits is woken, and all that is left can be had.
    fn finish(mut self) {
        let (sender, mut closed) = (self.sender.take(), self.receivers.pop());
        {
            let recv = closed.as_mut().map(|(receiver, _)| Task::new(receiver.recv()));
            let waiting = recv.and_then(|mut recv| recv.poll().is_pending().then_some(recv));
            drop(sender);
            if let Some(mut recv) = waiting {
                assert!(recv.woken() && recv.poll() == Poll::Ready(Err(RecvError::Closed)));
            }
        }
        drop(closed);
        self.check();
        for i in 0..self.receivers.len() {
            while self.expected(self.receivers[i].1).0 != Err(TryRecvError::Closed) {
                self.try_recv(i);
                self.check();
            }
            self.try_recv(i);
        }
        self.receivers.clear();
        self.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_agrees_with_the_model(capacity in 1..9usize, steps in steps()) {
        let mut model = Model::new(capacity);
        for step in &steps {
            model.apply(step);
        }
        model.finish();
    }
}
