//! The side of a watch channel that changes the value.

use std::fmt;
use std::mem;

use tenter_core::coop;
use tenter_core::sync::Arc;
use tenter_core::sync::atomic::{Ordering, fence};

use super::error::SendError;
use super::receiver::Receiver;
use super::shared::{Ref, Shared};

/// The side of a watch channel that changes the value; clones change the same one.
///
/// When the last sender is dropped, the channel closes: receivers that have seen the value get
/// [`RecvError`](super::RecvError).
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Creates a channel with its first value and no receiver.
    ///
    /// ```
    /// let sender = tenter_channel::watch::Sender::new(0);
    /// sender.send_replace(1);
    /// assert_eq!(*sender.subscribe().borrow(), 1);
    /// ```
    #[must_use]
    pub fn new(value: T) -> Self {
        Self { shared: Arc::new(Shared::new(value)) }
    }

    /// Replaces the value and wakes the receivers, if there are any.
    ///
    /// ```
    /// let (sender, receiver) = tenter_channel::watch::channel(0);
    /// assert!(sender.send(1).is_ok());
    /// drop(receiver);
    /// assert_eq!(sender.send(2).unwrap_err().into_inner(), 2);
    /// assert_eq!(*sender.borrow(), 1);
    /// ```
    ///
    /// # Errors
    ///
    /// The new value comes back if there is no receiver, and the channel keeps the old one. To replace it all the same, use
    /// [`send_replace`](Self::send_replace).
    ///
    /// # Panics
    ///
    /// If the old value panics when it is dropped; it has been replaced then.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.receiver_count() == 0 {
            return Err(SendError(value));
        }
        drop(self.send_replace(value));
        Ok(())
    }

    /// Replaces the value, wakes the receivers, and returns the old value; also if there is no receiver.
    ///
    /// ```
    /// let (sender, _receiver) = tenter_channel::watch::channel(1);
    /// assert_eq!(sender.send_replace(2), 1);
    /// assert_eq!(sender.send_replace(3), 2);
    /// ```
    pub fn send_replace(&self, mut value: T) -> T {
        self.send_modify(|old| mem::swap(old, &mut value));
        value
    }

    /// Changes the value in place and wakes the receivers; also if there is no receiver.
    ///
    /// The closure runs under the lock that borrowing takes: it must not borrow or send in the same channel.
    ///
    /// ```
    /// let (sender, receiver) = tenter_channel::watch::channel(vec![1]);
    /// sender.send_modify(|list| list.push(2));
    /// assert_eq!(*receiver.borrow(), [1, 2]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the closure does. Then nobody is woken; what it has changed until then is there to be borrowed, and the channel
    /// goes on working.
    pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// Changes the value in place, and wakes the receivers if the closure returns true; returns that.
    ///
    /// The closure runs under the lock that borrowing takes: it must not borrow or send in the same channel.
    ///
    /// ```
    /// let (sender, mut receiver) = tenter_channel::watch::channel(1);
    /// let even = |value: &mut i32| {
    ///     let odd = *value % 2 == 1;
    ///     *value += i32::from(odd);
    ///     odd
    /// };
    /// assert!(sender.send_if_modified(even));
    /// assert_eq!(*receiver.borrow_and_update(), 2);
    /// assert!(!sender.send_if_modified(even));
    /// assert_eq!(receiver.has_changed(), Ok(false));
    /// ```
    ///
    /// # Panics
    ///
    /// As [`send_modify`](Self::send_modify).
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        self.shared.modify(modify)
    }

    /// Borrows the value; see [`Ref`].
    #[must_use]
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref { value: self.shared.borrow().0, changed: false }
    }

    /// A new receiver, which has seen the value that is there now.
    ///
    /// ```
    /// let (sender, _receiver) = tenter_channel::watch::channel(0);
    /// sender.send(1).unwrap();
    /// let late = sender.subscribe();
    /// assert_eq!(late.has_changed(), Ok(false));
    /// assert_eq!(*late.borrow(), 1);
    /// ```
    #[must_use = "a receiver that is dropped watches nothing"]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::join(self.shared.clone())
    }

    /// How many receivers there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers.count()
    }

    /// How many senders there are.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.shared.senders.count()
    }

    /// Whether there is no receiver. There may be one later, as [`subscribe`](Self::subscribe) goes on working.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let closed = self.receiver_count() == 0;
        if closed {
            // What receivers did before they were dropped is seen by who finds them gone: dropping releases.
            fence(Ordering::Acquire);
        }
        closed
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
    /// let (sender, receiver) = tenter_channel::watch::channel(0);
    /// drop(receiver);
    /// sender.closed().await;
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn closed(&self) {
        coop::cooperative(self.shared.closed_waits.wait_until(|| self.is_closed().then_some(()))).await;
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.senders.add();
        Self { shared: self.shared.clone() }
    }
}

impl<T: Default> Default for Sender<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.release_sender();
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("shared", &self.shared).finish()
    }
}
