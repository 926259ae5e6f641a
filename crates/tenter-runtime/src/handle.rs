//! A handle of a runtime: what everything else uses it through.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use tenter_blocking::{Lane, SpawnError};
use tenter_core::clock::Clock;
use tenter_driver::Driver;
use tenter_scheduler::Scheduler;
use tenter_task::{Meta, Spawn, Task, TaskId};

use crate::shared::Shared;
use crate::{BuildError, ReactorReport, ambient};

/// A handle of a [`Runtime`](crate::Runtime): cheap to clone, usable from any thread.
///
/// It does not keep the runtime from being shut down; tasks that are spawned afterwards are cancelled at once.
///
/// ```
/// let runtime = tenter_runtime::Runtime::new()?;
/// let handle = runtime.handle().clone();
/// let task = std::thread::spawn(move || handle.spawn(async { 7 })).join().unwrap();
/// assert_eq!(runtime.block_on(task), 7);
/// # Ok::<(), tenter_runtime::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    scheduler: Scheduler,
}

impl Handle {
    /// A handle of a runtime's scheduler: one that waits in a [`Shared`].
    #[inline]
    pub(crate) fn new(scheduler: Scheduler) -> Self {
        Self { scheduler }
    }

    #[inline]
    pub(crate) fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    #[inline]
    pub(crate) fn shared(&self) -> &Shared {
        Shared::of(&**self.scheduler.park())
    }

