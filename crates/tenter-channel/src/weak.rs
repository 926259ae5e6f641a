//! Handles that do not keep a channel open.

use std::fmt;

use tenter_core::sync::Arc;

use crate::channel::Channel;
use crate::receiver::Receiver;
use crate::sender::Sender;

/// A [`Sender`] that does not keep the channel open; made by [`Sender::downgrade`].
///
/// It keeps the channel's memory.
pub struct WeakSender<T> {
    pub(crate) channel: Arc<Channel<T>>,
}

impl<T> WeakSender<T> {
    /// A sender, if the channel is open and still has one.
    ///
    /// ```
    /// let (sender, receiver) = tenter_channel::unbounded::<u8>();
    /// let weak = sender.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// assert!(receiver.is_closed());
    /// ```
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let open = !self.channel.queue.is_closed() && self.channel.senders.upgrade();
        open.then(|| Sender { channel: self.channel.clone() })
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self { channel: self.channel.clone() }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}

/// A [`Receiver`] that does not keep the channel open; made by [`Receiver::downgrade`].
///
/// It keeps the channel's memory, but not its messages.
pub struct WeakReceiver<T> {
    pub(crate) channel: Arc<Channel<T>>,
}

impl<T> WeakReceiver<T> {
    /// A receiver, if the channel is open and still has one.
    pub fn upgrade(&self) -> Option<Receiver<T>> {
        let open = !self.channel.queue.is_closed() && self.channel.receivers.upgrade();
        open.then(|| Receiver::new(self.channel.clone()))
    }
}

impl<T> Clone for WeakReceiver<T> {
    fn clone(&self) -> Self {
        Self { channel: self.channel.clone() }
    }
}

impl<T> fmt::Debug for WeakReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakReceiver").finish_non_exhaustive()
    }
}
