//! What a channel's handles share: the queue, the lists of those who wait, the counts of handles.
//!
//! The queue is the state in the sense of [`tenter_core::wait_list`]'s protocol: senders wait for room, receivers for
//! a message, everybody for the close. Each operation changes the queue first and then notifies, so an operation that
//! finds nobody waiting costs the queue's own atomics and a load or two.
//!
//! The fence between the two is the queue's own operation: push, pop and close take effect, as far as `is_empty`,
//! `is_full`, `is_closed` and the other operations can tell, by one sequentially consistent read-modify-write of an index
//! or state word. [`fence_after_rmw`] stands for that.
//!
//! A waiter's last look, after it has joined its list, may be loads: `is_empty` reads the head, then the tail, and the tail
//! is never behind the head; so if it finds them equal, the queue was empty when the head was read, which is after
//! the waiter's fence. `is_full` likewise reads the tail, then the head.

use std::pin::Pin;

use concurrent_queue::{ConcurrentQueue, ForcePushError, PopError, PushError};
use tenter_core::sync::Arc;
use tenter_core::sync::atomic::{AtomicUsize, Ordering};
use tenter_core::sync::fence_after_rmw;
use tenter_core::wait_list::{PinnedWaiter, WaitList};

use crate::error::{SendError, TryRecvError, TrySendError};
use crate::receiver::Receiver;
use crate::sender::Sender;

/// How many handles of one kind there are.
///
/// At zero the channel closes. The count never rises again then, but for handles that can be made out of those of another
/// kind ([`add`](Self::add)).
#[derive(Debug)]
pub(crate) struct Handles(AtomicUsize);

impl Handles {
    pub(crate) fn none() -> Self {
        Self(AtomicUsize::new(0))
    }

    pub(crate) fn one() -> Self {
        Self(AtomicUsize::new(1))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts a clone of a handle that exists, or one that is made out of a handle of another kind.
    pub(crate) fn add(&self) {
        // Half the range stands for "too many", as in `Arc`: with leaked clones the count could wrap to zero.
        if self.0.fetch_add(1, Ordering::Relaxed) > usize::MAX / 2 {
            std::process::abort();
        }
    }

    /// Counts a handle made out of a weak one; false if none is left.
    pub(crate) fn upgrade(&self) -> bool {
        let more = |count| if count == 0 { None } else { Some(count + 1) };
        self.0.fetch_update(Ordering::Acquire, Ordering::Relaxed, more).is_ok()
    }

    /// Takes a handle off; true if it was the last.
    pub(crate) fn release(&self) -> bool {
        self.0.fetch_sub(1, Ordering::AcqRel) == 1
    }
}

pub(crate) struct Channel<T> {
    pub(crate) queue: ConcurrentQueue<T>,
    /// Those who wait for room.
    pub(crate) send_waits: WaitList,
    /// `Recv` futures: gone once dropped, so one notification per message reaches someone who wants it.
    pub(crate) recv_waits: WaitList,
    /// Receivers polled as streams. They keep their place between polls and may never be polled again, so a message
    /// must be announced to all of them.
    pub(crate) stream_waits: WaitList,
    /// Those who wait for the close itself.
    pub(crate) closed_waits: WaitList,
    pub(crate) senders: Handles,
    pub(crate) receivers: Handles,
}

impl<T> Channel<T> {
    fn handles(queue: ConcurrentQueue<T>) -> (Sender<T>, Receiver<T>) {
        let channel = Arc::new(Self {
            queue,
            send_waits: WaitList::new(),
            recv_waits: WaitList::new(),
            stream_waits: WaitList::new(),
            closed_waits: WaitList::new(),
            senders: Handles::one(),
            receivers: Handles::one(),
        });
        (Sender { channel: channel.clone() }, Receiver::new(channel))
    }

    #[inline]
    pub(crate) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        match self.queue.push(message) {
            Ok(()) => {
                self.announce_message();
                Ok(())
            }
            Err(PushError::Full(message)) => Err(TrySendError::Full(message)),
            Err(PushError::Closed(message)) => Err(TrySendError::Closed(message)),
        }
    }

    pub(crate) fn force_send(&self, message: T) -> Result<Option<T>, SendError<T>> {
        match self.queue.force_push(message) {
            Ok(replaced) => {
                // A replaced message has been announced already, and its announcement now stands for this one.
                if replaced.is_none() {
                    self.announce_message();
                }
                Ok(replaced)
            }
            Err(ForcePushError(message)) => Err(SendError(message)),
        }
    }

