//! The user's handle of a task.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::future::Outcome;
use crate::{Meta, TaskId, record};

/// A spawned task: await it for its output, or drop it to cancel it.
///
/// ```
/// use std::sync::mpsc;
/// use tenter_task::{Meta, Spawn, TaskId};
///
/// let (queue, runnables) = mpsc::channel();
/// let (runnable, task) = Spawn::new(Meta::default(), TaskId::from_u64(1)).build(async { "done" }, move |r| queue.send(r).unwrap());
/// runnable.schedule();
/// runnables.recv().unwrap().run();
/// assert_eq!(futures_lite::future::block_on(task), "done");
/// ```
///
/// # Panics
/// Awaiting a task resumes its panic, if it panicked. Awaiting a task that was cancelled because its runtime or
/// executor was dropped panics with that message; [`fallible`](Self::fallible) gives `None` instead.
///
/// # Cancel safety
/// Dropping the handle cancels the task; poll it by `&mut` to stop waiting without cancelling. The future itself is
/// dropped by its runtime, soon after, at its present await.
#[must_use = "a dropped `Task` is cancelled; use `.detach()` to let it run on its own"]
pub struct Task<T> {
    inner: FallibleTask<T>,
}

impl<T> Task<T> {
    pub(crate) fn new(task: async_task::FallibleTask<Outcome<T>, Meta>, id: TaskId) -> Self {
        Self { inner: FallibleTask { id: HandleId(id), task } }
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.inner.id()
    }

    /// Lets the task run on its own.
    ///
    /// If it panics, the unhandled-panic hook is told.
    pub fn detach(self) {
        self.inner.detach();
    }

    /// Cancels the task and waits until its future is gone; gives the output if it had ended before.
    ///
    /// # Panics
    /// Resumes the task's panic if it had panicked.
    ///
    /// # Cancel safety
    /// The task is cancelled once this is first polled, or dropped.
    #[doc(alias = "abort")]
    pub async fn cancel(self) -> Option<T> {
        self.inner.cancel().await
    }

    /// A handle that gives `None` instead of a panic when the task was cancelled.
    pub fn fallible(self) -> FallibleTask<T> {
        self.inner
    }

    /// Whether the task has ended or was cancelled.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

// As async-task's: a panic is carried to whoever awaits, and what caught it finds no value half made.
impl<T> UnwindSafe for Task<T> {}
impl<T> RefUnwindSafe for Task<T> {}

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match ready!(Pin::new(&mut self.inner).poll(cx)) {
            Some(value) => Poll::Ready(value),
            None => panic!(
                "the awaited task was cancelled: its runtime or executor was dropped before it ended, or refused it"
            ),
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("id", &self.id()).field("finished", &self.is_finished()).finish()
    }
}

/// A spawned task whose output is `None` if it was cancelled; made by [`Task::fallible`].
///
/// # Cancel safety
/// As [`Task`]: dropping it cancels the task.
#[must_use = "a dropped `FallibleTask` is cancelled; use `.detach()` to let it run on its own"]
pub struct FallibleTask<T> {
    // Dropped first.
    id: HandleId,
    task: async_task::FallibleTask<Outcome<T>, Meta>,
}

/// The id in a handle, marked if there is a record. That is to say who waits, and whether the task was given up unpolled.
struct HandleId(TaskId);

impl Drop for HandleId {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_marked() {
            record::is_given_up(self.0.unmarked());
        }
    }
}

impl<T> FallibleTask<T> {
    /// The task's id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.id.0.unmarked()
    }

    /// Lets the task run on its own.
    pub fn detach(self) {
        std::mem::forget(self.id);
        self.task.detach();
    }

    /// Cancels the task and waits until its future is gone; gives the output if it had ended before.
    ///
    /// # Panics
    /// Resumes the task's panic if it had panicked.
    pub async fn cancel(self) -> Option<T> {
        self.task.cancel().await.map(value)
    }

    /// Whether the task has ended or was cancelled.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }
}

impl<T> UnwindSafe for FallibleTask<T> {}
impl<T> RefUnwindSafe for FallibleTask<T> {}

impl<T> Future for FallibleTask<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match Pin::new(&mut self.task).poll(cx) {
            Poll::Ready(outcome) => Poll::Ready(outcome.map(value)),
            Poll::Pending => {
                if self.id.0.is_marked() {
                    record::is_awaited(self.id());
                }
                Poll::Pending
            }
        }
    }
}

impl<T> fmt::Debug for FallibleTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallibleTask").field("id", &self.id()).field("finished", &self.is_finished()).finish()
    }
}

/// The value, or the task's panic in the awaiter.
fn value<T>(outcome: Outcome<T>) -> T {
    match outcome {
        Ok(output) => output.take(),
        Err(mut caught) => resume_unwind(caught.take()),
    }
}
