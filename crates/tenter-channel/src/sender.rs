//! The sending side.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tenter_core::sync::Arc;
use tenter_core::wait_list::PinnedWaiter;
use tenter_core::{coop, park};

use crate::channel::{Channel, shared_methods};
use crate::error::{SendError, TrySendError};
use crate::weak::WeakSender;

/// The sending side of a channel; clones send into the same channel.
///
/// When the last sender is dropped, the channel closes: receivers get what is left, then [`RecvError`](crate::RecvError).
pub struct Sender<T> {
    pub(crate) channel: Arc<Channel<T>>,
}

impl<T> Sender<T> {
    #[inline]
    pub(crate) fn channel(&self) -> &Arc<Channel<T>> {
        &self.channel
    }

    /// Sends a message if there is room now.
    ///
    /// ```
    /// use tenter_channel::{TrySendError, bounded};
    ///
    /// let (sender, receiver) = bounded(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// drop(receiver);
    /// assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
    /// ```
    ///
    /// # Errors
    ///
    /// The message comes back if the channel is full or closed.
    #[inline]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.channel.try_send(message)
    }

    /// Sends a message, waiting for room.
    ///
    /// # Errors
    ///
    /// The message comes back if the channel is closed, also while waiting.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it ends, the message has not been sent and is dropped with it. A wake-up that
    /// the future had received goes to the next waiting sender.
    #[inline]
    pub fn send(&self, message: T) -> Send<'_, T> {
        Send { sender: self, waiter: PinnedWaiter::new(&self.channel.send_waits), message: Some(message) }
    }

    /// Sends a message, blocking the thread while there is no room.
    ///
    /// For plain threads: in async code it blocks the executor.
    ///
    /// ```
    /// let (sender, receiver) = tenter_channel::bounded(1);
    /// let consumer = std::thread::spawn(move || (receiver.recv_blocking(), receiver.recv_blocking()));
    /// sender.send_blocking(1).unwrap();
    /// sender.send_blocking(2).unwrap();
    /// assert_eq!(consumer.join().unwrap(), (Ok(1), Ok(2)));
    /// ```
    ///
    /// # Errors
    ///
    /// The message comes back if the channel is closed, also while waiting.
    pub fn send_blocking(&self, message: T) -> Result<(), SendError<T>> {
        match self.try_send(message) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(message)) => park::block_on(self.send(message)),
            Err(TrySendError::Closed(message)) => Err(SendError(message)),
        }
    }

    /// Sends a message at once; if the channel is full, replaces its oldest message and returns that.
    ///
    /// ```
    /// let (sender, receiver) = tenter_channel::bounded(2);
    /// assert_eq!(sender.force_send(1), Ok(None));
    /// assert_eq!(sender.force_send(2), Ok(None));
    /// assert_eq!(sender.force_send(3), Ok(Some(1)));
    /// assert_eq!(receiver.try_recv(), Ok(2));
    /// ```
    ///
    /// # Errors
    ///
    /// The message comes back if the channel is closed.
    pub fn force_send(&self, message: T) -> Result<Option<T>, SendError<T>> {
        self.channel.force_send(message)
    }

    /// Waits until the channel is closed.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, receiver) = tenter_channel::bounded::<u8>(1);
    /// drop(receiver);
    /// sender.closed().await;
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn closed(&self) -> Closed<'_, T> {
        Closed { sender: self, waiter: PinnedWaiter::new(&self.channel.closed_waits) }
    }

    /// A sender that does not keep the channel open.
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender { channel: self.channel.clone() }
    }

    shared_methods!();
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.channel.senders.add();
        Self { channel: self.channel.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.channel.senders.release() {
            self.channel.close();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`Sender::send`].
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Send<'a, T> {
        sender: &'a Sender<T>,
        #[pin]
        waiter: PinnedWaiter<'a>,
        // `None` once the future has ended.
        message: Option<T>,
    }
}

impl<T> Future for Send<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let unit = ready!(coop::poll_proceed(cx));
        let this = self.project();
        let channel = &this.sender.channel;
        let mut look = channel.looks_first();
        let outcome = ready!(this.waiter.poll_until(cx, || {
            let message = this.message.take().expect("`Send` polled after it ended");
            match channel.try_send_looking(message, std::mem::replace(&mut look, true)) {
                Ok(()) => Some(Ok(())),
                Err(TrySendError::Closed(back)) => Some(Err(SendError(back))),
                Err(TrySendError::Full(back)) => {
                    *this.message = Some(back);
                    None
                }
            }
        }));
        unit.made_progress();
        Poll::Ready(outcome)
    }
}

impl<T> fmt::Debug for Send<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send").finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`Sender::closed`].
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Closed<'a, T> {
        sender: &'a Sender<T>,
        #[pin]
        waiter: PinnedWaiter<'a>,
    }
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let unit = ready!(coop::poll_proceed(cx));
        let this = self.project();
        ready!(this.waiter.poll_until(cx, || this.sender.is_closed().then_some(())));
        unit.made_progress();
        Poll::Ready(())
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").finish_non_exhaustive()
    }
}
