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
//! 0. accept: leave the list if notified     1. change the state
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
//! marked waiter [accepts](WaitList::accept) the notification before it tries the state. If the try succeeds, the
//! notification has been used for what it stood for. If it fails, someone else was faster and nothing was left; the
//! waiter joins again and tries once more. A notification that arrives *after* a try has begun is not that try's: when
//! the waiter leaves, whether it succeeded or was dropped, [`cancel`](WaitList::cancel) hands the mark to the next in
//! line under the same lock, and when it wants to go on waiting, [`register`](WaitList::register) queues it again and
//! has it try again. (A success that swallowed the late mark would lose a wake: waiter A is notified of the first
//! item, B polls by chance and takes that item, A finds nothing and queues again, the second item marks B, B leaves.)
//! So while the state has something to give and the list has waiters, some waiter is marked.
//!
//! *No foreign code runs under the lock.* Wakers are cloned before it is taken and woken or dropped after it is
//! released: waking may run, drop or re-enter anything, this list included. If a waker panics, the waiters that the
//! same call has already popped, or has yet to pop, are still woken before the panic goes on.
//!
//! A waiter that is leaked (`mem::forget`) keeps its place, and swallows one notification when its turn comes.

mod slab;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::{Mutex, MutexGuard};
use slab::Slab;

/// How many wakers one hold of the lock collects: enough to amortise the lock, small enough for the stack.
const BATCH: usize = 16;

/// A first-in first-out list of waiting wakers; see the [module's page](self) for the protocol.
///
/// Waiting allocates only while the list grows beyond its longest length so far. A list that has held more than 1024
/// waiters at once gives the memory back when the last one leaves.
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
    slab: Mutex<Slab>,
}

/// A place in a [`WaitList`], empty until the first [`register`](WaitList::register).
///
/// It must be given back by [`cancel`](WaitList::cancel) of the same list; a ticket dropped while it holds a place
/// keeps that place for ever. [`Waiter`] takes care of it where a borrow is possible.
#[derive(Debug, Default)]
pub struct Ticket(Option<u32>);

impl Ticket {
    /// A ticket without a place.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Whether it holds a place: it has registered, and has since neither accepted a notification nor been cancelled.
    pub fn is_placed(&self) -> bool {
        self.0.is_some()
    }
}

impl WaitList {
    /// An empty list.
    #[cfg(not(tenter_loom))]
    pub const fn new() -> Self {
        Self { waiting: AtomicUsize::new(0), slab: Mutex::new(Slab::new()) }
    }

    /// An empty list.
    #[cfg(tenter_loom)]
    pub fn new() -> Self {
        Self { waiting: AtomicUsize::new(0), slab: Mutex::new(Slab::new()) }
    }

    /// How many waiters have not been notified, read without ordering.
    ///
    /// Someone who changed the state may take zero for "nobody waits" only after a `fence(SeqCst)` of its own, which
    /// is what [`notify`](Self::notify) does; this lets one fence serve several lists.
    #[inline]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Queues the ticket's waker, or replaces it. If this returns true, the ticket has (again) joined the list and the
    /// caller must try the state once more before it returns `Pending`.
    ///
    /// A ticket that waits already keeps its place; one that was notified goes to the end of the line.
    #[must_use = "after joining the list, the state must be tried again"]
    pub fn register(&self, ticket: &mut Ticket, waker: &Waker) -> bool {
        let Some(index) = ticket.0 else {
            let waker = waker.clone();
            ticket.0 = Some(self.locked(|slab| slab.push(waker)));
            fence(Ordering::SeqCst);
            return true;
        };
        if self.lock().waits_with(index, waker) {
            return false;
        }
        let waker = waker.clone();
        let (joined, _old) = self.locked(|slab| slab.renew(index, waker));
        if joined {
            fence(Ordering::SeqCst);
        }
        joined
    }

    /// Leaves the list if notified, which uses the notification up; the caller must now try the state.
    #[inline]
    pub fn accept(&self, ticket: &mut Ticket) -> bool {
        let Some(index) = ticket.0 else { return false };
        let accepted = self.lock().accept(index);
        if accepted {
            ticket.0 = None;
        }
        accepted
    }

