//! A first-in first-out list of waiting wakers.
//!
//! Channels, queues, locks and events all need the same thing beneath them: tasks that found the state wanting line
//! up, and whoever changes the state wakes as many of them as can now go on. A [`WaitList`] is that line. It guards
//! no data; the state lives elsewhere, in whatever form its owner likes.
//!
//! # Protocol
//!
//! ```text
//! waiter                                    notifier
//! ------                                    --------
//! 0. accept a notification, if any          1. change the state
//! 1. try the state; done if it gives way    2. fence(SeqCst)
//! 2. register: queue the waker              3. read `waiting`; done if 0
//!    fence(SeqCst)                          4. lock, pop waiters, mark them notified, unlock
//! 3. try the state again                    5. wake what was popped
//! 4. return Pending
//!    (on success or drop: cancel)
//! ```
//!
//! *No wake is lost.* The two fences have an order. If the notifier's comes first, the waiter's step 3 reads the
//! changed state. If the waiter's comes first, the notifier's step 3 reads a value of `waiting` at least as new as
//! the one stored by the waiter's step 2 (all stores happen under the lock, so they have one order). Either that
//! value counts the waiter, and the notifier goes on to pop somebody; or it is newer and the waiter has been popped
//! by another notifier, so it will run its step 1 again, and this argument repeats with that try. Only the number
//! of waiters *not yet notified* is compared with zero: a waiter that is notified but has not run yet never makes a
//! notifier stop early.
//!
//! *Each notification counts.* [`notify(n)`](WaitList::notify) marks `n` waiters beyond those already notified. A
//! marked waiter [accepts](PinnedWaiter::accept) the notification before it tries the state. If the try succeeds, the
//! notification has been used for what it stood for. If it fails, someone else was faster and nothing was left; the
//! waiter joins again and tries once more. If it is marked between that joining and its last try, it may return `Pending`
//! all the same: its waker is on the way. A notification that arrives *after* a try has begun is not that try's: when
//! the waiter leaves, whether it succeeded or was dropped, [`cancel`](PinnedWaiter::cancel) hands the mark to the next in
//! line, and when it wants to go on waiting, [`register`](PinnedWaiter::register) queues it again and has it try again. (A success that swallowed the late mark would lose a wake: waiter A is notified of the first
//! item, B polls by chance and takes that item, A finds nothing and queues again, the second item marks B, B leaves.)
//! So while the state has something to give and the list has waiters, some waiter is marked.
//!
//! *No foreign code runs under the lock.* Wakers are cloned before it is taken and woken or dropped after it is
//! released: waking may run, drop or re-enter anything, this list included. If a waker panics, the waiters that the
//! same call has already popped, or has yet to pop, are still woken before the panic goes on.
//!
//! *Places live in the waiters* ([`PinnedWaiter`]) or in a box of theirs ([`Waiter`], [`OwnedWaiter`]); the list only links
//! them. A place belongs to the lock while it waits and to its owner otherwise, and the mark is the notifier's last word
//! about it: so accepting a notification, leaving after one, and dropping a waiter that never waited take no lock. A
//! waiter that misreads its mark as "waiting" (the mark came just now) is as one whose notification arrives later.
//!
//! A waiter that is leaked (`mem::forget`) keeps its place, and swallows one notification when its turn comes.

mod queue;
mod waiter;

use std::fmt;
use std::pin::Pin;
use std::task::Waker;

use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::{Mutex, MutexGuard};
use queue::{AWAY, Place, Queue, WAITING};
pub use waiter::{OwnedWaiter, PinnedWaiter, WaitUntil, Waiter};

/// How many wakers one hold of the lock collects: enough to amortise the lock, small enough for the stack.
const BATCH: usize = 16;

/// A first-in first-out list of waiting wakers; see the [module's page](self) for the protocol.
///
/// Waiting allocates nothing where the waiter can be pinned, as in [`wait_until`](Self::wait_until).
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use tenter_core::park::block_on;
/// use tenter_core::wait_list::WaitList;
///
/// static READY: AtomicBool = AtomicBool::new(false);
/// static WAITERS: WaitList = WaitList::new();
///
/// let setter = std::thread::spawn(|| {
///     READY.store(true, Ordering::Release);
///     WAITERS.notify_all();
/// });
/// block_on(WAITERS.wait_until(|| READY.load(Ordering::Acquire).then_some(())));
/// setter.join().unwrap();
/// ```
pub struct WaitList {
    /// Waiters in the queue, not counting notified ones. Stored under the lock only; read without it by notifiers.
    waiting: AtomicUsize,
    queue: Mutex<Queue>,
}

impl WaitList {
    /// An empty list.
    #[cfg(not(tenter_loom))]
    pub const fn new() -> Self {
        Self { waiting: AtomicUsize::new(0), queue: Mutex::new(Queue::new()) }
    }

    /// An empty list.
    #[cfg(tenter_loom)]
    pub fn new() -> Self {
        Self { waiting: AtomicUsize::new(0), queue: Mutex::new(Queue::new()) }
    }

    /// How many waiters have not been notified, read without ordering.
    ///
    /// Someone who changed the state may take zero for "nobody waits" only after a `fence(SeqCst)` of its own, which
    /// is what [`notify`](Self::notify) does; this lets one fence serve several lists.
    #[inline]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Queues the place with this waker, or replaces the waker of one that waits. True if the place has joined.
    ///
    /// # Safety
    ///
    /// The caller owns the place and uses it with this list alone. Until the place has been
    /// [cancelled](Self::cancel), neither is its memory freed nor does the list move.
    unsafe fn register(&self, place: Pin<&Place>, waker: &Waker) -> bool {
        // SAFETY: the caller's word.
        if place.state() == WAITING && unsafe { self.renew(place, waker) } {
            return false;
        }
        let waker = waker.clone();
        // SAFETY: the place is not waiting, and only its owner, our caller, could change that.
        self.locked(|queue| unsafe { queue.push(place, waker) });
        fence(Ordering::SeqCst);
        true
    }

