//! tokio's `Notify`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tenter_core::coop;

use super::line::{Line, Place};

/// Wakes one waiter, now or the next that comes, or all that there are.
///
/// It is the signal beside a state that is kept elsewhere. [`notify_one`](Self::notify_one) is for one waiter, as a
/// semaphore of at most one permit; [`notify_waiters`](Self::notify_waiters) for all who wait at that moment.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use std::sync::Arc;
/// use tenter_channel::sync::Notify;
///
/// let notify = Arc::new(Notify::new());
/// let waiter = notify.clone();
/// std::thread::spawn(move || notify.notify_one());
/// waiter.notified().await;
/// # });
/// ```
pub struct Notify {
    line: Line,
}

impl Notify {
    /// A `Notify` without a permit.
    #[must_use]
    pub fn new() -> Self {
        Self { line: Line::new() }
    }

    /// Wakes the longest-waiting [`notified`](Self::notified); if nobody waits, the next one will not wait.
    ///
    /// At most one permit is kept, however often this is called. A waiter that is dropped after it was woken by this passes
    /// it on, to another waiter or as the permit.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let notify = tenter_channel::sync::Notify::new();
    /// notify.notify_one();
    /// notify.notify_one();
    /// notify.notified().await;
    /// assert!(futures_lite::future::poll_once(notify.notified()).await.is_none());
    /// # });
    /// ```
    pub fn notify_one(&self) {
        self.line.tell_one(true);
    }

    /// Wakes all who wait, and all who have called [`notified`](Self::notified) without polling it yet; keeps no permit.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let notify = tenter_channel::sync::Notify::new();
    /// let (before, also_before) = (notify.notified(), notify.notified());
    /// notify.notify_waiters();
    /// before.await;
    /// also_before.await;
    /// assert!(futures_lite::future::poll_once(notify.notified()).await.is_none());
    /// # });
    /// ```
    pub fn notify_waiters(&self) {
        self.line.tell_all();
    }

    /// Waits to be notified.
    ///
    /// The future is in line for [`notify_one`](Self::notify_one) from its first poll or [`enable`](Notified::enable) on, and
    /// counts for [`notify_waiters`](Self::notify_waiters) from this call on.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses its place in line. A notification by `notify_one` that it had got goes to another.
    pub fn notified(&self) -> Notified<'_> {
        Notified { line: &self.line, place: self.line.place() }
    }
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify").finish_non_exhaustive()
    }
}

/// The future of [`Notify::notified`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Notified<'a> {
    line: &'a Line,
    place: Place,
}

impl Notified<'_> {
    /// Gets in line without a poll; true if there is a notification already, and then the future is ready.
    ///
    /// For a look at the state between getting in line and waiting, so that no `notify_one` after that look is missed:
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use std::collections::VecDeque;
    /// use std::pin::pin;
    /// use std::sync::Mutex;
    /// use tenter_channel::sync::Notify;
    ///
    /// async fn pop(queue: &Mutex<VecDeque<u8>>, pushed: &Notify) -> u8 {
    ///     loop {
    ///         let mut notified = pin!(pushed.notified());
    ///         notified.as_mut().enable();
    ///         let popped = queue.lock().unwrap().pop_front();
    ///         match popped {
    ///             Some(item) => return item,
    ///             None => notified.await,
    ///         }
    ///     }
    /// }
    ///
    /// assert_eq!(pop(&Mutex::new(VecDeque::from([7])), &Notify::new()).await, 7);
    /// # });
    /// ```
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.get_mut();
        this.line.poll(&mut this.place, None)
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let unit = ready!(coop::poll_proceed(cx));
        let this = self.get_mut();
        if !this.line.poll(&mut this.place, Some(cx.waker())) {
            return Poll::Pending;
        }
        unit.made_progress();
        Poll::Ready(())
    }
}

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        self.line.leave(&mut self.place, true);
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified").finish_non_exhaustive()
    }
}
