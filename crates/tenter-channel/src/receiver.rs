//! The receiving side.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::stream::{FusedStream, Stream};
use pin_project_lite::pin_project;
use tenter_core::sync::Arc;
use tenter_core::wait_list::{OwnedWaiter, PinnedWaiter};
use tenter_core::{coop, park};

use crate::channel::{Channel, shared_methods};
use crate::error::{RecvError, TryRecvError};
use crate::weak::WeakReceiver;

/// The receiving side of a channel; clones receive from the same channel, each message going to one of them.
///
/// When the last receiver is dropped, the channel closes and the messages left in it are dropped.
///
/// A receiver is also a [`Stream`] of messages, ending when the channel is closed and empty. A stream remembers its waker
/// between polls and nothing says whether it will be polled again; so a message for which no [`recv`](Self::recv) waits
/// wakes *every* clone that waits as a stream. Where many tasks share the work of one channel, let them call `recv`:
/// then each message wakes one.
pub struct Receiver<T> {
    /// The channel, and the place among the streams if `poll_next` has been pending.
    stream: OwnedWaiter<Channel<T>>,
}

// A panic of a message's own code, its drop, finds the channel as it is between two operations.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> Receiver<T> {
    pub(crate) fn new(channel: Arc<Channel<T>>) -> Self {
        Self { stream: OwnedWaiter::new(channel, |channel| &channel.stream_waits) }
    }

    #[inline]
    pub(crate) fn channel(&self) -> &Arc<Channel<T>> {
        self.stream.owner()
    }

    /// Receives a message if there is one now.
    ///
    /// ```
    /// use tenter_channel::{TryRecvError, unbounded};
    ///
    /// let (sender, receiver) = unbounded();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.try_send(1).unwrap();
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is no message yet, [`TryRecvError::Closed`] if there will never be one.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.channel().try_recv()
    }

    /// Receives a message, waiting for one.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if the channel is closed and empty, also while waiting.
    ///
    /// # Cancel safety
    ///
    /// A message is taken only by the poll that returns it, so dropping the future loses none. A wake-up that the future
    /// had received goes to another receiver.
    #[inline]
    pub fn recv(&self) -> Recv<'_, T> {
        Recv { receiver: self, waiter: PinnedWaiter::new(&self.channel().recv_waits) }
    }

    /// Receives as many messages as there are, at most `limit`, waiting for the first; appends them and returns how many.
    ///
    /// Zero means that the channel is closed and empty, or that the limit is zero. All together count once against the
    /// task's budget.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, receiver) = tenter_channel::unbounded();
    /// (0..5).for_each(|i| sender.try_send(i).unwrap());
    /// drop(sender);
    /// let mut messages = Vec::new();
    /// assert_eq!(receiver.recv_many(&mut messages, 3).await, 3);
    /// assert_eq!(receiver.recv_many(&mut messages, 3).await, 2);
    /// assert_eq!(receiver.recv_many(&mut messages, 3).await, 0);
    /// assert_eq!(messages, [0, 1, 2, 3, 4]);
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Messages are taken only by the poll that ends the future, so dropping it loses none.
    pub async fn recv_many(&self, messages: &mut Vec<T>, limit: usize) -> usize {
        if limit == 0 {
            return 0;
        }
        let Ok(first) = self.recv().await else { return 0 };
        let before = messages.len();
        messages.push(first);
        let more = std::iter::from_fn(|| self.try_recv().ok());
        messages.extend(more.take(limit - 1));
        messages.len() - before
    }

    /// Receives a message, blocking the thread while there is none.
    ///
    /// For plain threads: in async code it blocks the executor.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if the channel is closed and empty, also while waiting.
    pub fn recv_blocking(&self) -> Result<T, RecvError> {
        match self.try_recv() {
            Ok(message) => Ok(message),
            Err(TryRecvError::Empty) => park::block_on(self.recv()),
            Err(TryRecvError::Closed) => Err(RecvError),
        }
    }

    /// A receiver that does not keep the channel open.
    pub fn downgrade(&self) -> WeakReceiver<T> {
        WeakReceiver { channel: self.channel().clone() }
    }

    shared_methods!();
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.channel().receivers.add();
        Self::new(self.channel().clone())
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if self.channel().receivers.release() {
            self.channel().close();
            self.channel().drain();
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

/// # Cancel safety
///
/// Giving up between polls loses no message.
impl<T> Stream for Receiver<T> {
    type Item = T;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let unit = ready!(coop::poll_proceed(cx));
        let item = ready!(self.get_mut().stream.poll_until(cx, |channel| match channel.try_recv() {
            Ok(message) => Some(Some(message)),
            Err(TryRecvError::Closed) => Some(None),
            Err(TryRecvError::Empty) => None,
        }));
        unit.made_progress();
        Poll::Ready(item)
    }
}

impl<T> FusedStream for Receiver<T> {
    fn is_terminated(&self) -> bool {
        self.channel().queue.is_closed() && self.channel().queue.is_empty()
    }
}

pin_project! {
    /// The future of [`Receiver::recv`].
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Recv<'a, T> {
        receiver: &'a Receiver<T>,
        #[pin]
        waiter: PinnedWaiter<'a>,
    }

    impl<T> PinnedDrop for Recv<'_, T> {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.receiver.channel().leave_recv(this.waiter);
        }
    }
}

impl<T> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let unit = ready!(coop::poll_proceed(cx));
        let mut this = self.project();
        let channel = this.receiver.channel();
        // As `PinnedWaiter::poll_until`, except that an unused notification may go to a stream.
        this.waiter.as_mut().accept();
        let mut received = channel.try_recv_looking(channel.looks_first());
        if matches!(received, Err(TryRecvError::Empty)) && this.waiter.as_mut().register(cx.waker()) {
            received = channel.try_recv_looking(true);
        }
        let outcome = match received {
            Ok(message) => Ok(message),
            Err(TryRecvError::Closed) => Err(RecvError),
            Err(TryRecvError::Empty) => return Poll::Pending,
        };
        channel.leave_recv(this.waiter);
        unit.made_progress();
        Poll::Ready(outcome)
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv").finish_non_exhaustive()
    }
}