    #[inline]
    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        match self.queue.pop() {
            Ok(message) => {
                // An unbounded channel never has waiting senders, nor needs the fence.
                if self.queue.capacity().is_some() {
                    fence_after_rmw();
                    self.send_waits.notify_fenced(1);
                }
                Ok(message)
            }
            Err(PopError::Empty) => Err(TryRecvError::Empty),
            Err(PopError::Closed) => Err(TryRecvError::Closed),
        }
    }

    /// Wakes a receiver for a message that is in the queue.
    #[inline]
    fn announce_message(&self) {
        fence_after_rmw();
        if self.recv_waits.waiting() != 0 || self.stream_waits.waiting() != 0 {
            self.wake_receiver();
        }
    }

    #[inline(never)]
    fn wake_receiver(&self) {
        if self.recv_waits.notify_fenced(1) == 0 {
            self.stream_waits.notify_fenced(usize::MAX);
        }
    }

    /// [`try_send`](Self::try_send) that finds a full channel by loads alone, where [`looks_first`](Self::looks_first).
    #[inline]
    pub(crate) fn try_send_looking(&self, message: T, look: bool) -> Result<(), TrySendError<T>> {
        if look && self.queue.is_full() && !self.queue.is_closed() {
            return Err(TrySendError::Full(message));
        }
        self.try_send(message)
    }

    /// [`try_recv`](Self::try_recv) that finds an empty channel by loads alone, where [`looks_first`](Self::looks_first).
    #[inline]
    pub(crate) fn try_recv_looking(&self, look: bool) -> Result<T, TryRecvError> {
        if look && self.queue.is_empty() && !self.queue.is_closed() {
            return Err(TryRecvError::Empty);
        }
        self.try_recv()
    }

    /// Whether a first try should look before it leaps. With one place, that of the other side's turn, it fails as
    /// often as not, and failing costs a locked instruction; with more it seldom fails, and looking would fetch the
    /// other side's cache line.
    #[inline]
    pub(crate) fn looks_first(&self) -> bool {
        self.queue.capacity() == Some(1)
    }

    /// Takes a `Recv` out of its list; a notification that it did not use goes to another receiver of either kind.
    #[inline]
    pub(crate) fn leave_recv(&self, waiter: Pin<&mut PinnedWaiter<'_>>) {
        if waiter.cancel() {
            self.stream_waits.notify_all();
        }
    }

    /// Closes the channel and wakes everyone; false if it was closed before.
    pub(crate) fn close(&self) -> bool {
        let closed = self.queue.close();
        if closed {
            for list in [&self.send_waits, &self.recv_waits, &self.stream_waits, &self.closed_waits] {
                list.notify_all();
            }
        }
        closed
    }

    /// Drops the messages that nobody can receive any more, once the last receiver is gone: what they own (a oneshot
    /// sender, say) must not wait for the last sender to go too.
    pub(crate) fn drain(&self) {
        while self.queue.pop().is_ok() {}
    }
}

/// Creates a channel that holds at most `capacity` messages.
///
/// Its [`Sender::send`] waits while the channel is full.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use tenter_channel::{TryRecvError, TrySendError, bounded};
///
/// let (sender, receiver) = bounded(1);
/// assert_eq!(sender.send(10).await, Ok(()));
/// assert_eq!(sender.try_send(20), Err(TrySendError::Full(20)));
/// assert_eq!(receiver.recv().await, Ok(10));
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
/// # });
/// ```
///
/// # Panics
///
/// If `capacity` is zero. A channel on which sending waits for the receiver can be had by a [`oneshot`](crate::oneshot)
/// reply inside the message.
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "a bounded channel needs a capacity of at least 1");
    Channel::handles(ConcurrentQueue::bounded(capacity))
}

/// Creates a channel that holds any number of messages.
///
/// Its [`Sender::send`] never waits; nothing but memory slows a sender that outruns its receivers, so prefer
/// [`bounded`] where the sender is not otherwise limited. Memory is given back, block by block, as messages are received.
///
/// ```
/// # futures_lite::future::block_on(async {
/// let (sender, receiver) = tenter_channel::unbounded();
/// for i in 0..100 {
///     sender.send(i).await.unwrap();
/// }
/// assert_eq!(receiver.len(), 100);
/// assert_eq!(receiver.recv().await, Ok(0));
/// # });
/// ```
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    Channel::handles(ConcurrentQueue::unbounded())
}

/// Methods that senders and receivers have in common.
macro_rules! shared_methods {
    () => {
        /// Closes the channel; returns false if it was closed already.
        ///
        /// Nothing can be sent any more. Messages that are in the channel can still be received. Everyone who waits on
        /// the channel is woken.
        ///
        /// ```
        /// let (sender, receiver) = tenter_channel::unbounded();
        /// sender.try_send(1).unwrap();
        /// assert!(receiver.close());
        /// assert!(!sender.close());
        /// assert!(sender.try_send(2).is_err());
        /// assert_eq!(receiver.try_recv(), Ok(1));
        /// assert!(receiver.try_recv().unwrap_err().is_closed());
        /// ```
        pub fn close(&self) -> bool {
            self.channel().close()
        }

        /// Whether the channel is closed: [`close`](Self::close) was called, or all handles of one side are gone.
        pub fn is_closed(&self) -> bool {
            self.channel().queue.is_closed()
        }

        /// Whether the channel holds no message.
        pub fn is_empty(&self) -> bool {
            self.channel().queue.is_empty()
        }

        /// Whether the channel holds as many messages as it can; never true of an unbounded channel.
        pub fn is_full(&self) -> bool {
            self.channel().queue.is_full()
        }

        /// How many messages the channel holds.
        pub fn len(&self) -> usize {
            self.channel().queue.len()
        }

        /// How many messages the channel can hold; `None` if it is unbounded.
        pub fn capacity(&self) -> Option<usize> {
            self.channel().queue.capacity()
        }

        /// How many receivers there are.
        pub fn receiver_count(&self) -> usize {
            self.channel().receivers.count()
        }

        /// How many senders there are.
        pub fn sender_count(&self) -> usize {
            self.channel().senders.count()
        }

        /// Whether both handles belong to the same channel.
        pub fn same_channel(&self, other: &Self) -> bool {
            Arc::ptr_eq(self.channel(), other.channel())
        }
    };
}
pub(crate) use shared_methods;
