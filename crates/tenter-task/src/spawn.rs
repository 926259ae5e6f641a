//! Making a task.

use std::future::Future;
use std::panic::Location;

use async_task::{Builder, Schedule, ScheduleInfo, WithInfo};

use crate::future::{Facts, Gone, Record, TaskFuture};
use crate::task::Task;
use crate::{Meta, Runnable, TaskId};

/// Turns a function into a schedule function that is also told how the task was woken.
///
/// A plain `fn` item stays zero-sized, which spares async-task a reference count per wake.
pub fn schedule_with_info<S: Fn(Runnable, ScheduleInfo)>(schedule: S) -> WithInfo<S> {
    WithInfo(schedule)
}

/// What a new task is made of, besides its future.
///
/// `G` is a guard that is told, and then dropped, when the future is gone.
#[derive(Debug)]
pub struct Spawn<G> {
    meta: Meta,
    guard: G,
    id: TaskId,
    name: Option<Box<str>>,
    spawned_at: &'static Location<'static>,
}

impl<G: Gone> Spawn<G> {
    /// Starts with the caller as spawn site, id 0 and no name.
    #[track_caller]
    pub fn new(meta: Meta, guard: G) -> Self {
        Self { meta, guard, id: TaskId::from_u64(0), name: None, spawned_at: Location::caller() }
    }

    /// Sets the id.
    #[must_use]
    pub fn id(mut self, id: TaskId) -> Self {
        self.id = id;
        self
    }

    /// Sets the name.
    #[must_use]
    pub fn name(mut self, name: Option<Box<str>>) -> Self {
        self.name = name;
        self
    }

    /// Sets the spawn site.
    #[must_use]
    pub fn spawned_at(mut self, site: &'static Location<'static>) -> Self {
        self.spawned_at = site;
        self
    }

    /// Makes the task; nothing is scheduled yet.
    pub fn build<F, S>(self, future: F, schedule: S) -> (Runnable, Task<F::Output>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        S: Schedule<Meta> + Send + Sync + 'static,
        G: Send + 'static,
    {
        // SAFETY: future, output, schedule function and guard are `Send` and `'static`, the schedule function is `Sync`.
        unsafe { self.build_unchecked(future, schedule) }
    }

    /// Makes the task without the bounds that make it safe.
    ///
    /// # Safety
    /// - If the future or guard is not `Send`, the [`Runnable`] is run and dropped on this thread only.
    /// - If they are not `'static`, the runnable is gone (the future dropped) before what they borrow is.
    /// - If `schedule` is not `Send`, `Sync` and `'static`, the same holds for it and all wakers of the task.
    pub unsafe fn build_unchecked<F, S>(self, future: F, schedule: S) -> (Runnable, Task<F::Output>)
    where
        F: Future,
        S: Schedule<Meta>,
    {
        match self.name {
            // SAFETY: passed on from the caller.
            None => unsafe { build(self.meta, self.guard, (), self.id, self.spawned_at, future, schedule) },
            // SAFETY: passed on from the caller.
            Some(name) => unsafe { build(self.meta, self.guard, name, self.id, self.spawned_at, future, schedule) },
        }
    }
}

/// # Safety
/// See [`Spawn::build_unchecked`].
unsafe fn build<F, S, R, G>(
    meta: Meta,
    guard: G,
    record: R,
    id: TaskId,
    spawned_at: &'static Location<'static>,
    future: F,
    schedule: S,
) -> (Runnable, Task<F::Output>)
where
    F: Future,
    S: Schedule<Meta>,
    R: Record,
    G: Gone,
{
    let future = TaskFuture::new(future, Facts { id, spawned_at }, record, guard);
    let builder = Builder::new().metadata(meta);
    // SAFETY: passed on from the caller.
    let (runnable, task) = unsafe { builder.spawn_unchecked(move |_| future, schedule) };
    (runnable, Task::new(task.fallible(), id))
}
