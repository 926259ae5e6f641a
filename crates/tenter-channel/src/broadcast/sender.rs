//! The sending side of a broadcast channel.

use std::fmt;

use tenter_core::coop;
use tenter_core::sync::Arc;

use super::error::SendError;
use super::receiver::Receiver;
use super::shared::Shared;

/// The sending side of a broadcast channel; clones send into the same channel.
///
/// When the last sender is dropped, the channel closes: receivers get what is left, then
/// [`RecvError::Closed`](super::RecvError::Closed).
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Creates a channel without a receiver, that keeps the last `capacity` messages, rounded up to a power of two.
    ///
    /// ```
    /// use tenter_channel::broadcast::Sender;
    ///
    /// let sender = Sender::new(8);
    /// assert!(sender.send(1).is_err());
    /// let mut receiver = sender.subscribe();
    /// sender.send(2).unwrap();
    /// assert_eq!(receiver.try_recv(), Ok(2));
    /// ```
    ///
    /// # Panics
    ///
    /// If `capacity` is zero or more than half of `usize::MAX`.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { shared: Arc::new(Shared::new(capacity)) }
    }

    /// Sends a message to all receivers that there are, and returns how many; never waits.
    ///
    /// Success does not mean that they will see it: they may fall behind or be dropped. If the channel is full, the oldest
    /// message is dropped.
    ///
    /// ```
    /// use tenter_channel::broadcast;
    ///
    /// let (sender, receiver) = broadcast::channel(8);
    /// assert_eq!(sender.send("hello"), Ok(1));
    /// drop(receiver);
    /// assert_eq!(sender.send("anyone?").unwrap_err().into_inner(), "anyone?");
    /// ```
    ///
    /// # Errors
    ///
    /// The message comes back if there is no receiver. There may be one later: [`subscribe`](Self::subscribe) goes on
    /// working.
    ///
    /// # Panics
    ///
    /// If the oldest message panics when it is dropped to make room; the new one has been sent then.
    #[inline]
    pub fn send(&self, message: T) -> Result<usize, SendError<T>> {
        self.shared.send(message)
    }

    /// A new receiver of what is sent from now on.
    ///
    /// ```
    /// let (sender, _receiver) = tenter_channel::broadcast::channel(8);
    /// sender.send(1).unwrap();
    /// let mut late = sender.subscribe();
    /// sender.send(2).unwrap();
    /// assert_eq!(late.try_recv(), Ok(2));
    /// ```
    #[must_use = "a receiver that is dropped has received nothing"]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::join(self.shared.clone())
    }

    /// A sender that does not keep the channel open.
    #[must_use]
    pub fn downgrade(&self) -> WeakSender<T> {
        self.shared.weak_senders.add();
        WeakSender { shared: self.shared.clone() }
    }

    /// How many messages the channel keeps that some receiver has yet to see.
    ///
    /// ```
    /// let (sender, mut receiver) = tenter_channel::broadcast::channel(8);
    /// sender.send(1).unwrap();
    /// sender.send(2).unwrap();
    /// assert_eq!(sender.len(), 2);
    /// receiver.try_recv().unwrap();
    /// assert_eq!(sender.len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether all receivers have seen all messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.is_empty()
    }

    /// How many receivers there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers()
    }

    /// How many senders there are, without [weak](WeakSender) ones.
    #[must_use]
    pub fn strong_count(&self) -> usize {
        self.shared.senders.count()
    }

    /// How many weak senders there are.
    #[must_use]
    pub fn weak_count(&self) -> usize {
        self.shared.weak_senders.count()
    }

    /// Whether both handles belong to the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Waits until there is no receiver: the moment to stop producing.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, receiver) = tenter_channel::broadcast::channel::<u8>(8);
    /// drop(receiver);
    /// sender.closed().await;
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn closed(&self) {
        coop::cooperative(self.shared.closed()).await;
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.senders.add();
        Self { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.release_sender();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// A [`Sender`] that does not keep the channel open; made by [`Sender::downgrade`].
///
/// It keeps the channel's memory.
pub struct WeakSender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> WeakSender<T> {
    /// A sender, if one is left.
    ///
    /// ```
    /// let (sender, receiver) = tenter_channel::broadcast::channel::<u8>(8);
    /// let weak = sender.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// assert!(receiver.is_closed());
    /// ```
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.shared.senders.upgrade().then(|| Sender { shared: self.shared.clone() })
    }

    /// How many senders there are, without weak ones.
    #[must_use]
    pub fn strong_count(&self) -> usize {
        self.shared.senders.count()
    }

    /// How many weak senders there are.
    #[must_use]
    pub fn weak_count(&self) -> usize {
        self.shared.weak_senders.count()
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        self.shared.weak_senders.add();
        Self { shared: self.shared.clone() }
    }
}

impl<T> Drop for WeakSender<T> {
    fn drop(&mut self) {
        self.shared.weak_senders.release();
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}
