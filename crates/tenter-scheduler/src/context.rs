//! What a thread is for tenter right now: in a seat of a runtime, a guest of one, or nothing.

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;
use std::time::Instant;

use crate::root::RootPoll;
use crate::scheduler::Core;
use crate::seat::Seat;
use crate::slot::Slot;

/// What the occupant of a seat may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A worker thread.
    Worker,
    /// A thread in `block_on`, in the seat made for it.
    Root,
    /// A thread that only names the runtime as its ambient one.
    Guest,
}

/// One entry of the stack of runtimes that a thread is in; lives on that thread's stack.
pub(crate) struct Context {
    pub(crate) core: Arc<Core>,
    /// The seat's number; meaningless for a guest.
    pub(crate) seat: usize,
    pub(crate) role: Role,
    /// Set while the wakers of a batch of events are woken: their tasks queue up in order, and one decision about
    /// waking others follows.
    pub(crate) dispatching: Cell<bool>,
    /// Mean time of this thread's polls, in nanoseconds; as its worker knows it.
    pub(crate) mean: Cell<u32>,
    /// When this thread last looked whether there is a processor for another one.
    pub(crate) sampled: Cell<Option<Instant>>,
    /// In `block_on`'s seat: whether the watch was made sure of since the thread last slept.
    pub(crate) roused: Cell<bool>,
    /// The `block_on` future of this seat, while it is between polls: a nested `block_on` polls it too.
    pub(crate) root: Cell<Option<*mut (dyn RootPoll + 'static)>>,
    outer: Cell<*const Context>,
}

thread_local! {
    // No destructor, so it can be asked at any time, also while the thread's other locals are torn down.
    static TOP: Cell<*const Context> = const { Cell::new(ptr::null()) };
}

/// What a poll is taken to last before any was timed, in nanoseconds: long enough that a second task gets a thread.
pub(crate) const UNKNOWN_MEAN: u32 = 50_000;

impl Context {
    pub(crate) fn new(core: Arc<Core>, seat: usize, role: Role) -> Self {
        let outer = Cell::new(ptr::null());
        Self {
            core,
            seat,
            role,
            dispatching: Cell::new(false),
            mean: Cell::new(UNKNOWN_MEAN),
            sampled: Cell::new(None),
            roused: Cell::new(false),
            root: Cell::new(None),
            outer,
        }
    }

    /// Makes this the thread's present context until the guard is dropped.
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.outer.set(TOP.replace(self));
        Entered { context: self }
    }

    pub(crate) fn slot(&self) -> &'static Slot {
        self.core.slot
    }

    /// Which seat of which runtime this is, and as what.
    pub(crate) fn place(&self) -> (&'static Slot, usize, Role) {
        (self.slot(), self.seat, self.role)
    }

    /// The seat, if there is one.
    pub(crate) fn own_seat(&self) -> Option<&'static Seat> {
        (self.role != Role::Guest).then(|| &self.core.slot.seats[self.seat])
    }
}

/// Puts the outer context back.
pub(crate) struct Entered<'a> {
    context: &'a Context,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        TOP.set(self.context.outer.get());
    }
}

/// Gives the closure the thread's present context.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(Option<&Context>) -> R) -> R {
    // SAFETY: the pointer is null, or made by `enter` from a context that outlives its guard; guards are dropped in
    // the reverse order on the thread that made them, so the top one is alive while `f` runs.
    f(unsafe { TOP.get().as_ref() })
}

/// Gives the closure the present context if it is a seat of the runtime in `slot`.
#[inline]
pub(crate) fn with_seat_of<R>(slot: &'static Slot, f: impl FnOnce(Option<&Context>) -> R) -> R {
    with(|context| f(context.filter(|context| context.role != Role::Guest && ptr::eq(context.core.slot, slot))))
}

/// Visits the thread's contexts from the innermost outwards until the closure gives something.
pub(crate) fn find<R>(mut f: impl FnMut(&Context) -> Option<R>) -> Option<R> {
    with(|mut context| {
        while let Some(here) = context {
            if let Some(found) = f(here) {
                return Some(found);
            }
            // SAFETY: as in `with`; an outer context outlives the inner ones.
            context = unsafe { here.outer.get().as_ref() };
        }
        None
    })
}

/// Whether this thread sits in the runtime in `slot`, however deep.
pub(crate) fn is_in_seat_of(slot: &'static Slot) -> bool {
    find(|context| (context.role != Role::Guest && ptr::eq(context.core.slot, slot)).then_some(())).is_some()
}
