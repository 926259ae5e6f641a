//! A condition variable for async-lock's mutex.

use std::fmt;
use std::task::{Context, Poll, ready};

use async_lock::{Mutex, MutexGuard};
use tenter_core::coop;

use super::line::{Line, Place};

/// Tasks wait, outside of a lock, for what it guards to change.
///
/// As with the standard library's, the lock is released while a task waits, and taken again before it goes on; a task may
/// also go on without a reason, so it looks again: [`wait_until`](Self::wait_until) does.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use std::sync::Arc;
/// use async_lock::Mutex; // `tenter::lock::Mutex`
/// use tenter_channel::sync::Condvar;
///
/// let pair = Arc::new((Mutex::new(0), Condvar::new()));
/// let other = pair.clone();
/// std::thread::spawn(move || {
///     *other.0.lock_blocking() = 1;
///     other.1.notify_one();
/// });
/// let guard = pair.1.wait_until(pair.0.lock().await, |value| *value == 1).await;
/// assert_eq!(*guard, 1);
/// # });
/// ```
pub struct Condvar {
    line: Line,
}

impl Condvar {
    /// A condition variable that nobody waits for.
    #[must_use]
    pub fn new() -> Self {
        Self { line: Line::new() }
    }

    /// Releases the lock, waits to be notified, and takes the lock again.
    ///
    /// A notification after the release is not missed.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the lock is released, and a notification that it had got goes to another waiter.
    pub async fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let mutex: &'a Mutex<T> = MutexGuard::source(&guard);
        let mut waiting = Waiting { line: &self.line, place: self.line.place(), told: false };
        waiting.line.poll(&mut waiting.place, None);
        drop(guard);
        std::future::poll_fn(|cx| waiting.poll(cx)).await;
        let guard = mutex.lock().await;
        // Now it is used.
        waiting.told = false;
        guard
    }

    /// Waits until what the lock guards meets a condition, which is tried first, and again after each notification.
    ///
    /// # Panics
    ///
    /// If the condition does; the lock is released then.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](Self::wait).
    pub async fn wait_until<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        while !condition(&mut guard) {
            guard = self.wait(guard).await;
        }
        guard
    }

    /// Wakes the longest-waiting task, if any.
    pub fn notify_one(&self) {
        self.line.tell_one(false);
    }

    /// Wakes all tasks that wait.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use futures_lite::future::{poll_once, zip};
    /// use async_lock::Mutex;
    /// use tenter_channel::sync::Condvar;
    ///
    /// let (mutex, changed) = (Mutex::new(false), Condvar::new());
    /// let wait = || async { drop(changed.wait_until(mutex.lock().await, |set| *set).await) };
    /// let mut both = Box::pin(zip(wait(), wait()));
    /// assert!(poll_once(&mut both).await.is_none());
    /// *mutex.lock().await = true;
    /// changed.notify_all();
    /// both.await;
    /// # });
    /// ```
    pub fn notify_all(&self) {
        self.line.tell_all();
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

/// One who waits, until it has the lock again.
struct Waiting<'a> {
    line: &'a Line,
    place: Place,
    /// It has been told, and does not have the lock yet: if it goes, another one is told in its stead.
    told: bool,
}

impl Waiting<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let unit = ready!(coop::poll_proceed(cx));
        if !self.line.poll(&mut self.place, Some(cx.waker())) {
            return Poll::Pending;
        }
        unit.made_progress();
        self.told = true;
        Poll::Ready(())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.told {
            self.line.tell_one(false);
        } else {
            self.line.leave(&mut self.place, false);
        }
    }
}
