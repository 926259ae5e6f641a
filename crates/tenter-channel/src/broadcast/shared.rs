//! What the handles of a broadcast channel share: a ring of slots, a count of messages sent, two lists of those who wait.
//!
//! Messages have *positions*, counted from 0; that of position `p` is in slot `p % capacity` until the one of position
//! `p + capacity` takes its place.
//!
//! *Who writes what.* Senders take turns by the lock of [`Tail`]; in its turn one writes a slot, under the slot's own lock,
//! and then publishes the new count in [`Sent`]. So a receiver that reads a count above its next position finds in that
//! slot its message, or a later one. Receivers take the slot's lock alone: two of them meet only at one message.
//!
//! *When a message goes.* A slot counts the receivers that have yet to pass it. It starts with the number of receivers, which
//! is read in the turn that writes the slot; a receiver is counted, and gets its first position, in a turn as well. So
//! those who are counted are exactly those whose next position is at most this one. Each passes it once: by
//! [taking](Shared::take) it, by [leaving](Shared::leave), or by having been overtaken, and then the count went with the
//! message. Who brings it to zero takes the message out of the slot.
//!
//! *No wake is lost.* For [`tenter_core::wait_list`] the state is the word in `Sent`, of which a waiter's last look is one
//! load; what changes it notifies afterwards.
//!
//! *No foreign code runs under a lock.* Messages are shared by [`Arc`], taken out or counted up under the lock, and cloned
//! or dropped when it is released. The lock of a slot is taken within that of the tail, never the other way round.

use tenter_core::sync::atomic::{AtomicU64, Ordering};
use tenter_core::sync::{Arc, Mutex, MutexGuard};
use tenter_core::wait_list::WaitList;

use super::error::{SendError, TryRecvError};
use crate::channel::Handles;
use crate::lock;

/// How many messages have been sent, and whether that is all. Changed under the lock of [`Tail`] only.
struct Sent(AtomicU64);

/// No message will be sent any more. Set once, when the last sender is gone.
const CLOSED: u64 = 1 << 63;

impl Sent {
    fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The count, which is the next position, and whether it is the last word.
    fn read(&self) -> (u64, bool) {
        let word = self.0.load(Ordering::Acquire);
        (word & !CLOSED, word & CLOSED != 0)
    }

    /// The count, for who holds the lock.
    fn count(&self, _turn: &MutexGuard<'_, Tail>) -> u64 {
        self.0.load(Ordering::Relaxed) & !CLOSED
    }

    /// Release: who reads the count finds what was written before.
    fn publish(&self, count: u64, _turn: &MutexGuard<'_, Tail>) {
        self.0.store(count, Ordering::Release);
    }

    fn close(&self, turn: &MutexGuard<'_, Tail>) {
        self.0.store(self.count(turn) | CLOSED, Ordering::Release);
    }
}

/// Whose turn it is to send, subscribe or leave.
struct Tail {
    receivers: usize,
}

/// A message and who has yet to see it.
struct Slot<T> {
    /// The position of the message that was written last.
    at: u64,
    /// Receivers that have yet to pass it.
    left: usize,
    /// `None` once nobody is left.
    message: Option<Arc<T>>,
}

impl<T> Slot<T> {
    /// A receiver passes the message.
    fn pass(&mut self) -> Share<T> {
        self.left -= 1;
        let message = match self.left {
            0 => self.message.take(),
            _ => self.message.clone(),
        };
        Share { message: message.expect("a message stays until its last receiver passes"), last: self.left == 0 }
    }
}

/// One receiver's share of a message.
pub(super) struct Share<T> {
    message: Arc<T>,
    /// Nobody else will come for it; but others may still hold their shares.
    last: bool,
}

impl<T: Clone> Share<T> {
    /// The message, or a clone if others have a share. Foreign code: not under a lock.
    pub(super) fn into_message(self) -> T {
        if !self.last {
            return T::clone(&self.message);
        }
        Arc::try_unwrap(self.message).unwrap_or_else(|message| T::clone(&message))
    }
}

pub(super) struct Shared<T> {
    sent: Sent,
    tail: Mutex<Tail>,
    /// As many as a power of two.
    slots: Box<[Mutex<Slot<T>>]>,
    /// Receivers that wait for a message or the close.
    pub(super) message_waits: WaitList,
    /// Those who wait until there is no receiver.
    closed_waits: WaitList,
    pub(super) senders: Handles,
    pub(super) weak_senders: Handles,
}