    /// The ambient runtime: the one this thread is in, else the default one, which is made if there is none yet. A
    /// `tenter_scheduler::Scheduler` that is no runtime's is none.
    ///
    /// # Panics
    /// If the default runtime can't be made; [`try_current`](Self::try_current) gives the error instead.
    #[must_use]
    #[inline]
    pub fn current() -> Self {
        match Self::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("the default tenter runtime can't be made: {error}"),
        }
    }

    /// The ambient runtime, as [`current`](Self::current).
    ///
    /// # Errors
    /// If the default runtime can't be made.
    #[inline]
    pub fn try_current() -> Result<Self, BuildError> {
        match Scheduler::current() {
            Some(scheduler) if Shared::find(&**scheduler.park()).is_some() => Ok(Self::new(scheduler)),
            _ => ambient::default(),
        }
    }

    /// Spawns a task.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.scheduler.spawn(future)
    }

    /// Starts to describe a task, to give it a name.
    pub fn task(&self) -> TaskBuilder<'_> {
        TaskBuilder { handle: self, name: None }
    }

    /// Polls a future to its end on this thread, which meanwhile also runs tasks and drives I/O and timers.
    ///
    /// While there are workers, the tasks it runs are those that the future itself woke or spawned and no worker has taken
    /// yet. The future waits while such a task is polled: if tasks do long work between awaits, spawn what must stay
    /// responsive too (`block_on(spawn(main))`), use [`unblock`](Self::unblock), or turn it off with
    /// [`Builder::block_on_runs_tasks`](crate::Builder::block_on_runs_tasks).
    ///
    /// Inside a task it blocks that task; the runtime sees to it that the others go on.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.scheduler.block_on(future)
    }

    /// Runs a closure that blocks on the runtime's pool of threads for that.
    ///
    /// # Panics
    /// Awaiting the task panics if the pool is shut down, or has no thread and can't start one; see
    /// [`try_unblock`](Self::try_unblock).
    ///
    /// # Cancel safety
    /// A dropped task cancels a closure that has not started; one that has runs to its end.
    #[doc(alias = "spawn_blocking")]
    #[doc(alias = "to_thread")]
    #[track_caller]
    pub fn unblock<T, F>(&self, job: F) -> Task<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.shared().pool.spawn_with(Spawn::new(Meta::default(), TaskId::from_u64(0)), self.inside(job))
    }

    /// As [`unblock`](Self::unblock).
    ///
    /// # Errors
    /// If the pool is shut down, or has no thread and can't start one.
    #[track_caller]
    pub fn try_unblock<T, F>(
        &self,
        job: F,
    ) -> Result<Task<T>, SpawnError<impl FnOnce() -> T + Send + 'static + use<T, F>>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.try_unblock_in(Lane::General, job)
    }

    /// As [`try_unblock`](Self::try_unblock), in one of the pool's lanes: work that waits long, as name lookups do, has a
    /// limit of its own and can't keep other work from the pool.
    ///
    /// # Errors
    /// If the pool is shut down, or has no thread and can't start one.
    #[track_caller]
    pub fn try_unblock_in<T, F>(
        &self,
        lane: Lane,
        job: F,
    ) -> Result<Task<T>, SpawnError<impl FnOnce() -> T + Send + 'static + use<T, F>>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.shared().pool.lane(lane).try_spawn(self.inside(job))
    }

    /// Has the closure see this runtime as its ambient one.
    fn inside<T, F: FnOnce() -> T>(&self, job: F) -> impl FnOnce() -> T + use<T, F> {
        let handle = self.clone();
        move || handle.enter(job)
    }

    /// Makes this the ambient runtime of the thread for the time of the closure.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        self.scheduler.enter(f)
    }

    /// The name of its reactor.
    #[must_use]
    pub fn reactor_name(&self) -> &'static str {
        self.shared().report.name
    }

    /// Which reactor it has, and why.
    #[must_use]
    pub fn reactor_report(&self) -> &ReactorReport {
        &self.shared().report
    }

    /// The most worker threads; 0 for a current-thread runtime.
    #[must_use]
    pub fn worker_threads(&self) -> usize {
        self.scheduler.workers()
    }

    /// Whether this thread drives it: one of its workers, or the one in its [`block_on`](Self::block_on). What a current-thread runtime
    /// watches is noticed only while there is one.
    ///
    /// ```
    /// let runtime = tenter_runtime::Builder::new_current_thread().build()?;
    /// let handle = runtime.handle().clone();
    /// assert!(!handle.drives_here());
    /// assert!(runtime.block_on(async { handle.drives_here() }));
    /// # Ok::<(), tenter_runtime::BuildError>(())
    /// ```
    #[must_use]
    pub fn drives_here(&self) -> bool {
        self.scheduler.current_wheel().is_some()
    }

    /// How many tasks have not ended; a snapshot.
    #[must_use]
    pub fn live_tasks(&self) -> usize {
        self.scheduler.live_tasks()
    }

    /// Its clock.
    #[must_use]
    #[inline]
    pub fn clock(&self) -> Clock {
        self.driver().clock()
    }

    #[inline]
    pub(crate) fn driver(&self) -> &Arc<Driver> {
        &self.shared().driver
    }

    /// After something was registered to be waited for: if this thread is not one that comes back to the driver, makes
    /// sure that another one does. `false` if nobody will, because the runtime was shut down.
    ///
    /// The shutdown sets its flag and then wakes all who wait: they either see the flag here, or are woken and come
    /// here again. (Both sides have a full fence between.)
    #[inline]
    pub(crate) fn is_covered(&self) -> bool {
        if self.scheduler.current_wheel().is_some() {
            return true;
        }
        self.scheduler.cover();
        !self.scheduler.is_closed()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("reactor", &self.reactor_name())
            .field("worker_threads", &self.worker_threads())
            .field("live_tasks", &self.live_tasks())
            .finish()
    }
}

/// A task that is about to be spawned; made by [`Handle::task`].
#[derive(Debug)]
#[must_use = "nothing is spawned before `.spawn(future)`"]
pub struct TaskBuilder<'a> {
    handle: &'a Handle,
    name: Option<Box<str>>,
}

impl TaskBuilder<'_> {
    /// Gives the task a name, which reports of its panics show.
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Spawns the task.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.scheduler.spawn_named(self.name, Location::caller(), future)
    }
}
