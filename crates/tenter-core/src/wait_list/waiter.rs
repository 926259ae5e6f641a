//! Those who wait: a place with the list that it belongs to.
//!
//! The pairing is what makes the list safe to use: each type here ties its place to one list that stays where it is for
//! as long as the place may be in it, and takes the place out before its memory goes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::WaitList;
use super::queue::Place;
use crate::sync::Arc;

/// The steps of the [protocol](super) that a waiter takes.
trait Line {
    fn accept(&mut self) -> bool;
    fn register(&mut self, waker: &Waker) -> bool;
    fn cancel(&mut self) -> bool;
}

/// The waiter's side in one go.
#[inline]
fn poll_until<T>(mut line: impl Line, cx: &mut Context<'_>, mut check: impl FnMut() -> Option<T>) -> Poll<T> {
    line.accept();
    let mut outcome = check();
    if outcome.is_none() && line.register(cx.waker()) {
        outcome = check();
    }
    match outcome {
        Some(value) => {
            line.cancel();
            Poll::Ready(value)
        }
        // A notification that has come since we joined has woken, or is about to wake, this very waker.
        None => Poll::Pending,
    }
}

pin_project! {
    /// A waiter that holds its place in itself: it must be pinned, and allocates nothing. Dropping it
    /// [cancels](Self::cancel).
    pub struct PinnedWaiter<'a> {
        list: &'a WaitList,
        #[pin]
        place: Place,
    }

    impl PinnedDrop for PinnedWaiter<'_> {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            this.cancel();
        }
    }
}

impl<'a> PinnedWaiter<'a> {
    /// A waiter that is not in line yet.
    #[inline]
    pub fn new(list: &'a WaitList) -> Self {
        Self { list, place: Place::new() }
    }

    /// Uses a notification up if there is one; the caller must now try the state.
    #[inline]
    pub fn accept(self: Pin<&mut Self>) -> bool {
        self.place.accept()
    }

    /// Gets in line with this waker, or replaces the one that is there. If it returns true, the waiter has (again) joined
    /// the list and the caller must try the state once more before it returns `Pending`.
    ///
    /// A waiter that is in line keeps its place; one that was notified goes to the end.
    #[must_use = "after joining the list, the state must be tried again"]
    #[inline]
    pub fn register(self: Pin<&mut Self>, waker: &Waker) -> bool {
        let this = self.project();
        // SAFETY: the place is only ever used with `this.list`, which is borrowed for longer than the waiter lives. The
        // waiter is pinned and its drop cancels, so the place is out of the list before its memory goes; a waiter that
        // is leaked keeps its memory.
        unsafe { this.list.register(this.place.into_ref(), waker) }
    }

    /// Leaves the list, after success or without it. A notification that was not accepted goes to the next waiter.
    ///
    /// Returns true if there was a notification and nobody to take it.
    #[inline]
    pub fn cancel(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        // SAFETY: the place is only ever used with `this.list`.
        unsafe { this.list.cancel(this.place.into_ref()) }
    }

    /// The waiter's side of the [protocol](super) in one call: accepts a notification, tries `check`, joins the list if it
    /// returns `None`, and tries again.
    #[inline]
    pub fn poll_until<T>(self: Pin<&mut Self>, cx: &mut Context<'_>, check: impl FnMut() -> Option<T>) -> Poll<T> {
        poll_until(self, cx, check)
    }
}

impl Line for Pin<&mut PinnedWaiter<'_>> {
    #[inline]
    fn accept(&mut self) -> bool {
        self.as_mut().accept()
    }

    #[inline]
    fn register(&mut self, waker: &Waker) -> bool {
        self.as_mut().register(waker)
    }

    #[inline]
    fn cancel(&mut self) -> bool {
        self.as_mut().cancel()
    }
}

impl fmt::Debug for PinnedWaiter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinnedWaiter").field("list", self.list).finish_non_exhaustive()
    }
}

/// A place in memory of its own, allocated when it is first needed and kept.
#[derive(Default)]
struct BoxedPlace(Option<Pin<Box<Place>>>);

/// A boxed place beside its list. Made only where both belong together: see those who make it.
struct BoxedLine<'a> {
    list: &'a WaitList,
    place: &'a mut BoxedPlace,
}

impl Line for BoxedLine<'_> {
    #[inline]
    fn accept(&mut self) -> bool {
        self.place.0.as_ref().is_some_and(|place| place.accept())
    }

    fn register(&mut self, waker: &Waker) -> bool {
        let place = self.place.0.get_or_insert_with(|| Box::pin(Place::new()));
        // SAFETY: whoever made us uses the place with this list only, keeps the list where it is, and cancels before it
        // lets the box go.
        unsafe { self.list.register(place.as_ref(), waker) }
    }

    #[inline]
    fn cancel(&mut self) -> bool {
        match &self.place.0 {
            // SAFETY: as for `register`.
            Some(place) => unsafe { self.list.cancel(place.as_ref()) },
            None => false,
        }
    }
}

