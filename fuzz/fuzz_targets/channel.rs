//! A channel against a `VecDeque`: any number of handles of either kind, their futures polled and dropped at any moment.
#![no_main]

use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use arbitrary::Arbitrary;
use futures_core::Stream;
use libfuzzer_sys::fuzz_target;
use tenter_channel::{
    Receiver, RecvError, SendError, Sender, TryRecvError, WeakReceiver, WeakSender, bounded, unbounded,
};
use tenter_fuzz::{Polled, Sleeper, asleep_and_awake, pick};

/// Indices are taken modulo the number of things there are.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    TrySend,
    ForceSend,
    TryRecv,
    StartSend,
    StartRecv,
    StartStream,
    StartClosed,
    PollSend(u8, bool),
    PollRecv(u8, bool),
    PollStream(u8, bool),
    DropSend(u8),
    DropRecv(u8),
    DropStream(u8),
    CloneSender,
    CloneReceiver,
    DropSender,
    DropReceiver,
    Upgrade,
    Close,
}

/// Known by its number; its `Rc` tells how many messages live.
type Message = (u32, Rc<()>);

/// A send that waits, and the number of its message.
type Waiting = (u32, Polled<Result<(), SendError<Message>>>);

struct Model {
    senders: Vec<Sender<Message>>,
    receivers: Vec<Receiver<Message>>,
    weak: (WeakSender<Message>, WeakReceiver<Message>),
    sends: Vec<Waiting>,
    recvs: Vec<Polled<Result<Message, RecvError>>>,
    streams: Vec<(Receiver<Message>, Sleeper)>,
    closeds: Vec<Polled<()>>,
    queue: VecDeque<u32>,
    capacity: usize,
    closed: bool,
    next: u32,
    lives: Rc<()>,
}

