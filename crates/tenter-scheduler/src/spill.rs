//! What fits neither into a worker's ring nor into the one for what is youngest: it waits between them, in order.

use std::collections::VecDeque;
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{Relaxed, Release},
};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A queue that is used rarely, by its worker and by thieves; most of the time it is empty, which costs a load to see.
#[derive(Debug)]
pub(crate) struct Spill<T> {
    /// As the queue's; written under the lock.
    len: AtomicUsize,
    queue: Mutex<VecDeque<T>>,
}

/// A queue with more room than this gives it back once it is empty.
const KEEP: usize = 4096;

impl<T> Spill<T> {
    pub(crate) fn new() -> Self {
        Self { len: AtomicUsize::new(0), queue: Mutex::new(VecDeque::new()) }
    }

    /// How many there are; a snapshot.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    /// Appends what `fill` pushes to the back.
    pub(crate) fn extend(&self, fill: impl FnOnce(&mut VecDeque<T>)) {
        let mut queue = self.lock();
        fill(&mut queue);
        self.note(&queue);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.take(1, |_| {})
    }

    /// Takes up to `most` from the front: gives the first, the others to `rest` in order.
    pub(crate) fn take(&self, most: usize, rest: impl FnMut(T)) -> Option<T> {
        if self.len() == 0 {
            return None;
        }
        let mut queue = self.lock();
        let first = queue.pop_front()?;
        let more = most.saturating_sub(1).min(queue.len());
        queue.drain(..more).for_each(rest);
        if queue.is_empty() && queue.capacity() > KEEP {
            *queue = VecDeque::new();
        }
        self.note(&queue);
        Some(first)
    }

    fn note(&self, queue: &VecDeque<T>) {
        self.len.store(queue.len(), Release);
    }

    /// No section panics with the queue in pieces.
    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_the_oldest_first_and_its_room_back() {
        let spill = Spill::new();
        assert_eq!(spill.pop(), None);
        spill.extend(|queue| queue.extend(0..10_001));
        let mut rest = Vec::new();
        assert_eq!(spill.take(3, |item| rest.push(item)), Some(0));
        assert_eq!((rest, spill.len()), (vec![1, 2], 9_998));
        assert_eq!(spill.take(usize::MAX, drop), Some(3));
        assert_eq!((spill.len(), spill.lock().capacity()), (0, 0));
    }
}
