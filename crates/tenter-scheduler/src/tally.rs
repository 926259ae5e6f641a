//! How many tasks live, counted by those who spawn and end them.
//!
//! What is counted, in which order the counts are read, and why a difference of 0 is final is in this crate's README
//! ("Close and drain"); the model is `tests/loom_close.rs`.

use tenter_core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

/// Tasks that were taken in, and tasks that are gone, both wrapping and never set back.
///
/// A task may be taken in by one pair and end in another.
#[derive(Debug)]
pub struct Tally {
    taken: AtomicUsize,
    gone: AtomicUsize,
}

impl Default for Tally {
    fn default() -> Self {
        Self::new()
    }
}

impl Tally {
    /// No task so far.
    #[must_use]
    pub fn new() -> Self {
        Self { taken: AtomicUsize::new(0), gone: AtomicUsize::new(0) }
    }

    /// Counts a new task, by the one thread that changes this pair.
    #[inline]
    pub fn take_alone(&self) {
        self.taken.store(self.taken.load(Relaxed).wrapping_add(1), Release);
    }

    /// Counts a new task.
    #[inline]
    pub fn take(&self) {
        self.taken.fetch_add(1, Release);
    }

    /// Counts a task that is gone, by the one thread that changes this pair.
    #[inline]
    pub fn end_alone(&self) {
        // Release: who reads this count reads a count of that task's spawn afterwards.
        self.gone.store(self.gone.load(Relaxed).wrapping_add(1), Release);
    }

    /// Counts a task that is gone.
    #[inline]
    pub fn end(&self) {
        self.gone.fetch_add(1, Release);
    }
}

/// How many tasks live, by all pairs together; a snapshot. 0 if, at the moment between the two passes, every task whose spawn is
/// visible to this thread was gone.
pub fn live<'a>(tallies: impl Iterator<Item = &'a Tally> + Clone) -> usize {
    let gone = tallies.clone().fold(0_usize, |sum, tally| sum.wrapping_add(tally.gone.load(Acquire)));
    let taken = tallies.fold(0_usize, |sum, tally| sum.wrapping_add(tally.taken.load(Acquire)));
    taken.wrapping_sub(gone)
}
