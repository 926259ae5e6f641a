//! The tasks that wait: sharded, so that workers do not meet, and closable, so that none is missed.
//!
//! A task of a runtime is entered when its first poll was `Pending`: one that has not waited yet is in a queue, on its way
//! there or in a poll, and needs no waker to get there. One of an executor is entered when it is spawned. It is removed when its
//! future is gone. Closing sets each shard's flag under that shard's lock and takes a waker of everything in it: an insertion
//! is either before that (and woken), or after (and refused).

use std::fmt;

use tenter_core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Release},
};
use tenter_core::sync::{Mutex, MutexGuard};

/// A task's number, and where it is entered.
///
/// | bits | field | set by |
/// |---|---|---|
/// | 0–25 | its place in the shard, plus one; 0: not entered | [`Registry::insert`] |
/// | 26–51 | its number among the tasks of the process, modulo 2²⁶; chooses the shard | who spawns it |
/// | 52–63 | the registry's tag | who spawns it |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(u64);

const NUMBER_SHIFT: u32 = 26;
const TAG_SHIFT: u32 = 52;
const PLACE_MASK: u64 = (1 << NUMBER_SHIFT) - 1;
const NUMBER_MASK: u64 = (1 << (TAG_SHIFT - NUMBER_SHIFT)) - 1;

/// So many numbers in a row are of one shard. The thread that spawns tasks and those that end them, some hundred tasks behind, so
/// rarely want the same lock. Measured with the `spawn` cases of the benchmarks.
pub const TURN: u32 = 64;

/// A registry's tag is less than this.
pub const MAX_TAG: u16 = 1 << (64 - TAG_SHIFT);

impl Key {
    /// Of a task that no registry knows. No other key is equal to it.
    pub const UNTRACKED: Self = Self(u64::MAX);

    /// How many numbers there are.
    pub const NUMBERS: u64 = NUMBER_MASK + 1;

    /// Of the task with a number (modulo 2²⁶), which is to be entered in the registry with a tag.
    #[must_use]
    #[inline]
    pub const fn new(number: u32, tag: u16) -> Self {
        Self((number as u64 & NUMBER_MASK) << NUMBER_SHIFT | (tag as u64) << TAG_SHIFT)
    }

    fn at(self, place: u32) -> Self {
        // The last place stays unused, so that no key is `UNTRACKED`.
        assert!(u64::from(place) + 1 < PLACE_MASK, "more than 67 million tasks wait in one shard");
        Self(self.0 & !PLACE_MASK | (u64::from(place) + 1))
    }

    /// Number and tag: the same whether it is entered or not.
    #[must_use]
    #[inline]
    pub const fn id(self) -> u64 {
        self.0 >> NUMBER_SHIFT
    }

    /// Its number.
    #[must_use]
    #[inline]
    pub const fn number(self) -> u32 {
        (self.0 >> NUMBER_SHIFT & NUMBER_MASK) as u32
    }

    /// The tag of the registry that it is of.
    #[must_use]
    #[inline]
    pub const fn tag(self) -> u16 {
        (self.0 >> TAG_SHIFT) as u16
    }

    /// Whether it is entered.
    #[must_use]
    #[inline]
    pub const fn is_entered(self) -> bool {
        self.0 & PLACE_MASK != 0
    }

    const fn place(self) -> usize {
        (self.0 & PLACE_MASK) as usize - 1
    }
}

/// How many places lie together. A slab grows by such chunks instead of moving as a whole, which would hold the lock
/// long and leave large holes in the heap.
const CHUNK: usize = 128;

/// A slab larger than this gives back all chunks but the first once it is empty: they lie between the tasks of a burst, and
/// one that stays keeps the pages around it from the system.
const KEEP: usize = 1024;

enum Place<W> {
    Free { next: u32 },
    Used(W),
}

struct Slab<W> {
    chunks: Vec<Vec<Place<W>>>,
    /// How many places there are.
    len: usize,
    /// The first free place, or `len`.
    free: u32,
    used: usize,
    /// Set by [`Registry::close`], cleared by [`Registry::reopen`], under the lock. Excludes insertion.
    closed: bool,
}

impl<W> Slab<W> {
    const fn new() -> Self {
        Self { chunks: Vec::new(), len: 0, free: 0, used: 0, closed: false }
    }

    fn place(&mut self, at: usize) -> &mut Place<W> {
        &mut self.chunks[at / CHUNK][at % CHUNK]
    }

    fn places(&self) -> impl Iterator<Item = &Place<W>> {
        self.chunks.iter().flatten()
    }