/// A waiter that need not be pinned: it allocates once, when it first has to wait. Dropping it cancels.
pub struct Waiter<'a> {
    list: &'a WaitList,
    place: BoxedPlace,
}

impl<'a> Waiter<'a> {
    /// A waiter that is not in line yet.
    pub fn new(list: &'a WaitList) -> Self {
        Self { list, place: BoxedPlace::default() }
    }

    /// The list is borrowed for longer than the waiter lives, and our drop cancels.
    #[inline]
    fn line(&mut self) -> BoxedLine<'_> {
        BoxedLine { list: self.list, place: &mut self.place }
    }

    /// See [`PinnedWaiter::accept`].
    pub fn accept(&mut self) -> bool {
        self.line().accept()
    }

    /// See [`PinnedWaiter::register`].
    #[must_use = "after joining the list, the state must be tried again"]
    pub fn register(&mut self, waker: &Waker) -> bool {
        self.line().register(waker)
    }

    /// See [`PinnedWaiter::cancel`].
    pub fn cancel(&mut self) -> bool {
        self.line().cancel()
    }

    /// See [`PinnedWaiter::poll_until`].
    #[inline]
    pub fn poll_until<T>(&mut self, cx: &mut Context<'_>, check: impl FnMut() -> Option<T>) -> Poll<T> {
        poll_until(self.line(), cx, check)
    }
}

impl Drop for Waiter<'_> {
    #[inline]
    fn drop(&mut self) {
        self.cancel();
    }
}

impl fmt::Debug for Waiter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").field("list", self.list).finish_non_exhaustive()
    }
}

/// A waiter that shares in what contains its list, and need not be pinned: it allocates once, when it first has to wait.
/// Dropping it cancels.
pub struct OwnedWaiter<O> {
    owner: Arc<O>,
    /// Within `owner`.
    list: NonNull<WaitList>,
    place: BoxedPlace,
}

// SAFETY: it is an `Arc<O>` with a pointer into it, and a place, which may be used from any thread.
unsafe impl<O: Send + Sync> Send for OwnedWaiter<O> {}
// SAFETY: as above; by shared reference there is only the owner.
unsafe impl<O: Send + Sync> Sync for OwnedWaiter<O> {}

impl<O> OwnedWaiter<O> {
    /// A waiter that is not in line yet, for the list that the function points out.
    #[inline]
    pub fn new(owner: Arc<O>, list: for<'o> fn(&'o O) -> &'o WaitList) -> Self {
        let list = NonNull::from(list(&owner));
        Self { owner, list, place: BoxedPlace::default() }
    }

    /// What contains the list.
    #[inline]
    pub fn owner(&self) -> &Arc<O> {
        &self.owner
    }

    /// The owner, and the line. Our drop cancels, and only then lets go of the owner.
    #[inline]
    fn parts(&mut self) -> (&O, BoxedLine<'_>) {
        // SAFETY: the reference that `new` was given lives as long as a borrow of `O`. We hold the `Arc`, so that nobody
        // has `O` other than by shared reference, nor moves or drops it, before we do.
        let list = unsafe { self.list.as_ref() };
        (&self.owner, BoxedLine { list, place: &mut self.place })
    }

    /// See [`PinnedWaiter::poll_until`]. The closure gets the owner.
    #[inline]
    pub fn poll_until<T>(&mut self, cx: &mut Context<'_>, mut check: impl FnMut(&O) -> Option<T>) -> Poll<T> {
        let (owner, line) = self.parts();
        poll_until(line, cx, || check(owner))
    }
}

impl<O> Drop for OwnedWaiter<O> {
    #[inline]
    fn drop(&mut self) {
        self.parts().1.cancel();
    }
}

impl<O> fmt::Debug for OwnedWaiter<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedWaiter").finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`WaitList::wait_until`].
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct WaitUntil<'a, F> {
        #[pin]
        pub(super) waiter: PinnedWaiter<'a>,
        pub(super) check: F,
    }
}

impl<T, F: FnMut() -> Option<T>> Future for WaitUntil<'_, F> {
    type Output = T;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.project();
        this.waiter.poll_until(cx, this.check)
    }
}

impl<F> fmt::Debug for WaitUntil<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitUntil").field("waiter", &self.waiter).finish_non_exhaustive()
    }
}