    /// Leaves the list, after success or without it. A notification not [accepted](Self::accept) goes to the next
    /// waiter.
    ///
    /// Returns true if there was a notification and nobody to take it.
    #[inline]
    pub fn cancel(&self, ticket: &mut Ticket) -> bool {
        match ticket.0.take() {
            Some(index) => self.cancel_placed(index),
            None => false,
        }
    }

    #[cold]
    fn cancel_placed(&self, index: u32) -> bool {
        let (notified, _waker, next) = self.locked(|slab| {
            let (notified, waker) = slab.remove(index);
            let next = if notified { slab.pop_front() } else { None };
            (notified, waker, next)
        });
        match next {
            Some(next) => {
                next.wake();
                false
            }
            None => notified,
        }
    }

    /// The waiter's side of the [protocol](self) in one call: accepts a notification, tries `check`, joins the list if
    /// it returns `None`, and tries again.
    #[inline]
    pub fn poll_until<T>(
        &self,
        ticket: &mut Ticket,
        cx: &mut Context<'_>,
        mut check: impl FnMut() -> Option<T>,
    ) -> Poll<T> {
        self.accept(ticket);
        loop {
            if let Some(value) = check() {
                self.cancel(ticket);
                return Poll::Ready(value);
            }
            if !self.register(ticket, cx.waker()) {
                return Poll::Pending;
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
        if self.waiting() == 0 { 0 } else { self.notify_waiting(n) }
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

    #[cold]
    fn notify_waiting(&self, n: usize) -> usize {
        if n == 1 {
            let first = self.locked(Slab::pop_front);
            return first.map_or(0, |waker| {
                waker.wake();
                1
            });
        }
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
        WaitUntil { waiter: Waiter::new(self), check }
    }

    /// Runs `f` under the lock, then publishes the number of waiters.
    fn locked<R>(&self, f: impl FnOnce(&mut Slab) -> R) -> R {
        let mut slab = self.lock();
        let result = f(&mut slab);
        self.waiting.store(slab.waiting(), Ordering::Relaxed);
        result
    }

    fn lock(&self) -> MutexGuard<'_, Slab> {
        // No foreign code runs under the lock, so a poisoned slab is a whole one.
        self.slab.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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
        list.locked(|slab| {
            for place in batch.iter_mut().take(*left) {
                *place = slab.pop_front();
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

/// A [`Ticket`] with its list; dropping it [cancels](WaitList::cancel).
#[derive(Debug)]
pub struct Waiter<'a> {
    list: &'a WaitList,
    ticket: Ticket,
}

impl<'a> Waiter<'a> {
    /// A waiter without a place yet.
    pub const fn new(list: &'a WaitList) -> Self {
        Self { list, ticket: Ticket::new() }
    }

    /// See [`WaitList::register`].
    #[must_use = "after joining the list, the state must be tried again"]
    pub fn register(&mut self, waker: &Waker) -> bool {
        self.list.register(&mut self.ticket, waker)
    }

    /// Accepts a notification, tries `check`, joins the list if it returns `None`, and tries again: the waiter's side
    /// of the [protocol](self).
    #[inline]
    pub fn poll_until<T>(&mut self, cx: &mut Context<'_>, check: impl FnMut() -> Option<T>) -> Poll<T> {
        self.list.poll_until(&mut self.ticket, cx, check)
    }
}

impl Drop for Waiter<'_> {
    #[inline]
    fn drop(&mut self) {
        self.list.cancel(&mut self.ticket);
    }
}

/// The future of [`WaitList::wait_until`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct WaitUntil<'a, F> {
    waiter: Waiter<'a>,
    check: F,
}

// The closure is never pinned.
impl<F> Unpin for WaitUntil<'_, F> {}

impl<T, F: FnMut() -> Option<T>> Future for WaitUntil<'_, F> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Self { waiter, check } = self.get_mut();
        waiter.poll_until(cx, check)
    }
}

impl<F> fmt::Debug for WaitUntil<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitUntil").field("waiter", &self.waiter).finish_non_exhaustive()
    }
}