    /// Sees to the waker of a place that waits; false if it has just been notified.
    ///
    /// # Safety
    ///
    /// As for [`register`](Self::register).
    #[cold]
    unsafe fn renew(&self, place: Pin<&Place>, waker: &Waker) -> bool {
        {
            let mut queue = self.lock();
            if place.state() != WAITING {
                return false;
            }
            // SAFETY: the place waits, and in this list: the caller's word.
            if unsafe { queue.waits_with(place, waker) } {
                return true;
            }
        }
        let waker = waker.clone();
        let _replaced = {
            let mut queue = self.lock();
            if place.state() != WAITING {
                // A waker that is dropped runs foreign code.
                drop(queue);
                return false;
            }
            // SAFETY: as above.
            unsafe { queue.replace_waker(place, waker) }
        };
        true
    }

    /// Takes the place out, whatever its state. A notification goes to the next waiter; true if there is none.
    ///
    /// # Safety
    ///
    /// The caller owns the place and uses it with this list alone.
    #[inline]
    unsafe fn cancel(&self, place: Pin<&Place>) -> bool {
        // SAFETY: the caller's word.
        place.state() != AWAY && unsafe { self.cancel_placed(place) }
    }

    /// # Safety
    ///
    /// As for [`cancel`](Self::cancel).
    #[cold]
    unsafe fn cancel_placed(&self, place: Pin<&Place>) -> bool {
        let waited = self.locked(|queue| {
            // SAFETY: the place waits, as the lock makes certain, and in this list: the caller's word.
            (place.state() == WAITING).then(|| unsafe { queue.remove(place) })
        });
        match waited {
            Some(_waker_dropped_outside_the_lock) => false,
            None => {
                place.accept();
                !self.notify_first()
            }
        }
    }

    /// Notifies up to `n` waiters beyond those notified already, the longest-waiting first, and returns how many.
    ///
    /// Without waiters this is a fence and a load.
    ///
    /// # Panics
    ///
    /// If a waker panics, once all others have been woken.
    #[inline]
    pub fn notify(&self, n: usize) -> usize {
        fence(Ordering::SeqCst);
        self.notify_fenced(n)
    }

    /// [`notify`](Self::notify) for a caller who has put a `fence(SeqCst)` between its change of the state and this.
    #[inline]
    pub fn notify_fenced(&self, n: usize) -> usize {
        match n {
            _ if self.waiting() == 0 => 0,
            1 => usize::from(self.notify_first()),
            n => self.notify_many(n),
        }
    }

    /// [`notify(1)`](Self::notify); returns whether someone waited.
    #[inline]
    pub fn notify_one(&self) -> bool {
        self.notify(1) == 1
    }

    /// Notifies everyone who waits now.
    #[inline]
    pub fn notify_all(&self) -> usize {
        self.notify(usize::MAX)
    }

    #[inline(never)]
    fn notify_first(&self) -> bool {
        match self.locked(Queue::pop_front) {
            Some(waker) => {
                waker.wake();
                true
            }
            None => false,
        }
    }

    #[cold]
    fn notify_many(&self, n: usize) -> usize {
        // Those who register again while we wake must not keep us here: the length at the start is the bound.
        let left = n.min(self.lock().waiting());
        let mut sweep = Sweep { list: self, left, notified: 0, batch: [const { None }; BATCH] };
        sweep.run();
        sweep.notified
    }

    /// A future that ends with the first `Some` that `check` returns.
    ///
    /// `check` runs at each poll, and once more after each time the future joins the list. Polling again after the end
    /// runs it again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future hands a notification it holds to the next waiter; nothing else is lost, as `check` returns
    /// `Some` only in the poll that ends the future.
    pub fn wait_until<T, F: FnMut() -> Option<T>>(&self, check: F) -> WaitUntil<'_, F> {
        WaitUntil { waiter: PinnedWaiter::new(self), check }
    }

    /// Runs `f` under the lock, then publishes the number of waiters.
    #[inline]
    fn locked<R>(&self, f: impl FnOnce(&mut Queue) -> R) -> R {
        let mut queue = self.lock();
        let result = f(&mut queue);
        self.waiting.store(queue.waiting(), Ordering::Relaxed);
        result
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No foreign code runs under the lock, so a poisoned queue is a whole one.
        self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Default for WaitList {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WaitList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitList").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

/// One call of `notify` at work: wakes in batches, and finishes from its destructor when a waker panics.
struct Sweep<'a> {
    list: &'a WaitList,
    /// Waiters yet to be popped.
    left: usize,
    notified: usize,
    batch: [Option<Waker>; BATCH],
}

impl Sweep<'_> {
    fn run(&mut self) {
        loop {
            for waker in self.batch.iter_mut().filter_map(Option::take) {
                waker.wake();
            }
            if self.left == 0 {
                return;
            }
            self.fill();
        }
    }

    fn fill(&mut self) {
        let Self { list, left, notified, batch } = self;
        list.locked(|queue| {
            for place in batch.iter_mut().take(*left) {
                *place = queue.pop_front();
                if place.is_none() {
                    *left = 0;
                    return;
                }
                *left -= 1;
                *notified += 1;
            }
        });
    }
}

impl Drop for Sweep<'_> {
    fn drop(&mut self) {
        self.run();
    }
}