impl<T> Shared<T> {
    /// A channel of one sender and no receiver.
    pub(super) fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a broadcast channel needs a capacity of at least 1");
        assert!(capacity <= usize::MAX / 2, "a broadcast channel can't have a capacity of {capacity}");
        let slot = || Mutex::new(Slot { at: 0, left: 0, message: None });
        Self {
            sent: Sent::new(),
            tail: Mutex::new(Tail { receivers: 0 }),
            slots: std::iter::repeat_with(slot).take(capacity.next_power_of_two()).collect(),
            message_waits: WaitList::new(),
            closed_waits: WaitList::new(),
            senders: Handles::one(),
            weak_senders: Handles::none(),
        }
    }

    fn capacity(&self) -> u64 {
        self.slots.len() as u64
    }

    #[inline]
    fn slot(&self, position: u64) -> MutexGuard<'_, Slot<T>> {
        // The remainder by a power of two; it fits, as the number of slots does.
        lock(&self.slots[position as usize & (self.slots.len() - 1)])
    }

    /// Sends a message to the receivers that there are; how many, or the message if there is none.
    #[inline]
    pub(super) fn send(&self, message: T) -> Result<usize, SendError<T>> {
        let message = Arc::new(message);
        let turn = lock(&self.tail);
        let receivers = turn.receivers;
        if receivers == 0 {
            drop(turn);
            return Err(SendError(Arc::try_unwrap(message).ok().expect("nobody has seen it")));
        }
        let at = self.sent.count(&turn);
        let overtaken = std::mem::replace(&mut *self.slot(at), Slot { at, left: receivers, message: Some(message) });
        self.sent.publish(at + 1, &turn);
        drop(turn);
        self.message_waits.notify_all();
        drop(overtaken);
        Ok(receivers)
    }

    /// A receiver takes its share of the message at its next position, or learns how far it has been overtaken.
    #[inline]
    pub(super) fn take(&self, next: &mut u64) -> Result<Share<T>, TryRecvError> {
        let (sent, closed) = self.sent.read();
        if *next == sent {
            return Err(if closed { TryRecvError::Closed } else { TryRecvError::Empty });
        }
        let mut slot = self.slot(*next);
        if slot.at != *next {
            let overtaken_by = slot.at;
            drop(slot);
            return Err(self.lag(next, overtaken_by));
        }
        *next += 1;
        Ok(slot.pass())
    }

    /// Moves a receiver that has been overtaken to the oldest message that is left.
    #[cold]
    fn lag(&self, next: &mut u64, overtaken_by: u64) -> TryRecvError {
        // What was found in the slot may not be in the count yet.
        let sent = self.sent.read().0.max(overtaken_by + 1);
        let oldest = sent - self.capacity();
        TryRecvError::Lagged(oldest - std::mem::replace(next, oldest))
    }

    /// How many messages a receiver has yet to see or to hear that they are lost.
    pub(super) fn ahead_of(&self, next: u64) -> usize {
        usize::try_from(self.sent.read().0 - next).unwrap_or(usize::MAX)
    }

    /// How many messages are kept for receivers.
    pub(super) fn len(&self) -> usize {
        let turn = lock(&self.tail);
        let end = self.sent.count(&turn);
        let start = end.saturating_sub(self.capacity());
        // Receivers pass messages in order, so those that all have passed are in front of those that somebody has not.
        let (mut passed, mut unknown) = (start, end);
        while passed < unknown {
            let middle = passed + (unknown - passed) / 2;
            if self.slot(middle).left == 0 {
                passed = middle + 1;
            } else {
                unknown = middle;
            }
        }
        (end - passed) as usize
    }

    pub(super) fn is_empty(&self) -> bool {
        let turn = lock(&self.tail);
        match self.sent.count(&turn) {
            0 => true,
            end => self.slot(end - 1).left == 0,
        }
    }

    /// Counts another receiver; its first position.
    pub(super) fn join(&self) -> u64 {
        let mut turn = lock(&self.tail);
        turn.receivers += 1;
        self.sent.count(&turn)
    }

    pub(super) fn receivers(&self) -> usize {
        lock(&self.tail).receivers
    }

    /// A receiver leaves, and passes what it has not seen.
    pub(super) fn leave(&self, next: u64) {
        let (end, last) = {
            let mut turn = lock(&self.tail);
            turn.receivers -= 1;
            (self.sent.count(&turn), turn.receivers == 0)
        };
        let mut leaving = Leaving { shared: self, next: next.max(end.saturating_sub(self.capacity())), end };
        if last {
            self.closed_waits.notify_all();
        }
        leaving.run();
    }

    /// A sender leaves; the last one closes the channel.
    pub(super) fn release_sender(&self) {
        if self.senders.release() {
            self.sent.close(&lock(&self.tail));
            self.message_waits.notify_all();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sent.read().1
    }

    /// Ends when there is no receiver.
    pub(super) async fn closed(&self) {
        self.closed_waits.wait_until(|| (self.receivers() == 0).then_some(())).await;
    }
}

/// A receiver on its way out. If a message panics when it is dropped, the others are passed before the panic goes on.
struct Leaving<'a, T> {
    shared: &'a Shared<T>,
    next: u64,
    end: u64,
}

impl<T> Leaving<'_, T> {
    fn run(&mut self) {
        while self.next < self.end {
            let at = self.next;
            self.next += 1;
            let mut slot = self.shared.slot(at);
            let share = (slot.at == at).then(|| slot.pass());
            drop(slot);
            drop(share);
        }
    }
}

impl<T> Drop for Leaving<'_, T> {
    fn drop(&mut self) {
        self.run();
    }
}
