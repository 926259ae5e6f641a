//! The injector: what comes from outside, a queue of blocks. Anyone pushes, with one locked operation; takers take turns,
//! each a batch at a time.
//!
//! A pusher claims an index, then looks for the block that has it, beginning at `last`. The proof is in this crate's README, the
//! model in `tests/loom_queues.rs`.

use std::fmt;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use tenter_core::sync::atomic::{
    AtomicPtr, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use tenter_core::sync::{Mutex, MutexGuard, UnsafeCell, thread};

use crate::item::Item;

/// Keeps apart what different threads write; 128 because x86-64 prefetches lines in pairs.
#[repr(align(128))]
struct Line<T>(T);

/// `N` places in a row. Nobody else can come by any more when a taker [reclaims](Injector::reclaim) it.
#[repr(C, align(64))]
struct Block<const N: usize> {
    /// The index of the first place, a multiple of `N`. Written before the block is linked.
    start: usize,
    /// Null, or the block after this one. Set once, by the first pusher that needs it.
    next: AtomicPtr<Self>,
    /// 0, or how many items must have been taken before nobody is here any more. Set by the pusher that moved `last` past it.
    limit: AtomicUsize,
    /// Models do not see memory freed: pushers read this where they touch the block, and who reclaims it writes.
    presence: UnsafeCell<()>,
    /// Null until the pusher of that index has written it.
    places: [AtomicPtr<()>; N],
}

impl<const N: usize> Block<N> {
    fn new(start: usize) -> *mut Self {
        let places = std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut()));
        let (next, limit) = (AtomicPtr::new(ptr::null_mut()), AtomicUsize::new(0));
        Box::into_raw(Box::new(Self { start, next, limit, presence: UnsafeCell::new(()), places }))
    }

    /// Release: who takes the item sees what it points to, and that its pusher is gone from here and from the blocks before.
    ///
    /// # Safety
    /// The block is not reclaimed before the item is written. It may be once that is so, before this returns; hence no reference,
    /// which would promise that the block outlives the call.
    #[inline]
    unsafe fn put(block: *const Self, index: usize, raw: *mut ()) {
        // SAFETY: the caller's word. The store is the last access.
        unsafe {
            (*block).presence.with(|_| ());
            (*block).places[index % N].store(raw, Release);
        }
    }

    /// As `new` gives it, but for `start`.
    fn clear(&self) {
        self.next.store(ptr::null_mut(), Relaxed);
        self.limit.store(0, Relaxed);
        self.places.iter().for_each(|place| place.store(ptr::null_mut(), Relaxed));
    }
}

/// Where pushers meet.
struct Pushers<const N: usize> {
    /// The next index to push. Raised by each pusher, which has claimed what it was before.
    tail: AtomicUsize,
    /// Where a pusher begins to look for its block. Moved on by who has claimed a block's first index, past its predecessors.
    last: AtomicPtr<Block<N>>,
}

/// What the takers' lock guards.
struct Takers<const N: usize> {
    /// The block that the last item came from, or the next one.
    block: *mut Block<N>,
    /// The oldest block that is not reclaimed: `block` or before it.
    oldest: *mut Block<N>,
}

// SAFETY: blocks are used from any thread.
unsafe impl<const N: usize> Send for Takers<N> {}

/// How far a taker has come; publishes it when it is dropped.
struct Progress<'a> {
    next: usize,
    head: &'a AtomicUsize,
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.head.store(self.next, Release);
    }
}

/// An unbounded queue of blocks of `N` places; `N` is a power of two.
pub struct Injector<T: Item, const N: usize> {
    pushers: Line<Pushers<N>>,
    /// The next index to take. Stored under the takers' lock.
    head: Line<AtomicUsize>,
    takers: Mutex<Takers<N>>,
    /// Null, or a cleared block that is nobody's; whoever swaps it out has it.
    spare: AtomicPtr<Block<N>>,
    items: PhantomData<T>,
}

