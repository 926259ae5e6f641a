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
//! Both ends share one small state behind a lock that is held for a few instructions at a time and never while foreign
//! code runs: wakers are cloned before it is taken, and woken or dropped after it is released, as is the message. Which
//! end comes first then needs no argument: every step sees the whole state.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use futures_core::future::FusedFuture;
use tenter_core::park;
use tenter_core::sync::{Arc, Mutex, MutexGuard};

pub use crate::error::{RecvError, TryRecvError};

/// Creates the two ends of a channel for one message.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared { state: Mutex::new(State::new()) });
    (Sender { shared: Some(shared.clone()) }, Receiver { shared, stage: Stage::Waiting })
}

struct State<T> {
    /// The message. Set by `send` while `closed` is false; taken by the receiver.
    message: Option<T>,
    /// The sender is gone: it has sent, or was dropped. Set once, by the sender.
    sent_or_dropped: bool,
    /// The receiver accepts no message any more. Set once, by its `close` or drop.
    closed: bool,
    /// Whom to wake when `sent_or_dropped` becomes true. Set by the receiver's poll, taken by the sender's last step.
    receiver: Option<Waker>,
    /// Whom to wake when `closed` becomes true. Set by `poll_closed`, taken by whoever closes, dropped with the sender.
    sender: Option<Waker>,
}

impl<T> State<T> {
    const fn new() -> Self {
        Self { message: None, sent_or_dropped: false, closed: false, receiver: None, sender: None }
    }

    /// The message, or why there is none.
    fn take(&mut self) -> Result<T, TryRecvError> {
        match self.message.take() {
            Some(message) => Ok(message),
            None if self.sent_or_dropped || self.closed => Err(TryRecvError::Closed),
            None => Err(TryRecvError::Empty),
        }
    }
}

struct Shared<T> {
    state: Mutex<State<T>>,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No foreign code runs under the lock, so a poisoned state is a whole one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sender's last step: leaves a message or nothing, and wakes the receiver.
    fn finish(&self, message: Option<T>) -> Option<T> {
        let mut state = self.lock();
        state.sent_or_dropped = true;
        let refused = if state.closed {
            message
        } else {
            state.message = message;
            None
        };
        let receiver = state.receiver.take();
        let unused = state.sender.take();
        drop(state);
        wake(receiver);
        drop(unused);
        refused
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Makes `place` hold this task's waker unless `ready` gives a result first; the check and the placing are one step.
fn poll_with<T, R>(
    shared: &Shared<T>,
    cx: &Context<'_>,
    place: fn(&mut State<T>) -> &mut Option<Waker>,
    mut ready: impl FnMut(&mut State<T>) -> Option<R>,
) -> Poll<R> {
    {
        let mut state = shared.lock();
        if let Some(result) = ready(&mut state) {
            return Poll::Ready(result);
        }
        if place(&mut state).as_ref().is_some_and(|held| held.will_wake(cx.waker())) {
            return Poll::Pending;
        }
    }
    let waker = cx.waker().clone();
    let mut state = shared.lock();
    if let Some(result) = ready(&mut state) {
        return Poll::Ready(result);
    }
    let replaced = place(&mut state).replace(waker);
    drop(state);
    drop(replaced);
    Poll::Pending
}

/// The end that sends the message.
///
/// Dropping it without sending ends the receiver with [`RecvError`].
pub struct Sender<T> {
    /// `None` once the message has been sent.
    shared: Option<Arc<Shared<T>>>,
}

impl<T> Sender<T> {
    fn shared(&self) -> &Shared<T> {
        self.shared.as_ref().expect("only `send` takes it, and consumes the sender")
    }

    /// Sends the message; never waits.
    ///
    /// Success means that the receiver was there to take it, not that it will.
    ///
    /// # Errors
    ///
    /// The message comes back if the receiver was dropped or closed.
    pub fn send(mut self, message: T) -> Result<(), T> {
        let shared = self.shared.take().expect("only `send` takes it, and consumes the sender");
        match shared.finish(Some(message)) {
            None => Ok(()),
            Some(refused) => Err(refused),
        }
    }

    /// Whether the receiver was dropped or closed, so that the message is not wanted any more.
    pub fn is_closed(&self) -> bool {
        self.shared().lock().closed
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
        poll_with(self.shared(), cx, |state| &mut state.sender, |state| state.closed.then_some(()))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.finish(None);
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
    shared: Arc<Shared<T>>,
    stage: Stage,
}

/// How far a receiver has come; its own to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    /// The message has been handed out: the sender is gone, and nothing is left in the shared state.
    Received,
    /// The future has said that there is none. The sender may live on, after a `close`.
    Refused,
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
        let taken = self.shared.lock().take();
        if taken.is_ok() {
            self.stage = Stage::Received;
        }
        taken
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
        let mut state = self.shared.lock();
        state.closed = true;
        let sender = state.sender.take();
        drop(state);
        wake(sender);
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        assert!(this.stage == Stage::Waiting, "oneshot receiver polled after it ended");
        let polled = poll_with(
            &this.shared,
            cx,
            |state| &mut state.receiver,
            |state| match state.take() {
                Ok(message) => Some(Ok(message)),
                Err(TryRecvError::Closed) => Some(Err(RecvError)),
                Err(TryRecvError::Empty) => None,
            },
        );
        this.stage = match polled {
            Poll::Ready(Ok(_)) => Stage::Received,
            Poll::Ready(Err(_)) => Stage::Refused,
            Poll::Pending => Stage::Waiting,
        };
        polled
    }
}

impl<T> FusedFuture for Receiver<T> {
    fn is_terminated(&self) -> bool {
        self.stage != Stage::Waiting
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if self.stage == Stage::Received {
            return;
        }
        let mut state = self.shared.lock();
        state.closed = true;
        // A message that is there goes with the shared state: its sender has let go of it.
        let unused = state.receiver.take();
        let sender = state.sender.take();
        drop(state);
        wake(sender);
        drop(unused);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("stage", &self.stage).finish_non_exhaustive()
    }
}
