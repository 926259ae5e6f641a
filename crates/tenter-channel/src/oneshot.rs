//! A channel for one message: the answer to a request, the result of a job.
//!
//! ```
//! # futures_lite::future::block_on(async {
//! use tenter_channel::oneshot;
//!
//! let (sender, receiver) = oneshot::channel();
//! std::thread::spawn(move || sender.send("done"));
//! assert_eq!(receiver.await, Ok("done"));
//! # });
//! ```
//!
//! It is one allocation and takes no lock: the ends share a word of four bits, whose order of changes decides whose the
//! message is and who wakes whom. The proof is beside the code, in `oneshot/shared.rs`.

#[allow(unsafe_code)]
mod shared;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::future::FusedFuture;
use tenter_core::{coop, park};

pub use crate::error::{RecvError, TryRecvError};
use shared::{Giver, Stage, Taker};

/// Creates the two ends of a channel for one message.
#[inline]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (giver, taker) = shared::pair();
    (Sender { giver: Some(giver) }, Receiver { taker })
}

/// The end that sends the message.
///
/// Dropping it without sending ends the receiver with [`RecvError`].
pub struct Sender<T> {
    /// `None` once the message has been sent.
    giver: Option<Giver<T>>,
}

impl<T> Sender<T> {
    /// Sends the message; never waits.
    ///
    /// Success means that the receiver was there to take it, not that it will.
    ///
    /// # Errors
    ///
    /// The message comes back if the receiver was dropped or closed.
    #[inline]
    pub fn send(mut self, message: T) -> Result<(), T> {
        let giver = self.giver.take().expect("only `send` takes it, and consumes the sender");
        match giver.finish(Some(message)) {
            None => Ok(()),
            Some(refused) => Err(refused),
        }
    }

    /// Whether the receiver was dropped or closed, so that the message is not wanted any more.
    pub fn is_closed(&self) -> bool {
        self.giver.as_ref().is_none_or(Giver::is_closed)
    }

    /// Waits until the message is not wanted any more: the moment to give up computing it.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (mut sender, receiver) = tenter_channel::oneshot::channel::<u8>();
    /// drop(receiver);
    /// sender.closed().await;
    /// assert_eq!(sender.send(1), Err(1));
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn closed(&mut self) {
        std::future::poll_fn(|cx| self.poll_closed(cx)).await;
    }

    /// [`closed`](Self::closed) for hand-written futures: the task of the latest call is woken.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let unit = ready!(coop::poll_proceed(cx));
        let giver = self.giver.as_mut().expect("only `send` takes it, and consumes the sender");
        ready!(giver.poll_closed(cx));
        unit.made_progress();
        Poll::Ready(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if let Some(giver) = self.giver.take() {
            giver.finish(None);
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// The end that receives the message: a future of it.
///
/// # Errors
///
/// The future ends with [`RecvError`] if the sender is dropped without sending, or after [`close`](Self::close) if nothing
/// had been sent before.
///
/// # Panics
///
/// When polled after it has ended, or after [`try_recv`](Self::try_recv) has taken the message;
/// [`is_terminated`](FusedFuture::is_terminated) tells.
///
/// # Cancel safety
///
/// The message is taken only by the poll that returns it. `&mut receiver` can be awaited, dropped and awaited again.
/// Dropping the receiver itself drops a message that has been sent and not taken.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Receiver<T> {
    taker: Taker<T>,
}

impl<T> Receiver<T> {
    /// Takes the message if it is there.
    ///
    /// ```
    /// use tenter_channel::oneshot::{self, TryRecvError};
    ///
    /// let (sender, mut receiver) = oneshot::channel();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send(1).unwrap();
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if it may still come, [`TryRecvError::Closed`] if it will not, or was taken before.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.taker.try_take()
    }

    /// Takes the message, blocking the thread until it comes.
    ///
    /// For plain threads: in async code it blocks the executor.
    ///
    /// # Errors
    ///
    /// [`RecvError`] as for the future.
    ///
    /// # Panics
    ///
    /// If the receiver has ended before.
    pub fn recv_blocking(self) -> Result<T, RecvError> {
        park::block_on(self)
    }

    /// Refuses a message that has not been sent yet; one that has can still be received.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, mut receiver) = tenter_channel::oneshot::channel();
    /// receiver.close();
    /// assert_eq!(sender.send(1), Err(1));
    /// assert!(receiver.await.is_err());
    /// # });
    /// ```
    pub fn close(&mut self) {
        self.taker.close();
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let unit = ready!(coop::poll_proceed(cx));
        let outcome = ready!(self.get_mut().taker.poll_take(cx));
        unit.made_progress();
        Poll::Ready(outcome)
    }
}

impl<T> FusedFuture for Receiver<T> {
    fn is_terminated(&self) -> bool {
        matches!(self.taker.stage(), Stage::Received | Stage::Refused)
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("stage", &self.taker.stage()).finish_non_exhaustive()
    }
}
