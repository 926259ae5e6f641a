//! The wrapper around a task's future, and the one around its output.

use std::cell::Cell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, Waker};

use crate::TaskId;
use crate::panic::Caught;

/// What a task's future ends with: a value, or the panic that was caught.
pub(crate) type Outcome<T> = Result<Output<T>, Box<Caught>>;

/// A value that nobody has taken yet: a panic of its drop goes to the hook, because async-task would abort.
///
/// It shares the future's place in the task, so a word too many here is one in every task with a small future. Where a
/// program's other crates have async-task catch panics, too, it puts another word around it.
pub(crate) struct Output<T> {
    value: ManuallyDrop<T>,
    facts: Facts,
    /// Behind a thin pointer.
    name: Option<Box<Box<str>>>,
}

impl<T> Output<T> {
    /// The value, for whoever awaited the task.
    pub(crate) fn take(self) -> T {
        let mut this = ManuallyDrop::new(self);
        drop(this.name.take());
        // SAFETY: `this` is neither used nor dropped afterwards.
        unsafe { ManuallyDrop::take(&mut this.value) }
    }
}

impl<T> Drop for Output<T> {
    fn drop(&mut self) {
        // SAFETY: the value is dropped here or taken by `take`, which forgets `self`.
        let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { ManuallyDrop::drop(&mut self.value) }));
        if let Err(payload) = dropped {
            drop(Caught {
                id: self.facts.id,
                name: self.name.take().map(|name| *name),
                spawned_at: self.facts.spawned_at,
                payload: Some(payload),
            });
        }
    }
}

/// What is always known of a task. While it lives its [`Tracker`] holds the id.
#[derive(Clone, Copy)]
struct Facts {
    id: TaskId,
    spawned_at: &'static Location<'static>,
}

/// The opt-in part of what is known of a task; `()` when nothing was asked for.
pub(crate) trait Record: 'static {
    fn name(&self) -> Option<&str>;
}

impl Record for () {
    fn name(&self) -> Option<&str> {
        None
    }
}

impl Record for Box<str> {
    fn name(&self) -> Option<&str> {
        Some(self)
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
pub(crate) struct TaskFuture<F, R: Record, G: Tracker> {
    future: ManuallyDrop<F>,
    spawned_at: &'static Location<'static>,
    record: R,
    // Told, then dropped, after the future.
    tracker: G,
}

impl<F, R: Record, G: Tracker> TaskFuture<F, R, G> {
    pub(crate) fn new(future: F, spawned_at: &'static Location<'static>, record: R, tracker: G) -> Self {
        Self { future: ManuallyDrop::new(future), spawned_at, record, tracker }
    }

    fn caught(&self, payload: Box<dyn std::any::Any + Send>) -> Box<Caught> {
        Box::new(Caught {
            id: self.tracker.id(),
            name: self.record.name().map(Box::from),
            spawned_at: self.spawned_at,
            payload: Some(payload),
        })
    }
}

impl<F: Future, R: Record, G: Tracker> Future for TaskFuture<F, R, G> {
    type Output = Outcome<F::Output>;

    // Always: its output is several words, and copied as a whole right after it was written piece by piece, the processor
    // waits for each of the pieces.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved out of `this`; `future` is pinned structurally (its only other access
        // is the drop in place), the other fields are never pinned.
        let this = unsafe { self.get_unchecked_mut() };
        let running = Running { id: this.tracker.id(), record: &this.record };
        let _entered = running.enter();
        // SAFETY: as above, `future` does not move before it is dropped in place.
        let future = unsafe { Pin::new_unchecked(&mut *this.future) };
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => {
                this.tracker.waits(cx.waker());
                Poll::Pending
            }
            Ok(Poll::Ready(value)) => {
                let facts = Facts { id: this.tracker.id(), spawned_at: this.spawned_at };
                let name = this.record.name().map(|name| Box::new(Box::from(name)));
                Poll::Ready(Ok(Output { value: ManuallyDrop::new(value), facts, name }))
            }
            Err(payload) => Poll::Ready(Err(this.caught(payload))),
        }
    }
}

impl<F, R: Record, G: Tracker> Drop for TaskFuture<F, R, G> {
    fn drop(&mut self) {
        // SAFETY: the future is dropped here and nowhere else, and not touched afterwards.
        let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { ManuallyDrop::drop(&mut self.future) }));
        if let Err(payload) = dropped {
            // The output is already with the awaiter or refused: this panic can reach nobody but the hook.
            drop(self.caught(payload));
        }
        self.tracker.gone();
    }
}

/// The task that this thread polls right now; lives on the stack for the time of the poll.
struct Running<'a> {
    id: TaskId,
    record: &'a dyn Record,
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
    Running::with(|running| running.record.name().map(str::to_owned)).flatten()
}
