//! The LIFO slot: the task that was woken last runs next, while what it reads is still in the cache.

use std::ptr::{self, NonNull};

use tenter_core::sync::atomic::{
    AtomicPtr,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

use crate::item::Item;

/// A place for one item: the owner puts, anyone takes.
#[derive(Debug)]
pub struct Lifo<T: Item> {
    /// Null, or the item. Set by the owner in `put`; cleared by whoever takes, with a swap that excludes the others.
    place: AtomicPtr<()>,
    items: std::marker::PhantomData<T>,
}

impl<T: Item> Default for Lifo<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Item> Lifo<T> {
    /// An empty slot.
    #[must_use]
    pub fn new() -> Self {
        Self { place: AtomicPtr::new(ptr::null_mut()), items: std::marker::PhantomData }
    }

    /// Whether it is empty; a snapshot.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.place.load(Relaxed).is_null()
    }

    /// Puts an item and gives the one that was there.
    ///
    /// # Safety
    /// The caller is the owner: no other thread is in `put` at the same time.
    #[inline]
    pub unsafe fn put(&self, item: T) -> Option<T> {
        let raw = item.into_raw().as_ptr();
        if self.place.load(Relaxed).is_null() {
            // Only the owner fills the slot, so it is still empty. Release: a thief sees what the item points to.
            self.place.store(raw, Release);
            return None;
        }
        // SAFETY: the swap gave the old pointer to this thread alone.
        unsafe { Self::item(self.place.swap(raw, AcqRel)) }
    }

    /// Takes the item; any thread may.
    #[inline]
    pub fn take(&self) -> Option<T> {
        self.take_with_address().map(|(_, item)| item)
    }

    /// Takes the item, with the address by which it is told from others that exist at the same time.
    #[inline]
    pub fn take_with_address(&self) -> Option<(usize, T)> {
        if self.is_empty() {
            return None;
        }
        let raw = self.place.swap(ptr::null_mut(), Acquire);
        // SAFETY: the swap gave the pointer to this thread alone.
        unsafe { Self::item(raw) }.map(|item| (raw.addr(), item))
    }

    /// # Safety
    /// `raw` is null or an item that the caller alone has claimed.
    unsafe fn item(raw: *mut ()) -> Option<T> {
        // SAFETY: passed on from the caller.
        NonNull::new(raw).map(|raw| unsafe { T::from_raw(raw) })
    }
}

impl<T: Item> Drop for Lifo<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}
