//! The count of unfinished items, and those who wait for it to reach zero.
//!
//! It stands apart from the queue's lock so that an [`Item`](crate::Item) need not know the queue's order, and so that
//! finishing an item takes no lock. `join` must end when the count was zero *at some moment* since it began, even if new
//! items have been put before the joiner runs; so the word that holds the count also holds a number that moves on
//! whenever the count falls to zero, in the same atomic step.

use tenter_core::sync::atomic::{AtomicU64, Ordering};
use tenter_core::wait_list::WaitList;

use crate::error::TooManyTaskDone;

/// Bits for the count: a terabyte of one-byte items.
const COUNT_BITS: u32 = 40;
const COUNT: u64 = (1 << COUNT_BITS) - 1;

/// Unfinished items in the low 40 bits; above them how often the count has fallen to zero, wrapping. A joiner that sleeps
/// through exactly a multiple of 2^24 such moments does not notice them and waits for the next.
#[derive(Clone, Copy, Debug)]
struct Tally(u64);

impl Tally {
    fn unfinished(self) -> u64 {
        self.0 & COUNT
    }

    fn falls(self) -> u64 {
        self.0 >> COUNT_BITS
    }

    /// Less `n`, noting the fall if that leaves none; `None` if there are fewer.
    fn minus(self, n: u64) -> Option<Self> {
        let left = self.unfinished().checked_sub(n)?;
        let falls = if left == 0 { self.falls().wrapping_add(1) } else { self.falls() };
        Some(Self(falls << COUNT_BITS | left))
    }
}

#[derive(Debug)]
pub(crate) struct Ledger {
    tally: AtomicU64,
    joiners: WaitList,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self { tally: AtomicU64::new(0), joiners: WaitList::new() }
    }

    /// Counts an item that is being put. The queue's lock orders it before the item's end.
    pub(crate) fn begin(&self) {
        let before = Tally(self.tally.fetch_add(1, Ordering::Relaxed));
        assert!(before.unfinished() < COUNT, "a queue counts at most 2^40 - 1 unfinished items");
    }

    /// Counts an item as finished.
    pub(crate) fn finish(&self) -> Result<(), TooManyTaskDone> {
        self.subtract(|_| 1)
    }

    /// Counts items as finished that were taken out unprocessed. They may have been counted before, by hand.
    pub(crate) fn finish_drained(&self, n: usize) {
        if n > 0 {
            let fewer = self.subtract(|tally| tally.unfinished().min(n as u64));
            debug_assert!(fewer.is_ok(), "no more is subtracted than there is");
        }
    }

    fn subtract(&self, n: impl Fn(Tally) -> u64) -> Result<(), TooManyTaskDone> {
        let minus = |word| {
            let tally = Tally(word);
            tally.minus(n(tally)).map(|tally| tally.0)
        };
        // Release: what was done with the item happens before the end of `join`.
        let before = self.tally.fetch_update(Ordering::Release, Ordering::Relaxed, minus);
        let before = Tally(before.map_err(|_| TooManyTaskDone)?);
        if before.unfinished() == n(before) {
            self.joiners.notify_all();
        }
        Ok(())
    }

    pub(crate) fn unfinished(&self) -> usize {
        self.read().unfinished() as usize
    }

    /// Waits until the count is zero, or has been since the first poll.
    pub(crate) async fn all_finished(&self) {
        let start = self.read();
        let reached = || {
            let now = self.read();
            (now.unfinished() == 0 || now.falls() != start.falls()).then_some(())
        };
        self.joiners.wait_until(reached).await;
    }

    fn read(&self) -> Tally {
        Tally(self.tally.load(Ordering::Acquire))
    }
}