    fn insert(&mut self, value: W) {
        let at = self.free as usize;
        self.used += 1;
        if at < self.len {
            let place = self.place(at);
            let Place::Free { next } = *place else { unreachable!("the free list names a used place") };
            *place = Place::Used(value);
            self.free = next;
            return;
        }
        if at / CHUNK == self.chunks.len() {
            // The first grows with what is needed, because there are many shards.
            self.chunks.push(if at == 0 { Vec::new() } else { Vec::with_capacity(CHUNK) });
        }
        self.chunks[at / CHUNK].push(Place::Used(value));
        self.len += 1;
        self.free += 1;
    }

    fn remove(&mut self, at: usize) -> W {
        let free = self.free;
        let Place::Used(value) = std::mem::replace(self.place(at), Place::Free { next: free }) else {
            unreachable!("a task is removed once")
        };
        self.free = at as u32;
        self.used -= 1;
        if self.used == 0 && self.len > KEEP {
            self.chunks.truncate(1);
            self.chunks[0].clear();
            self.chunks.shrink_to_fit();
            self.len = 0;
            self.free = 0;
        }
        value
    }
}

struct Shard<W> {
    /// As `slab.used`; written under the lock, read without it.
    len: AtomicUsize,
    slab: Mutex<Slab<W>>,
}

/// The tasks of one runtime or executor; `W` is a waker.
pub struct Registry<W> {
    shards: Box<[Shard<W>]>,
}

impl<W> Registry<W> {
    /// An open registry with so many shards.
    #[must_use]
    pub fn new(shards: usize) -> Self {
        let shard = |_| Shard { len: AtomicUsize::new(0), slab: Mutex::new(Slab::new()) };
        Self { shards: (0..shards.max(1)).map(shard).collect() }
    }

    fn shard(&self, key: Key) -> &Shard<W> {
        &self.shards[(key.number() / TURN) as usize % self.shards.len()]
    }

    /// Enters a task: `make` is told its key, which has a place now, and gives its waker. `None` if the registry is closed.
    pub fn insert<R>(&self, key: Key, make: impl FnOnce(Key) -> (W, R)) -> Option<R> {
        let shard = self.shard(key);
        let mut slab = lock(&shard.slab);
        if slab.closed {
            return None;
        }
        let (waker, rest) = make(key.at(slab.free));
        slab.insert(waker);
        shard.len.store(slab.used, Release);
        Some(rest)
    }

    /// Removes a task, once per key. Its waker is given back to be dropped outside any lock; the flag tells whether
    /// the registry was closed before, so that someone may wait for the last removal.
    pub fn remove(&self, key: Key) -> (W, bool) {
        let shard = self.shard(key);
        let mut slab = lock(&shard.slab);
        let waker = slab.remove(key.place());
        shard.len.store(slab.used, Release);
        (waker, slab.closed)
    }

    /// How many tasks are entered; a snapshot, unless there is one shard only.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len.load(Acquire)).sum()
    }

    /// Whether no task is entered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Refuses new tasks from now on, and gives a waker of each that lives.
    #[must_use = "the tasks end only if they are woken"]
    pub fn close(&self) -> Vec<W>
    where
        W: Clone,
    {
        let mut wakers = Vec::new();
        for shard in &self.shards {
            let mut slab = lock(&shard.slab);
            slab.closed = true;
            wakers.extend(slab.places().filter_map(|place| match place {
                Place::Used(waker) => Some(waker.clone()),
                Place::Free { .. } => None,
            }));
        }
        wakers
    }

    /// Takes tasks again.
    pub fn reopen(&self) {
        for shard in &self.shards {
            lock(&shard.slab).closed = false;
        }
    }
}

impl<W> fmt::Debug for Registry<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("shards", &self.shards.len()).field("len", &self.len()).finish()
    }
}

/// Locks, also after a panic of another holder: every section leaves the slab whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_must_not_leave_its_places_behind() {
        let registry = Registry::new(1);
        let key = |number| Key::new(number, 0);
        for _ in 0..3 {
            let keys: Vec<_> =
                (0..2000).map(|number| registry.insert(key(number), |key| (number, key)).unwrap()).collect();
            assert_eq!(registry.len(), 2000);
            for (number, &key) in keys.iter().enumerate() {
                assert_eq!(registry.remove(key), (number as u32, false));
            }
            let slab = lock(&registry.shards[0].slab);
            assert_eq!((slab.used, slab.len, slab.chunks.capacity()), (0, 0, 1));
            assert_eq!((slab.chunks[0].len(), slab.chunks[0].capacity()), (0, CHUNK));
        }
    }
}
