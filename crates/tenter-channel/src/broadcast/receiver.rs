//! The receiving side of a broadcast channel.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::stream::Stream;
use pin_project_lite::pin_project;
use tenter_core::sync::Arc;
use tenter_core::wait_list::{OwnedWaiter, PinnedWaiter};
use tenter_core::{coop, park};

use super::error::{Lagged, RecvError, TryRecvError};
use super::shared::{Share, Shared};

/// The receiving side of a broadcast channel: gets each message sent since it was made.
///
/// It is made by [`channel`](super::channel), [`Sender::subscribe`](super::Sender::subscribe) or
/// [`resubscribe`](Self::resubscribe), and is a [`Stream`] as well.
pub struct Receiver<T> {
    /// The channel, and the place in line if `poll_next` has been pending.
    stream: OwnedWaiter<Shared<T>>,
    /// The position of the next message.
    next: u64,
}

// A panic of a message's own code, its clone or its drop, finds the channel as it is between two operations.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> Receiver<T> {
    pub(super) fn join(shared: Arc<Shared<T>>) -> Self {
        let next = shared.join();
        Self { stream: OwnedWaiter::new(shared, |shared| &shared.message_waits), next }
    }

    fn shared(&self) -> &Arc<Shared<T>> {
        self.stream.owner()
    }

    /// A new receiver of the same channel, of what is sent from now on.
    ///
    /// ```
    /// let (sender, mut receiver) = tenter_channel::broadcast::channel(8);
    /// sender.send(1).unwrap();
    /// let mut late = receiver.resubscribe();
    /// sender.send(2).unwrap();
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(late.try_recv(), Ok(2));
    /// ```
    #[must_use = "a receiver that is dropped has received nothing"]
    pub fn resubscribe(&self) -> Self {
        Self::join(self.shared().clone())
    }

    /// How many messages were sent that this receiver has not received.
    ///
    /// Those that it has missed count until [`RecvError::Lagged`] has told of them, so it may be more than the capacity.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared().ahead_of(self.next)
    }

    /// Whether this receiver has received all messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether all senders are gone. There may be messages left.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared().is_closed()
    }

    /// Whether both handles belong to the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.shared(), other.shared())
    }

    /// How many senders there are, without weak ones.
    #[must_use]
    pub fn sender_strong_count(&self) -> usize {
        self.shared().senders.count()
    }

    /// How many weak senders there are.
    #[must_use]
    pub fn sender_weak_count(&self) -> usize {
        self.shared().weak_senders.count()
    }
}

impl<T: Clone> Receiver<T> {
    /// Receives the next message if there is one now.
    ///
    /// ```
    /// use tenter_channel::broadcast::{self, TryRecvError};
    ///
    /// let (sender, mut receiver) = broadcast::channel(2);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// for i in 0..5 {
    ///     sender.send(i).unwrap();
    /// }
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Lagged(3)));
    /// assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(3), Ok(4)));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none yet, [`TryRecvError::Closed`] if there will never be one, and
    /// [`TryRecvError::Lagged`], once, if messages were overwritten before this receiver came to them.
    ///
    /// # Panics
    ///
    /// If cloning or dropping the message panics. It counts as received.
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let Self { stream, next } = self;
        stream.owner().take(next).map(Share::into_message)
    }

    /// Receives the next message, waiting for it.
    ///
    /// # Errors
    ///
    /// [`RecvError::Closed`] if there will never be one, and [`RecvError::Lagged`], once, if messages were overwritten before
    /// this receiver came to them.
    ///
    /// # Panics
    ///
    /// If cloning or dropping the message panics. It counts as received.
    ///
    /// # Cancel safety
    ///
    /// The receiver moves on only by the poll that returns the message, so dropping the future loses none.
    #[inline]
    pub fn recv(&mut self) -> Recv<'_, T> {
        let shared = &**self.stream.owner();
        Recv { shared, next: &mut self.next, waiter: PinnedWaiter::new(&shared.message_waits) }
    }

    /// Receives the next message, blocking the thread until it comes.
    ///
    /// For plain threads: in async code it blocks the executor.
    ///
    /// ```
    /// let (sender, mut receiver) = tenter_channel::broadcast::channel(8);
    /// let thread = std::thread::spawn(move || receiver.recv_blocking());
    /// sender.send(1).unwrap();
    /// assert_eq!(thread.join().unwrap(), Ok(1));
    /// ```
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    pub fn recv_blocking(&mut self) -> Result<T, RecvError> {
        park::block_on(self.recv())
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared().leave(self.next);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

/// What a poll does with what [`Shared::take`] says: waits, or ends.
#[inline]
fn awaited<T>(taken: Result<Share<T>, TryRecvError>) -> Option<Result<Share<T>, RecvError>> {
    match taken {
        Ok(share) => Some(Ok(share)),
        Err(TryRecvError::Lagged(missed)) => Some(Err(RecvError::Lagged(missed))),
        Err(TryRecvError::Closed) => Some(Err(RecvError::Closed)),
        Err(TryRecvError::Empty) => None,
    }
}

/// ```
/// # futures_lite::future::block_on(async {
/// use futures_lite::StreamExt;
/// use tenter_channel::broadcast::{self, Lagged};
///
/// let (sender, receiver) = broadcast::channel(2);
/// for i in 0..3 {
///     sender.send(i).unwrap();
/// }
/// drop(sender);
/// assert_eq!(receiver.collect::<Vec<_>>().await, [Err(Lagged(1)), Ok(1), Ok(2)]);
/// # });
/// ```
///
/// # Cancel safety
///
/// Giving up between polls loses no message.
impl<T: Clone> Stream for Receiver<T> {
    type Item = Result<T, Lagged>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let unit = ready!(coop::poll_proceed(cx));
        let Self { stream, next } = self.get_mut();
        let outcome = ready!(stream.poll_until(cx, |shared| awaited(shared.take(next))));
        unit.made_progress();
        Poll::Ready(match outcome {
            Ok(share) => Some(Ok(share.into_message())),
            Err(RecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(RecvError::Closed) => None,
        })
    }
}

pin_project! {
    /// The future of [`Receiver::recv`].
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Recv<'a, T> {
        shared: &'a Shared<T>,
        next: &'a mut u64,
        #[pin]
        waiter: PinnedWaiter<'a>,
    }

    impl<T> PinnedDrop for Recv<'_, T> {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            // Everybody was notified of the message: nobody needs this notification in our stead.
            this.project().waiter.accept();
        }
    }
}

impl<T: Clone> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let unit = ready!(coop::poll_proceed(cx));
        let this = self.project();
        let outcome = ready!(this.waiter.poll_until(cx, || awaited(this.shared.take(this.next))));
        unit.made_progress();
        Poll::Ready(outcome.map(Share::into_message))
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv").finish_non_exhaustive()
    }
}
