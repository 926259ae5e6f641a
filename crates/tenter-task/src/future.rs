//! The wrapper around a task's future, and the one around its output.

use std::cell::Cell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, Waker};

use crate::TaskId;
use crate::panic::Caught;
use crate::site::Site;

/// What a task's future ends with: a value, or the panic that was caught.
pub(crate) type Outcome<T> = Result<Output<T>, Box<Caught>>;

/// A value that nobody has taken yet: a panic of its drop goes to the hook, because async-task would abort.
///
/// It shares the future's place in the task, so a word too many here is one in every task with a small future. Where a
/// program's other crates have async-task catch panics, too, it puts another word around it.
pub(crate) struct Output<T> {
    value: ManuallyDrop<T>,
    id: TaskId,
    site: Site,
}

impl<T> Output<T> {
    /// The value, for whoever awaited the task.
    pub(crate) fn take(self) -> T {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped, so this is done here only; the site is not used afterwards.
        unsafe { ptr::drop_in_place(&mut this.site) };
        // SAFETY: `this` is neither used nor dropped afterwards.
        unsafe { ManuallyDrop::take(&mut this.value) }
    }
}

impl<T> Drop for Output<T> {
    fn drop(&mut self) {
        // SAFETY: the value is dropped here or taken by `take`, which forgets `self`.
        let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { ManuallyDrop::drop(&mut self.value) }));
        if let Err(payload) = dropped {
            drop(Caught::new(self.id, &self.site, payload));
        }
    }
}

/// Knows a task's id, and is told when its future begins to wait and when it is gone.
///
/// It is part of the task, so every byte of it is in every task.
pub trait Tracker {
    /// The task's id; always the same.
    fn id(&self) -> TaskId;

    /// A poll of the future was `Pending`; this waker is the task's.
    #[inline]
    fn waits(&mut self, waker: &Waker) {
        let _ = waker;
    }

    /// The future has been dropped, whether it ended or was cancelled; the tracker itself is dropped next.
    #[inline]
    fn gone(&mut self) {}
}

/// Tells nobody.
impl Tracker for TaskId {
    fn id(&self) -> TaskId {
        *self
    }
}

/// Catches panics of `future`'s `poll` and drop, and tells `tracker` after the future is gone.
pub(crate) struct TaskFuture<F, G: Tracker> {
    future: ManuallyDrop<F>,
    site: Site,
    // Told, then dropped, after the future.
    tracker: G,
}

impl<F, G: Tracker> TaskFuture<F, G> {
    pub(crate) fn new(future: F, site: Site, tracker: G) -> Self {
        Self { future: ManuallyDrop::new(future), site, tracker }
    }
}

impl<F: Future, G: Tracker> Future for TaskFuture<F, G> {
    type Output = Outcome<F::Output>;

    // Always: its output is several words, and copied as a whole right after it was written piece by piece, the processor
    // waits for each of the pieces.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved out of `this`; `future` is pinned structurally (its only other access
        // is the drop in place), the other fields are never pinned.
        let this = unsafe { self.get_unchecked_mut() };
        let running = Running { id: this.tracker.id(), site: &this.site };
        let _entered = running.enter();
        // SAFETY: as above, `future` does not move before it is dropped in place.
        let future = unsafe { Pin::new_unchecked(&mut *this.future) };
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => {
                this.tracker.waits(cx.waker());
                Poll::Pending
            }
            Ok(Poll::Ready(value)) => {
                let (id, site) = (this.tracker.id(), this.site.clone());
                Poll::Ready(Ok(Output { value: ManuallyDrop::new(value), id, site }))
            }
            Err(payload) => Poll::Ready(Err(Caught::new(this.tracker.id(), &this.site, payload))),
        }
    }
}

impl<F, G: Tracker> Drop for TaskFuture<F, G> {
    fn drop(&mut self) {
        // SAFETY: the future is dropped here and nowhere else, and not touched afterwards.
        let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { ManuallyDrop::drop(&mut self.future) }));
        if let Err(payload) = dropped {
            // The output is already with the awaiter or refused: this panic can reach nobody but the hook.
            drop(Caught::new(self.tracker.id(), &self.site, payload));
        }
        self.tracker.gone();
    }
}

/// The task that this thread polls right now; lives on the stack for the time of the poll.
struct Running<'a> {
    id: TaskId,
    site: &'a Site,
}

thread_local! {
    static RUNNING: Cell<*const Running<'static>> = const { Cell::new(ptr::null()) };
}

impl Running<'_> {
    /// Makes this the thread's task until the guard is dropped.
    #[inline]
    fn enter(&self) -> Entered {
        Entered { outer: RUNNING.replace(ptr::from_ref(self).cast()) }
    }

    /// Gives the closure the task that this thread polls, if it polls one.
    fn with<R>(f: impl FnOnce(&Running<'_>) -> R) -> Option<R> {
        // SAFETY: the pointer is null, or made by `enter` from what is further up this thread's stack together with its
        // guard, which puts the outer one back before it goes.
        unsafe { RUNNING.get().as_ref() }.map(f)
    }
}

/// Puts the outer task back.
struct Entered {
    outer: *const Running<'static>,
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        RUNNING.set(self.outer);
    }
}

/// The id of the task that is being polled on this thread, if one is.
#[must_use]
pub fn current_id() -> Option<TaskId> {
    Running::with(|running| running.id)
}

/// The name of the task that is being polled on this thread, if one is and it has a name.
#[must_use]
pub fn current_name() -> Option<String> {
    Running::with(|running| running.site.name().map(str::to_owned)).flatten()
}
