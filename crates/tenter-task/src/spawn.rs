//! Making a task.

use std::future::Future;
use std::panic::Location;

use async_task::{Builder, Schedule, ScheduleInfo, WithInfo};

use crate::future::{TaskFuture, Tracker};
use crate::site::Site;
use crate::task::Task;
use crate::{Meta, Runnable};

/// Turns a function into a schedule function that is also told how the task was woken.
///
/// A plain `fn` item stays zero-sized, which spares async-task a reference count per wake.
pub fn schedule_with_info<S: Fn(Runnable, ScheduleInfo)>(schedule: S) -> WithInfo<S> {
    WithInfo(schedule)
}

/// What a new task is made of, besides its future.
///
/// `G` knows the task's id; it is told, and then dropped, when the future is gone. A [`TaskId`](crate::TaskId) is such a
/// tracker.
#[derive(Debug)]
pub struct Spawn<G> {
    meta: Meta,
    tracker: G,
    name: Option<Box<str>>,
    spawned_at: &'static Location<'static>,
}

impl<G: Tracker> Spawn<G> {
    /// Starts with the caller as spawn site and no name.
    #[track_caller]
    pub fn new(meta: Meta, tracker: G) -> Self {
        Self { meta, tracker, name: None, spawned_at: Location::caller() }
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
        // SAFETY: future, output, schedule function and tracker are `Send` and `'static`, the schedule function is `Sync`.
        unsafe { self.build_unchecked(future, schedule) }
    }

    /// Makes the task without the bounds that make it safe.
    ///
    /// # Safety
    /// - If the future or tracker is not `Send`, the [`Runnable`] is run and dropped on this thread only.
    /// - If they are not `'static`, the runnable is gone (the future dropped) before what they borrow is.
    /// - If `schedule` is not `Send`, `Sync` and `'static`, the same holds for it and all wakers of the task.
    pub unsafe fn build_unchecked<F, S>(self, future: F, schedule: S) -> (Runnable, Task<F::Output>)
    where
        F: Future,
        S: Schedule<Meta>,
    {
        let id = self.tracker.id().marked(self.meta.is_recorded());
        let future = TaskFuture::new(future, Site::new(self.spawned_at, self.name), self.tracker);
        let builder = Builder::new().metadata(self.meta);
        // SAFETY: passed on from the caller.
        let (runnable, task) = unsafe { builder.spawn_unchecked(move |_| future, schedule) };
        (runnable, Task::new(task.fallible(), id))
    }
}
