//! asyncio's `Event`.

use std::fmt;

use tenter_core::sync::atomic::{AtomicU64, Ordering};
use tenter_core::wait_list::WaitList;
use tenter_core::{coop, park};

/// Set, in the word.
const SET: u64 = 1;
/// One change from clear to set: their count is above the bit.
const TIMES: u64 = 2;

/// A flag that tasks wait for: start, stop, go on.
///
/// All who wait go on when it is set, also if it is cleared again at once.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use std::sync::Arc;
/// use tenter_channel::sync::Event;
///
/// let event = Arc::new(Event::new());
/// let setter = event.clone();
/// std::thread::spawn(move || setter.set());
/// event.wait().await;
/// assert!(event.is_set());
/// # });
/// ```
pub struct Event {
    word: AtomicU64,
    waits: WaitList,
}

impl Event {
    /// An event that is not set.
    #[must_use]
    pub fn new() -> Self {
        Self { word: AtomicU64::new(0), waits: WaitList::new() }
    }

    /// Sets the event, and wakes all who wait; false if it was set already.
    ///
    /// What was done before is seen by who finds it set.
    pub fn set(&self) -> bool {
        let next = |word| if word & SET == 0 { Some((word | SET) + TIMES) } else { None };
        let changed = self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).is_ok();
        if changed {
            self.waits.notify_all();
        }
        changed
    }

    /// Clears the event: from now on, [`wait`](Self::wait) waits. True if it was set.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let event = tenter_channel::sync::Event::new();
    /// event.set();
    /// event.wait().await;
    /// assert!(event.clear());
    /// assert!(futures_lite::future::poll_once(event.wait()).await.is_none());
    /// # });
    /// ```
    pub fn clear(&self) -> bool {
        self.word.fetch_and(!SET, Ordering::AcqRel) & SET != 0
    }

    /// Whether the event is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.word.load(Ordering::Acquire) & SET != 0
    }

    /// Waits until the event is set, or was set since the first poll.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn wait(&self) {
        let since = self.word.load(Ordering::Acquire) & !SET;
        let happened = || {
            let word = self.word.load(Ordering::Acquire);
            (word & SET != 0 || word != since).then_some(())
        };
        coop::cooperative(self.waits.wait_until(happened)).await;
    }

    /// [`wait`](Self::wait), blocking the thread.
    ///
    /// For plain threads: in async code it blocks the executor.
    pub fn wait_blocking(&self) {
        park::block_on(self.wait());
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("set", &self.is_set()).finish_non_exhaustive()
    }
}