impl Model {
    fn new(capacity: Option<usize>) -> Self {
        let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
        Self {
            weak: (sender.downgrade(), receiver.downgrade()),
            senders: vec![sender],
            receivers: vec![receiver],
            sends: Vec::new(),
            recvs: Vec::new(),
            streams: Vec::new(),
            closeds: Vec::new(),
            queue: VecDeque::new(),
            capacity: capacity.unwrap_or(usize::MAX),
            closed: false,
            next: 0,
            lives: Rc::new(()),
        }
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::TrySend | Step::ForceSend | Step::StartSend => self.send(step),
            Step::TryRecv => self.try_recv(),
            Step::StartRecv => self.start_recv(),
            Step::StartStream => self.streams.extend(self.receivers.last().map(|one| (one.clone(), Sleeper::new()))),
            Step::StartClosed => self.start_closed(),
            Step::PollSend(i, renew) => self.poll_send(pick(i, self.sends.len()), renew),
            Step::PollRecv(i, renew) => self.poll_recv(pick(i, self.recvs.len()), renew),
            Step::PollStream(i, renew) => self.poll_stream(pick(i, self.streams.len()), renew),
            Step::DropSend(i) => drop(pick(i, self.sends.len()).map(|i| self.sends.remove(i))),
            Step::DropRecv(i) => drop(pick(i, self.recvs.len()).map(|i| self.recvs.remove(i))),
            Step::DropStream(i) => drop(pick(i, self.streams.len()).map(|i| self.streams.remove(i))),
            Step::CloneSender => self.senders.extend(self.senders.last().cloned()),
            Step::CloneReceiver => self.receivers.extend(self.receivers.last().cloned()),
            Step::DropSender => drop(self.senders.pop()),
            Step::DropReceiver => drop(self.receivers.pop()),
            Step::Upgrade => self.upgrade(),
            Step::Close => self.senders.last().into_iter().for_each(|sender| {
                assert_eq!(sender.close(), !std::mem::replace(&mut self.closed, true));
            }),
        }
        self.note_handles();
        self.check();
    }

    fn full(&self) -> bool {
        self.queue.len() == self.capacity
    }

    fn send(&mut self, step: Step) {
        let Some(sender) = self.senders.last().cloned() else { return };
        self.next += 1;
        let (number, message) = (self.next, (self.next, self.lives.clone()));
        match step {
            Step::TrySend => {
                let outcome = sender.try_send(message);
                let outcome = outcome.map_err(|error| error.is_closed().then_some(error.into_inner().0));
                match (self.closed, self.full()) {
                    (true, _) => assert_eq!(outcome, Err(Some(number))),
                    (false, true) => assert_eq!(outcome, Err(None)),
                    (false, false) => assert_eq!(outcome, Ok(())),
                }
                self.queue.extend(outcome.is_ok().then_some(number));
            }
            Step::ForceSend => {
                let outcome = sender.force_send(message).map(|oldest| oldest.map(|oldest| oldest.0));
                assert_eq!(outcome.is_err(), self.closed);
                if let Ok(oldest) = outcome {
                    assert_eq!(oldest, if self.full() { self.queue.pop_front() } else { None });
                    self.queue.push_back(number);
                }
            }
            _ => {
                let send = Polled::new(async move { sender.send(message).await });
                self.sends.push((number, send));
                self.poll_send(Some(self.sends.len() - 1), false);
            }
        }
    }

    fn poll_send(&mut self, at: Option<usize>, renew: bool) {
        let Some(at) = at else { return };
        let (full, (number, send)) = (self.full(), &mut self.sends[at]);
        match send.poll(renew) {
            Poll::Pending => return assert!(full && !self.closed, "a send waits although there is room"),
            Poll::Ready(Ok(())) => {
                assert!(!full && !self.closed);
                self.queue.push_back(*number);
            }
            Poll::Ready(Err(error)) => assert!(self.closed && error.into_inner().0 == *number),
        }
        drop(self.sends.remove(at));
    }

    fn try_recv(&mut self) {
        let Some(receiver) = self.receivers.last() else { return };
        let nothing = if self.closed { TryRecvError::Closed } else { TryRecvError::Empty };
        assert_eq!(receiver.try_recv().map(|message| message.0), self.queue.pop_front().ok_or(nothing));
    }

    fn start_recv(&mut self) {
        let Some(receiver) = self.receivers.last().cloned() else { return };
        self.recvs.push(Polled::new(async move { receiver.recv().await }));
        self.poll_recv(Some(self.recvs.len() - 1), false);
    }

    fn poll_recv(&mut self, at: Option<usize>, renew: bool) {
        let Some(at) = at else { return };
        match (self.recvs[at].poll(renew), self.queue.pop_front()) {
            (Poll::Pending, None) => return assert!(!self.closed),
            (Poll::Ready(Err(RecvError)), None) => assert!(self.closed),
            (Poll::Ready(Ok(got)), expected) => assert_eq!(Some(got.0), expected),
            (other, expected) => panic!("{expected:?} should have been received: {other:?}"),
        }
        drop(self.recvs.remove(at));
    }

    fn poll_stream(&mut self, at: Option<usize>, renew: bool) {
        let Some(at) = at else { return };
        let (stream, sleeper) = &mut self.streams[at];
        match (sleeper.poll(renew, |cx| Pin::new(stream).poll_next(cx)), self.queue.pop_front()) {
            (Poll::Pending, None) => assert!(!self.closed),
            (Poll::Ready(None), None) => assert!(self.closed),
            (Poll::Ready(Some(got)), expected) => assert_eq!(Some(got.0), expected),
            (other, expected) => panic!("{expected:?} should have been received: {other:?}"),
        }
    }

    fn start_closed(&mut self) {
        let Some(sender) = self.senders.last().cloned() else { return };
        let mut closed = Polled::new(async move { sender.closed().await });
        assert_eq!(closed.poll(false).is_ready(), self.closed);
        if !self.closed {
            self.closeds.push(closed);
        }
    }

    fn upgrade(&mut self) {
        let (sender, receiver) = (self.weak.0.upgrade(), self.weak.1.upgrade());
        assert_eq!((sender.is_some(), receiver.is_some()), (!self.closed, !self.closed));
        self.senders.extend(sender);
        self.receivers.extend(receiver);
    }

    fn handles(&self) -> (usize, usize) {
        let senders = self.senders.len() + self.sends.len() + self.closeds.len();
        (senders, self.receivers.len() + self.recvs.len() + self.streams.len())
    }

    /// The last handle of a side closes the channel; the last receiver takes the messages with it.
    fn note_handles(&mut self) {
        let (senders, receivers) = self.handles();
        self.closed |= senders == 0 || receivers == 0;
        if receivers == 0 {
            self.queue.clear();
        }
    }

    /// The channel agrees with the model, and nobody sleeps who could go on.
    fn check(&mut self) {
        if let Some(sender) = self.senders.last() {
            assert_eq!((sender.len(), sender.is_closed()), (self.queue.len(), self.closed));
            assert_eq!((sender.sender_count(), sender.receiver_count()), self.handles());
        }
        let held = self.queue.len() + self.sends.len();
        assert_eq!(Rc::strong_count(&self.lives) - 1, held, "a message is lost, or outlives its channel");
        let (recvs, awake) = asleep_and_awake(self.recvs.iter().map(|recv| &recv.sleeper));
        let (streams, awake_streams) = asleep_and_awake(self.streams.iter().map(|stream| &stream.1));
        assert!(recvs == 0 || awake >= self.queue.len(), "a message is there and its receiver sleeps");
        assert!(streams == 0 || awake + awake_streams >= self.queue.len(), "a message is there and its stream sleeps");
        let (sends, awake) = asleep_and_awake(self.sends.iter().map(|waiting| &waiting.1.sleeper));
        assert!(sends == 0 || awake >= self.capacity - self.queue.len(), "there is room and the sender for it sleeps");
        if self.closed {
            assert_eq!((recvs, streams, sends), (0, 0, 0), "the channel is closed and someone sleeps");
            assert!(
                self.closeds.drain(..).all(|mut closed| closed.sleeper.is_awake() && closed.poll(false).is_ready())
            );
        } else {
            assert!(self.closeds.iter().all(|closed| closed.sleeper.is_asleep()));
        }
    }
}

fuzz_target!(|input: (Option<u8>, Vec<Step>)| {
    let mut model = Model::new(input.0.map(|capacity| 1 + usize::from(capacity % 4)));
    for step in input.1 {
        model.apply(step);
    }
});
