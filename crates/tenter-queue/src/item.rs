//! An item on loan from its queue.

use std::fmt;
use std::ops::{Deref, DerefMut};

use tenter_core::sync::Arc;

use crate::ledger::Ledger;

/// An item that was got from a queue and is being worked on.
///
/// When it is dropped, in whatever way, the item counts as finished; see
/// [`join`](crate::JoinableQueue::join).
///
/// ```
/// let queue = tenter_queue::Queue::unbounded();
/// queue.try_put(String::from("tea")).unwrap();
/// let mut item = queue.try_get().unwrap();
/// item.push_str("pot");
/// assert_eq!((item.as_str(), queue.unfinished()), ("teapot", 1));
/// drop(item);
/// assert_eq!(queue.unfinished(), 0);
/// ```
#[must_use = "a dropped item counts as finished"]
pub struct Item<T> {
    // Declared first, so that the item is gone before it counts as finished.
    value: T,
    guard: DoneGuard,
}

impl<T> Item<T> {
    pub(crate) fn new(value: T, ledger: Arc<Ledger>) -> Self {
        Self { value, guard: DoneGuard { ledger: Some(ledger) } }
    }

    /// Drops the item and counts it as finished: `drop` by a name that says why.
    pub fn done(self) {}

    /// The item, which counts as finished from now on.
    ///
    /// Where it must stay unfinished while it is worked on by value, use [`split`](Self::split).
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The item, and what keeps it unfinished.
    ///
    /// ```
    /// # let queue = tenter_queue::Queue::unbounded();
    /// # queue.try_put(vec![1]).unwrap();
    /// let (bytes, guard) = queue.try_get().unwrap().split();
    /// let sum: u32 = bytes.into_iter().sum();
    /// assert_eq!(queue.unfinished(), 1);
    /// drop(guard);
    /// assert_eq!(queue.unfinished(), 0);
    /// ```
    pub fn split(self) -> (T, DoneGuard) {
        (self.value, self.guard)
    }
}

impl<T> Deref for Item<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Item<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Item<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Item").field(&self.value).finish()
    }
}

/// Keeps an item unfinished until it is dropped; made by [`Item::split`].
#[must_use = "dropping the guard counts the item as finished"]
pub struct DoneGuard {
    /// `None` once the duty has been given up.
    ledger: Option<Arc<Ledger>>,
}

impl DoneGuard {
    /// Leaves the count alone: someone else will call [`task_done`](crate::JoinableQueue::task_done).
    pub fn disarm(mut self) {
        self.ledger = None;
    }
}

impl Drop for DoneGuard {
    fn drop(&mut self) {
        if let Some(ledger) = &self.ledger {
            // A failure means that `task_done` was called for a guarded item, whose caller has the count it asked for.
            let _ = ledger.finish();
        }
    }
}

impl fmt::Debug for DoneGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DoneGuard").finish_non_exhaustive()
    }
}