impl<T: Item, const N: usize> Default for Injector<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Item, const N: usize> Injector<T, N> {
    const MASK: usize = {
        assert!(N.is_power_of_two() && N >= 2);
        N - 1
    };

    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        let block = Block::new(0);
        Self {
            pushers: Line(Pushers { tail: AtomicUsize::new(0), last: AtomicPtr::new(block) }),
            head: Line(AtomicUsize::new(0)),
            takers: Mutex::new(Takers { block, oldest: block }),
            spare: AtomicPtr::new(ptr::null_mut()),
            items: PhantomData,
        }
    }

    /// How many items there are, those included whose push has begun; a snapshot.
    #[inline]
    pub fn len(&self) -> usize {
        let head = self.head.0.load(Acquire);
        // Read second, so that it is never behind `head`.
        self.pushers.0.tail.load(Acquire).wrapping_sub(head)
    }

    /// Whether there are none; a snapshot.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends an item.
    #[inline]
    pub fn push(&self, item: T) {
        let raw = item.into_raw().as_ptr();
        // Acquire: whoever finds `last` moved past a block's reclamation has also seen where to. Release: see `advance`.
        let index = self.pushers.0.tail.fetch_add(1, AcqRel);
        self.fill(index, raw);
    }

    /// Puts an item into the place that was claimed for it.
    #[inline]
    fn fill(&self, index: usize, raw: *mut ()) {
        let last = self.pushers.0.last.load(Acquire);
        // SAFETY: `last` was read after the claim, and the item is not written yet: neither it nor a block behind it is reclaimed.
        unsafe {
            if (*last).start == index & !Self::MASK {
                Block::put(last, index, raw);
            } else {
                self.push_elsewhere(last, index, raw);
            }
        }
    }

    /// [`fill`](Self::fill) where `last` is another block.
    ///
    /// # Safety
    /// `last` was read after the caller had claimed `index`, for which it has written nothing yet.
    #[cold]
    #[inline(never)]
    unsafe fn push_elsewhere(&self, last: *mut Block<N>, index: usize, raw: *mut ()) {
        let start = index & !Self::MASK;
        // SAFETY: `last` and what is behind it as in `fill`; the takers' block and what is behind that by their lock.
        let start_of = |block: *mut Block<N>| unsafe { (*block).start };
        let mut block = last;
        let is_late = start_of(last).wrapping_sub(start) < usize::MAX / 2;
        // Somebody has moved `last` on since the claim. The takers' block is not past the place that is not filled.
        let guard = is_late.then(|| self.lock());
        if let Some(takers) = &guard {
            block = takers.block;
        }
        while start_of(block) != start {
            // SAFETY: as above.
            block = unsafe { self.after(block) };
        }
        // SAFETY: as in `fill`. Behind the lock: nothing is reclaimed without it, and the takers' block is not yet.
        unsafe {
            if !is_late && index == start {
                self.advance(last, block);
            }
            Block::put(block, index, raw);
        }
    }

    /// The block after this one; makes it if there is none.
    ///
    /// # Safety
    /// The block is not reclaimed.
    unsafe fn after(&self, block: *mut Block<N>) -> *mut Block<N> {
        // SAFETY: the caller's word.
        let block = unsafe { &*block };
        let next = block.next.load(Acquire);
        block.presence.with(|_| ());
        if !next.is_null() {
            return next;
        }
        let start = block.start.wrapping_add(N);
        let mut new = self.spare.swap(ptr::null_mut(), Acquire);
        if new.is_null() {
            new = Block::new(start);
        } else {
            // SAFETY: the swap gave the block to this thread alone.
            unsafe { (*new).start = start };
        }
        // Release: whoever comes to the block finds it cleared. Acquire: likewise, if another one was faster.
        match block.next.compare_exchange(ptr::null_mut(), new, AcqRel, Acquire) {
            Ok(_) => new,
            Err(other) => {
                // SAFETY: it was not linked.
                unsafe { self.put_by(new) };
                other
            }
        }
    }

    /// Moves `last`, unless another pusher has, and says from when on nobody is in the blocks before it.
    ///
    /// # Safety
    /// The caller has read `from` as `last` after it had claimed an index of `to`, for which it has written nothing yet; `to` is
    /// `from` or behind it.
    unsafe fn advance(&self, from: *mut Block<N>, to: *mut Block<N>) {
        if self.pushers.0.last.compare_exchange(from, to, AcqRel, Relaxed).is_err() {
            return;
        }
        // An operation that writes: a pusher that claims its index after it sees `last` moved. Not 0, which stands for "not set".
        let limit = self.pushers.0.tail.fetch_add(0, AcqRel).max(1);
        let mut block = from;
        while block != to {
            // SAFETY: this pusher's own index is below the limit, and its item not written yet.
            let passed = unsafe { &*block };
            passed.presence.with(|_| ());
            block = passed.next.load(Acquire);
            passed.limit.store(limit, Release);
        }
    }

    /// Takes an item.
    #[inline]
    pub fn pop(&self) -> Option<T> {
        self.take(1, |_| {})
    }

    /// Takes an item, for a thread that has others: it waits neither for another taker nor for a pusher.
    #[inline]
    pub fn try_pop(&self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        self.take_behind(self.takers.try_lock().ok()?, 1, |_| {})
    }

    /// Takes up to `most` items: gives the first, the others to `rest` in order. Stops before an item whose push has
    /// begun and not ended.
    ///
    /// `rest` runs under the lock, so it must not push here.
    pub fn take(&self, most: usize, rest: impl FnMut(T)) -> Option<T> {
        if most == 0 || self.is_empty() {
            return None;
        }
        let first = self.take_behind(self.lock(), most, rest);
        if first.is_none() && !self.is_empty() {
            // A pusher was interrupted between its two steps.
            thread::yield_now();
        }
        first
    }

    fn take_behind(&self, takers: MutexGuard<'_, Takers<N>>, most: usize, mut rest: impl FnMut(T)) -> Option<T> {
        // If `rest` panics this is dropped last, behind the lock: who drops a task may push.
        let mut first = None;
        let mut takers = takers;
        let mut progress = Progress { next: self.head.0.load(Relaxed), head: &self.head.0 };
        for _ in 0..most.min(self.len()) {
            let Some(item) = Self::next(&mut takers, progress.next) else { break };
            progress.next = progress.next.wrapping_add(1);
            match first {
                None => first = Some(item),
                Some(_) => rest(item),
            }
        }
        let head = progress.next;
        drop(progress);
        self.reclaim(&mut takers, head);
        drop(takers);
        first
    }

    /// The item at `head`, if it has been written.
    #[inline]
    fn next(takers: &mut Takers<N>, head: usize) -> Option<T> {
        // SAFETY: only takers reclaim, under this lock, and never the block they are in.
        let mut block = unsafe { &*takers.block };
        if head & Self::MASK == 0 && block.start != head {
            let next = NonNull::new(block.next.load(Acquire))?;
            takers.block = next.as_ptr();
            // SAFETY: as above.
            block = unsafe { next.as_ref() };
        }
        let raw = NonNull::new(block.places[head & Self::MASK].load(Acquire))?;
        // SAFETY: a pusher has put it there, and every index is taken once, under the lock.
        Some(unsafe { T::from_raw(raw) })
    }

    /// Takes back the blocks in which nobody is any more.
    fn reclaim(&self, takers: &mut Takers<N>, head: usize) {
        while takers.oldest != takers.block {
            // SAFETY: only takers reclaim, under this lock.
            let oldest = unsafe { &*takers.oldest };
            let limit = oldest.limit.load(Acquire);
            if limit == 0 || head.wrapping_sub(limit) > usize::MAX / 2 {
                return;
            }
            let next = oldest.next.load(Relaxed);
            oldest.presence.with_mut(|_| ());
            oldest.clear();
            let block = std::mem::replace(&mut takers.oldest, next);
            // SAFETY: every pusher that claimed an index before `last` was moved past the block has written its item, which
            // was its last access; every other one has read where `last` was moved to.
            unsafe { self.put_by(block) };
        }
    }

    /// # Safety
    /// The block is cleared, and the caller's alone.
    unsafe fn put_by(&self, block: *mut Block<N>) {
        if self.spare.compare_exchange(ptr::null_mut(), block, Release, Relaxed).is_err() {
            // SAFETY: the caller's word, and it came from a box.
            drop(unsafe { Box::from_raw(block) });
        }
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Takers<N>> {
        // If `rest` panics, what was taken is gone, and the rest is there.
        self.takers.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl<T: Item, const N: usize> Drop for Injector<T, N> {
    fn drop(&mut self) {
        while self.pop().is_some() {}
        let mut block = self.lock().oldest;
        while !block.is_null() {
            // SAFETY: nobody else is here, and blocks come from boxes.
            block = unsafe { Box::from_raw(block) }.next.load(Relaxed);
        }
        let spare = self.spare.load(Relaxed);
        if !spare.is_null() {
            // SAFETY: as above; a spare block is not linked.
            drop(unsafe { Box::from_raw(spare) });
        }
    }
}

impl<T: Item, const N: usize> fmt::Debug for Injector<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Injector").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(tenter_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_pusher_that_was_overtaken_fills_its_place_behind_the_pushers() {
        let injector = Injector::<Box<usize>, 2>::new();
        injector.push(Box::new(0));
        let late = injector.pushers.0.tail.fetch_add(1, AcqRel);
        (2..7).for_each(|i| injector.push(Box::new(i)));
        assert_eq!((injector.pop(), injector.pop(), injector.len()), (Some(Box::new(0)), None, 6));
        injector.fill(late, Box::new(1_usize).into_raw().as_ptr());
        let mut rest = Vec::new();
        assert_eq!(injector.take(9, |item| rest.push(*item)), Some(Box::new(1)));
        assert_eq!((rest, injector.is_empty()), (vec![2, 3, 4, 5, 6], true));
    }

    #[test]
    fn a_pusher_that_was_overtaken_at_a_block_s_first_place_leaves_last_alone() {
        let injector = Injector::<Box<usize>, 2>::new();
        (0..2).for_each(|i| injector.push(Box::new(i)));
        let late = injector.pushers.0.tail.fetch_add(1, AcqRel);
        (3..7).for_each(|i| injector.push(Box::new(i)));
        let last = injector.pushers.0.last.load(Acquire);
        injector.fill(late, Box::new(2_usize).into_raw().as_ptr());
        assert_eq!(injector.pushers.0.last.load(Acquire), last);
        let mut rest = Vec::new();
        assert_eq!(injector.take(9, |item| rest.push(*item)), Some(Box::new(0)));
        assert_eq!((rest, injector.is_empty()), (vec![1, 2, 3, 4, 5, 6], true));
    }

    #[test]
    fn who_has_other_work_does_not_wait_for_another_taker() {
        let injector = Injector::<Box<usize>, 2>::new();
        injector.push(Box::new(0));
        let guard = injector.lock();
        assert_eq!(injector.try_pop(), None);
        drop(guard);
        assert_eq!(injector.try_pop(), Some(Box::new(0)));
    }
}
