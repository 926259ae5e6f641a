//! A worker's run queue: one thread pushes, any thread pops, thieves take half.
//!
//! The algorithm is that of Go's `runqput`/`runqgrab` (proc.go): `tail` is written by the owner alone, `head` moves
//! by compare-and-swap, and a slot is read *before* the swap that claims it. Slots are atomics, so a read that lost
//! the race is merely thrown away. The proof is in this crate's README, the model in `tests/loom_queues.rs`.

use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use tenter_core::sync::atomic::{
    AtomicPtr, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

use crate::item::Item;

/// Keeps the two ends on cache lines of their own; 128 because x86-64 prefetches lines in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Line<T>(T);

/// A ring of `N` slots; `N` is a power of two.
#[derive(Debug)]
pub struct Ring<T: Item, const N: usize> {
    /// The next index to pop. Moved by whoever pops, with one compare-and-swap per batch; never goes back, so that
    /// a swap that succeeds proves nothing was popped since its read (usize does not wrap within a run).
    head: Line<AtomicUsize>,
    /// The next index to push. Written by the owner alone.
    tail: Line<AtomicUsize>,
    slots: Box<[AtomicPtr<()>]>,
    items: PhantomData<T>,
}

impl<T: Item, const N: usize> Default for Ring<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Item, const N: usize> Ring<T, N> {
    const MASK: usize = {
        assert!(N.is_power_of_two() && N >= 2);
        N - 1
    };

    /// An empty ring.
    #[must_use]
    pub fn new() -> Self {
        let slots = (0..N).map(|_| AtomicPtr::new(ptr::null_mut())).collect();
        Self { head: Line(AtomicUsize::new(0)), tail: Line(AtomicUsize::new(0)), slots, items: PhantomData }
    }

    /// How many items there are; a snapshot.
    #[inline]
    pub fn len(&self) -> usize {
        let head = self.head.0.load(Acquire);
        // Read second, so that it is never behind `head`; it may be further ahead than there are slots.
        self.tail.0.load(Acquire).wrapping_sub(head).min(N)
    }

    /// Whether there are none; a snapshot.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an item at the tail, or gives it back if the ring is full.
    ///
    /// # Safety
    /// The caller is the owner: no other thread is in `push` or names this ring as the destination of
    /// [`steal_into`](Self::steal_into) at the same time.
    ///
    /// # Errors
    /// The item, if there is no room.
    #[inline]
    pub unsafe fn push(&self, item: T) -> Result<(), T> {
        let tail = self.tail.0.load(Relaxed);
        // Acquire: whoever popped the slot's last item has read it before this thread overwrites it.
        let head = self.head.0.load(Acquire);
        if tail.wrapping_sub(head) >= N {
            return Err(item);
        }
        self.slots[tail & Self::MASK].store(item.into_raw().as_ptr(), Relaxed);
        // Release: who sees the new tail sees the slot, and what its item points to.
        self.tail.0.store(tail.wrapping_add(1), Release);
        Ok(())
    }

    /// Takes the item at the head; any thread may.
    #[inline]
    pub fn pop(&self) -> Option<T> {
        loop {
            let head = self.head.0.load(Acquire);
            if self.tail.0.load(Acquire) == head {
                return None;
            }
            let raw = self.slots[head & Self::MASK].load(Relaxed);
            if self.head.0.compare_exchange(head, head.wrapping_add(1), AcqRel, Relaxed).is_ok() {
                // SAFETY: the swap claimed index `head` for this thread alone, and no slot is overwritten before
                // its index is claimed, so `raw` is the item pushed there.
                return Some(unsafe { Self::item(raw) });
            }
        }
    }

    /// Takes half of the items (rounded up, at most `N / 2`): gives the first and appends the rest to `thief`.
    ///
    /// # Safety
    /// The caller is the owner of `thief` (see [`push`](Self::push)), and `thief` is empty or has room for `N / 2`.
    pub unsafe fn steal_into(&self, thief: &Self) -> Option<T> {
        loop {
            let head = self.head.0.load(Acquire);
            let available = self.tail.0.load(Acquire).wrapping_sub(head);
            if available == 0 {
                return None;
            }
            if available > N {
                continue; // `head` was stale: the owner has gone round since
            }
            let count = (available - available / 2).min(N / 2);
            let first = self.slots[head & Self::MASK].load(Relaxed);
            let start = thief.tail.0.load(Relaxed);
            for i in 1..count {
                let raw = self.slots[head.wrapping_add(i) & Self::MASK].load(Relaxed);
                // Not published until the swap below has claimed what was read.
                thief.slots[start.wrapping_add(i - 1) & Self::MASK].store(raw, Relaxed);
            }
            if self.head.0.compare_exchange(head, head.wrapping_add(count), AcqRel, Relaxed).is_ok() {
                thief.tail.0.store(start.wrapping_add(count - 1), Release);
                // SAFETY: as in `pop`, for `count` indices at once.
                return Some(unsafe { Self::item(first) });
            }
        }
    }

    /// Takes all items, with one swap; any thread may.
    pub fn take_all(&self, mut to: impl FnMut(T)) {
        let mut raws = [ptr::null_mut(); N];
        loop {
            let head = self.head.0.load(Acquire);
            let available = self.tail.0.load(Acquire).wrapping_sub(head);
            if available > N {
                continue; // as in `steal_into`
            }
            for (i, raw) in raws.iter_mut().enumerate().take(available) {
                *raw = self.slots[head.wrapping_add(i) & Self::MASK].load(Relaxed);
            }
            if self.head.0.compare_exchange(head, head.wrapping_add(available), AcqRel, Relaxed).is_ok() {
                // SAFETY: as in `pop`, for `available` indices at once.
                return raws[..available].iter().for_each(|&raw| to(unsafe { Self::item(raw) }));
            }
        }
    }

    /// # Safety
    /// `raw` is a pushed item that the caller alone has claimed.
    unsafe fn item(raw: *mut ()) -> T {
        // SAFETY: pushed pointers are not null; claimed once, by the caller's promise.
        unsafe { T::from_raw(NonNull::new_unchecked(raw)) }
    }
}

impl<T: Item, const N: usize> Drop for Ring<T, N> {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}
