//! The places of a [`WaitList`](super::WaitList): nodes of a doubly linked queue that live in the waiters themselves,
//! so that waiting allocates nothing and leaving is two pointer writes.
//!
//! *Who may touch a place.* Its owner is the one waiter that contains it. While the place is [`WAITING`], it is in the
//! queue and its link belongs to whoever holds the list's lock. In the other two states it is in no queue and its link
//! belongs to the owner, who needs no lock. A notifier's last access to a place is the store of [`NOTIFIED`], after it
//! has taken the waker out; the owner that reads that value may reuse or free the place at once.
//!
//! Nothing here runs foreign code: wakers come in as values and leave as values, so that the caller can clone, wake
//! and drop them outside the lock.

use std::marker::PhantomPinned;
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::ptr;
use std::task::Waker;

use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// In no queue. The state of a new place; set by the owner when it accepts or leaves.
pub(super) const AWAY: usize = 0;
/// In the queue with a waker. Set by the owner under the lock, from either of the others.
pub(super) const WAITING: usize = 1;
/// Taken out of the queue by a notification that the owner has not seen. Set by a notifier under the lock, from
/// `WAITING` only.
pub(super) const NOTIFIED: usize = 2;

/// One waiter's node. It is pinned because its neighbours and the queue point to it while it waits.
pub(super) struct Place {
    state: AtomicUsize,
    /// Initialised exactly while waiting: a future that never waits is made and moved without it.
    link: UnsafeCell<MaybeUninit<Link>>,
    _pinned: PhantomPinned,
}

struct Link {
    /// Towards the head, null at it.
    prev: *const Place,
    /// Towards the tail, null at it.
    next: *const Place,
    waker: Waker,
}

// SAFETY: the pointers are followed under the list's lock only, and wakers may be used from any thread.
unsafe impl Send for Place {}
// SAFETY: shared access goes through the atomic state and, by the rule above, one thread at a time through the link.
unsafe impl Sync for Place {}

impl Place {
    /// A place in no queue.
    #[inline]
    pub(super) fn new() -> Self {
        let link = UnsafeCell::new(MaybeUninit::uninit());
        Self { state: AtomicUsize::new(AWAY), link, _pinned: PhantomPinned }
    }

    /// Its state. `AWAY` is exact for the owner, `NOTIFIED` gives the place back to the owner, `WAITING` may be out of
    /// date unless the lock is held.
    #[inline]
    pub(super) fn state(&self) -> usize {
        self.state.load(Ordering::Acquire)
    }

    /// The owner takes a notification if there is one.
    #[inline]
    pub(super) fn accept(&self) -> bool {
        let notified = self.state() == NOTIFIED;
        if notified {
            // Models do not see memory freed: this stands for what the owner may do from here on, without the lock.
            #[cfg(tenter_loom)]
            self.link.with_mut(|_| ());
            // Nobody else looks at it before the owner queues it again.
            self.state.store(AWAY, Ordering::Relaxed);
        }
        notified
    }
}

/// The line of waiting places; lives under the list's lock.
pub(super) struct Queue {
    head: *const Place,
    tail: *const Place,
    /// Places in the queue.
    waiting: usize,
}

// SAFETY: the places it points to may be used from any thread that holds the lock.
unsafe impl Send for Queue {}

impl Queue {
    pub(super) const fn new() -> Self {
        Self { head: ptr::null(), tail: ptr::null(), waiting: 0 }
    }

    /// How many places wait and have not been notified.
    #[inline]
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Queues a place at the tail.
    ///
    /// # Safety
    ///
    /// The caller owns the place, which is not waiting, and [removes](Self::remove) it from this very queue before its
    /// memory goes, unless a notification has done so.
    #[inline]
    pub(super) unsafe fn push(&mut self, place: Pin<&Place>, waker: Waker) {
        let place: *const Place = place.get_ref();
        let prev = self.tail;
        // SAFETY: the place is not waiting, so its link is its owner's, the caller's, and holds nothing.
        unsafe { (*place).link.with_mut(|link| (*link).write(Link { prev, next: ptr::null(), waker })) };
        if prev.is_null() {
            self.head = place;
        } else {
            // SAFETY: `prev` is in the queue, hence alive, and we hold the lock.
            unsafe { link(prev, |link| link.next = place) };
        }
        self.tail = place;
        self.waiting += 1;
        // SAFETY: as above. Relaxed: only the owner leaves `AWAY` and `NOTIFIED`, others read it under the lock.
        unsafe { (*place).state.store(WAITING, Ordering::Relaxed) };
    }

    /// Whether a waiting place would wake the same task.
    ///
    /// # Safety
    ///
    /// The place waits in this queue.
    pub(super) unsafe fn waits_with(&mut self, place: Pin<&Place>, waker: &Waker) -> bool {
        // SAFETY: the place waits in this queue, whose lock we hold.
        unsafe { link(place.get_ref(), |link| link.waker.will_wake(waker)) }
    }

    /// Gives a waiting place another waker; returns the former one.
    ///
    /// # Safety
    ///
    /// The place waits in this queue.
    pub(super) unsafe fn replace_waker(&mut self, place: Pin<&Place>, waker: Waker) -> Waker {
        // SAFETY: the place waits in this queue, whose lock we hold.
        unsafe { link(place.get_ref(), |link| mem::replace(&mut link.waker, waker)) }
    }

    /// Marks the longest-waiting place as notified and hands out its waker.
    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<Waker> {
        if self.head.is_null() {
            return None;
        }
        let place = self.head;
        // SAFETY: the place is in the queue, hence alive, and we hold the lock until its state says otherwise.
        unsafe {
            let waker = self.unlink(place);
            // Release: the owner that sees this may use the link without the lock.
            (*place).state.store(NOTIFIED, Ordering::Release);
            Some(waker)
        }
    }

    /// Takes a waiting place out, whose owner leaves; returns its waker.
    ///
    /// # Safety
    ///
    /// The place waits in this queue.
    pub(super) unsafe fn remove(&mut self, place: Pin<&Place>) -> Waker {
        // SAFETY: the place waits in this queue, whose lock we hold.
        let waker = unsafe { self.unlink(place.get_ref()) };
        place.state.store(AWAY, Ordering::Relaxed);
        waker
    }

    /// Takes a place out of the line, and its link with it.
    ///
    /// # Safety
    ///
    /// The place waits in this queue, and the caller gives it another state.
    #[inline]
    unsafe fn unlink(&mut self, place: *const Place) -> Waker {
        // SAFETY: the place and its neighbours are in the queue, hence alive, and we hold the lock.
        unsafe {
            let Link { prev, next, waker } = (*place).link.with_mut(|link| (*link).assume_init_read());
            if prev.is_null() {
                self.head = next;
            } else {
                link(prev, |link| link.next = next);
            }
            if next.is_null() {
                self.tail = prev;
            } else {
                link(next, |link| link.prev = prev);
            }
            self.waiting -= 1;
            waker
        }
    }
}

/// Gives the closure the link of a place.
///
/// # Safety
///
/// The place waits, in a queue whose lock is held.
#[inline]
unsafe fn link<R>(place: *const Place, f: impl FnOnce(&mut Link) -> R) -> R {
    // SAFETY: the lock gives the caller the link to itself, and no closure reaches for another's.
    unsafe { (*place).link.with_mut(|link| f((*link).assume_init_mut())) }
}
