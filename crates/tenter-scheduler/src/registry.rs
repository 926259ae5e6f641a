//! The tasks that live: sharded, so that spawning workers do not meet, and closable, so that none is missed.
//!
//! A task is entered before it is first scheduled and removed when its future is gone. Closing sets each shard's flag
//! under that shard's lock and takes a waker of everything in it: an insertion is either before that (and woken), or
//! after (and refused). From then on the count only falls, so a sum of zero over the shards is final.

use std::fmt;

use tenter_core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Release},
};
use tenter_core::sync::{Mutex, MutexGuard};

/// Where a task is entered; also its id.
///
/// Bits 0–7 are the shard, 8–33 the place in it, 34–51 how many tasks were entered in the shard before (modulo 2¹⁸), 52–63 the
/// registry's tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(u64);

const PLACE_SHIFT: u32 = 8;
const ENTERED_SHIFT: u32 = 34;
const TAG_SHIFT: u32 = 52;
const PLACE_MASK: u64 = (1 << (ENTERED_SHIFT - PLACE_SHIFT)) - 1;
const ENTERED_MASK: u64 = (1 << (TAG_SHIFT - ENTERED_SHIFT)) - 1;

/// A registry's tag is less than this.
pub const MAX_TAG: u16 = 1 << (64 - TAG_SHIFT);

impl Key {
    fn new(shard: usize, place: u32, entered: u32, tag: u16) -> Self {
        // The last place stays unused, so that no key is `u64::MAX`.
        assert!(u64::from(place) < PLACE_MASK, "more than 67 million tasks live in one shard");
        let entered = u64::from(entered) & ENTERED_MASK;
        Self(shard as u64 | u64::from(place) << PLACE_SHIFT | entered << ENTERED_SHIFT | u64::from(tag) << TAG_SHIFT)
    }

    /// From its number.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// As a number that is unique among the registries with different tags (until 2¹⁸ more were entered in its shard).
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The tag of the registry that it is of.
    #[must_use]
    pub const fn tag(self) -> u16 {
        (self.0 >> TAG_SHIFT) as u16
    }

    const fn shard(self) -> usize {
        (self.0 & 0xff) as usize
    }

    const fn place(self) -> usize {
        (self.0 >> PLACE_SHIFT & PLACE_MASK) as usize
    }
}

/// The most shards a registry has; keys name them in 8 bits.
pub const MAX_SHARDS: usize = 256;

/// A slab larger than this is given back once it is empty.
const KEEP: usize = 4096;

/// How many places lie together. A slab grows by such chunks instead of moving as a whole, which would hold the lock
/// long and leave large holes in the heap.
const CHUNK: usize = 128;

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
    /// How many tasks were entered before, wrapping: part of their keys, for a place is used again and again.
    entered: u32,
}

impl<W> Slab<W> {
    const fn new() -> Self {
        Self { chunks: Vec::new(), len: 0, free: 0, used: 0, closed: false, entered: 0 }
    }

    fn place(&mut self, at: usize) -> &mut Place<W> {
        &mut self.chunks[at / CHUNK][at % CHUNK]
    }

    fn places(&self) -> impl Iterator<Item = &Place<W>> {
        self.chunks.iter().flatten()
    }

    fn next_key(&self, shard: usize, tag: u16) -> Key {
        Key::new(shard, self.free, self.entered, tag)
    }

    fn insert(&mut self, value: W) {
        let at = self.free as usize;
        self.used += 1;
        self.entered = self.entered.wrapping_add(1);
        if at < self.len {
            let place = self.place(at);
            let Place::Free { next } = *place else { unreachable!("the free list names a used place") };
            *place = Place::Used(value);
            self.free = next;
            return;
        }
        if at % CHUNK == 0 {
            self.chunks.push(Vec::new());
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
            self.chunks = Vec::new();
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
    tag: u16,
}

impl<W> Registry<W> {
    /// An open registry with `shards` shards, at most [`MAX_SHARDS`], whose keys carry `tag`, less than [`MAX_TAG`].
    #[must_use]
    pub fn new(shards: usize, tag: u16) -> Self {
        assert!(tag < MAX_TAG, "the tag {tag} has more bits than keys have room for");
        let shard = |_| Shard { len: AtomicUsize::new(0), slab: Mutex::new(Slab::new()) };
        Self { shards: (0..shards.clamp(1, MAX_SHARDS)).map(shard).collect(), tag }
    }

    /// Enters a task into a shard (modulo their number): `make` is told its key and gives its waker.
    ///
    /// # Errors
    /// If the registry is closed, `make` is told no key, its waker is dropped, and the rest is the error.
    pub fn insert<R>(&self, shard: usize, make: impl FnOnce(Option<Key>) -> (W, R)) -> Result<R, R> {
        let index = shard % self.shards.len();
        let shard = &self.shards[index];
        let mut slab = lock(&shard.slab);
        if slab.closed {
            drop(slab);
            return Err(make(None).1);
        }
        let (waker, rest) = make(Some(slab.next_key(index, self.tag)));
        slab.insert(waker);
        shard.len.store(slab.used, Release);
        Ok(rest)
    }

    /// Removes a task, once per key. Its waker is given back to be dropped outside any lock; the flag tells whether
    /// the registry was closed before, so that someone may wait for the last removal.
    pub fn remove(&self, key: Key) -> (W, bool) {
        let shard = &self.shards[key.shard()];
        let mut slab = lock(&shard.slab);
        let waker = slab.remove(key.place());
        shard.len.store(slab.used, Release);
        (waker, slab.closed)
    }

    /// How many tasks live; exact once the registry is closed and the sum is 0, else a snapshot.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len.load(Acquire)).sum()
    }

    /// Whether no task lives.
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
