//! A channel against a `VecDeque`: any sequence of sends, receives, polls and drops.
#![cfg(not(tenter_loom))]

mod common;

use std::collections::VecDeque;
use std::task::Poll;

use common::Task;
use proptest::prelude::*;
use tenter_channel::{
    Receiver, Recv, RecvError, Send, SendError, Sender, TryRecvError, TrySendError, bounded, unbounded,
};

/// Indices are taken modulo the number of tasks there are.
#[derive(Clone, Debug)]
enum Step {
    TrySend,
    ForceSend,
    TryRecv,
    StartSend,
    StartRecv,
    PollSend(usize),
    PollRecv(usize),
    DropSend(usize),
    DropRecv(usize),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::TrySend),
        1 => Just(Step::ForceSend),
        3 => Just(Step::TryRecv),
        4 => Just(Step::StartSend),
        4 => Just(Step::StartRecv),
        4 => (0..8usize).prop_map(Step::PollSend),
        4 => (0..8usize).prop_map(Step::PollRecv),
        2 => (0..8usize).prop_map(Step::DropSend),
        2 => (0..8usize).prop_map(Step::DropRecv),
    ]
}

/// A run of steps with at most one close, somewhere near the end.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    (prop::collection::vec(step(), 0..80), any::<bool>(), prop::collection::vec(step(), 0..20)).prop_map(
        |(mut first, close, rest)| {
            first.extend(close.then_some(Step::Close));
            first.extend(rest);
            first
        },
    )
}

struct Model<'a> {
    sender: &'a Sender<u32>,
    receiver: &'a Receiver<u32>,
    capacity: usize,
    queue: VecDeque<u32>,
    closed: bool,
    next: u32,
    sends: Vec<(u32, Task<Send<'a, u32>>)>,
    recvs: Vec<Task<Recv<'a, u32>>>,
}

impl<'a> Model<'a> {
    fn apply(&mut self, step: &Step) {
        match *step {
            Step::TrySend => self.try_send(),
            Step::ForceSend => self.force_send(),
            Step::TryRecv => {
                let expected = self.queue.pop_front().ok_or(match self.closed {
                    true => TryRecvError::Closed,
                    false => TryRecvError::Empty,
                });
                assert_eq!(self.receiver.try_recv(), expected);
            }
            Step::StartSend => {
                let message = self.message();
                self.sends.push((message, Task::new(self.sender.send(message))));
                self.poll_send(self.sends.len() - 1);
            }
            Step::StartRecv => {
                self.recvs.push(Task::new(self.receiver.recv()));
                self.poll_recv(self.recvs.len() - 1);
            }
            Step::PollSend(i) if !self.sends.is_empty() => self.poll_send(i % self.sends.len()),
            Step::PollRecv(i) if !self.recvs.is_empty() => self.poll_recv(i % self.recvs.len()),
            Step::DropSend(i) if !self.sends.is_empty() => drop(self.sends.remove(i % self.sends.len())),
            Step::DropRecv(i) if !self.recvs.is_empty() => drop(self.recvs.remove(i % self.recvs.len())),
            Step::Close => {
                self.sender.close();
                self.closed = true;
            }
            _ => {}
        }
        self.check();
    }

    fn message(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn full(&self) -> bool {
        self.queue.len() == self.capacity
    }

    fn try_send(&mut self) {
        let message = self.message();
        let outcome = self.sender.try_send(message);
        if self.closed {
            assert_eq!(outcome, Err(TrySendError::Closed(message)));
        } else if self.full() {
            assert_eq!(outcome, Err(TrySendError::Full(message)));
        } else {
            assert_eq!(outcome, Ok(()));
            self.queue.push_back(message);
        }
    }

    fn force_send(&mut self) {
        let message = self.message();
        let outcome = self.sender.force_send(message);
        if self.closed {
            assert_eq!(outcome, Err(SendError(message)));
            return;
        }
        let oldest = if self.full() { self.queue.pop_front() } else { None };
        assert_eq!(outcome, Ok(oldest));
        self.queue.push_back(message);
    }

    fn poll_send(&mut self, i: usize) {
        let (message, task) = &mut self.sends[i];
        let (message, poll) = (*message, task.poll());
        if self.closed {
            assert_eq!(poll, Poll::Ready(Err(SendError(message))));
        } else if self.full() {
            assert_eq!(poll, Poll::Pending);
            return;
        } else {
            assert_eq!(poll, Poll::Ready(Ok(())));
            self.queue.push_back(message);
        }
        self.sends.remove(i);
    }

    fn poll_recv(&mut self, i: usize) {
        let poll = self.recvs[i].poll();
        match self.queue.pop_front() {
            Some(message) => assert_eq!(poll, Poll::Ready(Ok(message))),
            None if self.closed => assert_eq!(poll, Poll::Ready(Err(RecvError))),
            None => {
                assert_eq!(poll, Poll::Pending);
                return;
            }
        }
        self.recvs.remove(i);
    }

    /// The channel agrees with the model, and whoever could go on has someone awake on its side.
    fn check(&self) {
        assert_eq!(self.receiver.len(), self.queue.len());
        let asleep_recvs = self.recvs.iter().filter(|task| !task.woken()).count();
        let awake_recvs = self.recvs.len() - asleep_recvs;
        if self.closed {
            assert_eq!(asleep_recvs, 0);
        }
        assert!(asleep_recvs == 0 || awake_recvs >= self.queue.len(), "a message is there and its receiver sleeps");
        let asleep_sends = self.sends.iter().filter(|(_, task)| !task.woken()).count();
        let awake_sends = self.sends.len() - asleep_sends;
        if self.closed {
            assert_eq!(asleep_sends, 0);
        }
        let room = self.capacity.saturating_sub(self.queue.len());
        assert!(asleep_sends == 0 || awake_sends >= room, "there is room and the sender for it sleeps");
    }

    /// Polls only those who were woken: everything that can end must end so.
    fn settle(mut self) {
        loop {
            if let Some(i) = self.sends.iter().position(|(_, task)| task.woken()) {
                self.poll_send(i);
            } else if let Some(i) = self.recvs.iter().position(Task::woken) {
                self.poll_recv(i);
            } else {
                break;
            }
        }
        assert!(self.recvs.is_empty() || self.queue.is_empty(), "a receiver sleeps beside a message");
        assert!(self.sends.is_empty() || self.full(), "a sender sleeps beside a free place");
    }
}

fn run(capacity: Option<usize>, steps: &[Step]) {
    let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
    let mut model = Model {
        sender: &sender,
        receiver: &receiver,
        capacity: capacity.unwrap_or(usize::MAX),
        queue: VecDeque::new(),
        closed: false,
        next: 0,
        sends: Vec::new(),
        recvs: Vec::new(),
    };
    for step in steps {
        model.apply(step);
    }
    model.settle();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bounded_matches_its_model(capacity in 1..4usize, steps in steps()) {
        run(Some(capacity), &steps);
    }

    #[test]
    fn unbounded_matches_its_model(steps in steps()) {
        run(None, &steps);
    }
}
