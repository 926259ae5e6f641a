//! The pool's handle.

use std::fmt;
use std::panic::{Location, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tenter_core::sync;
use tenter_task::{Meta, Runnable, Spawn, Task, TaskId, Tracker};

use crate::queue::{Queue, Reason, Refused};
use crate::threads::{Start, SystemThreads};
use crate::{Lane, PoolConfig, SpawnError};

/// A pool of threads for jobs that block; clones are handles of the same pool.
///
/// When the last handle is dropped the pool is [shut down](Self::shutdown). A job that owns a handle counts.
///
/// ```
/// use tenter_blocking::{Pool, PoolConfig};
///
/// let pool = Pool::new(PoolConfig::new());
/// let sum = pool.spawn(|| (1..=10).sum::<u32>());
/// assert_eq!(futures_lite::future::block_on(sum), 55);
/// ```
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
    lane: Lane,
}

/// What the users' handles share. The threads hold only the queue, so they do not keep the pool open.
struct Inner {
    queue: sync::Arc<Queue<Runnable, Box<dyn Start>>>,
    next_id: AtomicU64,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.shutdown();
    }
}

impl Pool {
    /// A pool without threads: they come with the jobs.
    #[must_use]
    pub fn new(config: PoolConfig) -> Self {
        let threads = SystemThreads::new(&config);
        Self::with_starter(config, threads)
    }

    /// A pool whose threads are started by `starter`; the configuration's names, stack size and hooks are not used.
    #[doc(hidden)]
    #[must_use]
    pub fn with_starter(config: PoolConfig, starter: impl Start) -> Self {
        let starter: Box<dyn Start> = Box::new(starter);
        let queue = Queue::new(config.settings(), starter);
        // Id 0 is what a task has that was given none.
        Self { inner: Arc::new(Inner { queue, next_id: AtomicU64::new(1) }), lane: Lane::General }
    }

    /// A handle of the same pool, whose jobs are of this lane; those of other handles are not affected.
    ///
    /// ```
    /// use tenter_blocking::{Lane, Pool, PoolConfig};
    ///
    /// let pool = Pool::new(PoolConfig::new());
    /// let lookups = pool.lane(Lane::Dns);
    /// let local = lookups.spawn(|| std::net::ToSocketAddrs::to_socket_addrs("localhost:80").is_ok());
    /// futures_lite::future::block_on(local);
    /// ```
    #[must_use]
    pub fn lane(&self, lane: Lane) -> Self {
        Self { inner: self.inner.clone(), lane }
    }

    /// Runs `job` on a thread of the pool.
    ///
    /// Ids count the jobs of this pool that were spawned here or by [`try_spawn`](Self::try_spawn).
    /// A failed thread start delays the job until one of the other threads gets to it. If there are none, or the
    /// pool was shut down, the job is dropped and the task is cancelled; the first case is also told
    /// to the [unhandled-panic hook](tenter_task::set_unhandled_panic_hook), so that no job is lost in silence.
    /// [`try_spawn`](Self::try_spawn) gives the job back instead.
    ///
    /// ```
    /// use tenter_blocking::{Pool, PoolConfig};
    ///
    /// let pool = Pool::new(PoolConfig::new());
    /// let line = pool.spawn(|| std::env::args().next());
    /// assert!(futures_lite::future::block_on(line).is_some());
    /// ```
    ///
    /// # Panics
    /// Awaiting the task resumes the job's panic, and panics with `the awaited task was cancelled` if the job
    /// was dropped; [`Task::fallible`] gives `None` in the latter case.
    ///
    /// # Cancel safety
    /// Dropping the task cancels a job that has not started. A started one runs on, and its output is dropped.
    #[track_caller]
    pub fn spawn<F, T>(&self, job: F) -> Task<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_with(self.next_spawn(), job)
    }

    /// As [`spawn`](Self::spawn), with an id, name and tracker of the caller's choice.
    ///
    /// The tracker is told and dropped when the job is gone, whether it ran or not.
    ///
    /// ```
    /// use tenter_blocking::{Pool, PoolConfig};
    /// use tenter_task::{Meta, Spawn, TaskId, current_name};
    ///
    /// let pool = Pool::new(PoolConfig::new());
    /// let spawn = Spawn::new(Meta::default(), TaskId::from_u64(7)).name(Some("resolve".into()));
    /// let task = pool.spawn_with(spawn, current_name);
    /// assert_eq!(futures_lite::future::block_on(task).as_deref(), Some("resolve"));
    /// ```
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn).
    ///
    /// # Cancel safety
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn spawn_with<F, T, G>(&self, spawn: Spawn<G>, job: F) -> Task<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        G: Tracker + Send + 'static,
    {
        let (runnable, task) = spawn.build(async move { job() }, never_woken);
        self.push_or_report(runnable, task.id(), Location::caller());
        task
    }

    /// Runs `job` on a thread of the pool, or gives it back.
    ///
    /// ```
    /// use tenter_blocking::{Pool, PoolConfig};
    ///
    /// let pool = Pool::new(PoolConfig::new());
    /// match pool.try_spawn(|| 5) {
    ///     Ok(task) => assert_eq!(futures_lite::future::block_on(task), 5),
    ///     Err(refused) => assert_eq!(refused.into_job()(), 5), // here and now
    /// }
    /// ```
    ///
    /// # Errors
    /// The pool was shut down, or has no thread and could not start one. The error holds the job.
    ///
    /// # Cancel safety
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn try_spawn<F, T>(&self, job: F) -> Result<Task<T>, SpawnError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // The task swallows its future, so the job lies beside it until it is run or given back.
        let place = Arc::new(Mutex::new(Some(job)));
        let future = {
            let place = place.clone();
            async move { take(&place)() }
        };
        let (runnable, task) = self.next_spawn().build(future, never_woken);
        match self.push(runnable) {
            Ok(()) => Ok(task),
            Err(refused) => Err(SpawnError::new(take(&place), refused.reason)),
        }
    }

    /// What does not depend on a job's type is here and below, so that it is compiled once, and in this crate.
    fn push(&self, runnable: Runnable) -> Result<(), Refused<Runnable>> {
        Queue::push(&self.inner.queue, self.lane, runnable)
    }

    fn push_or_report(&self, runnable: Runnable, id: TaskId, site: &'static Location<'static>) {
        if let Err(Refused { job, reason }) = self.push(runnable) {
            drop(job);
            if let Reason::NoThread(_) = &reason {
                report(&reason, id, site);
            }
        }
    }

    /// Takes no more jobs, drops those that have not started, and tells idle threads to leave.
    ///
    /// It waits for nobody: a started job runs on, and its thread leaves after it. The tasks of dropped
    /// jobs are cancelled.
    ///
    /// ```
    /// use tenter_blocking::{Pool, PoolConfig};
    ///
    /// let pool = Pool::new(PoolConfig::new());
    /// pool.shutdown();
    /// assert!(pool.try_spawn(|| ()).is_err());
    /// ```
    pub fn shutdown(&self) {
        self.inner.queue.shutdown();
    }

    /// The number of threads that were started and have not left.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.inner.queue.threads()
    }

    /// The number of threads that wait for a job.
    #[must_use]
    pub fn idle_threads(&self) -> usize {
        self.inner.queue.idle_threads()
    }

    /// The number of jobs that no thread has taken yet, cancelled ones included.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.inner.queue.queued()
    }

    #[track_caller]
    fn next_spawn(&self) -> Spawn<TaskId> {
        let id = self.inner.next_id.fetch_add(1, Ordering::Relaxed);
        Spawn::new(Meta::default(), TaskId::from_u64(id))
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("lane", &self.lane)
            .field("threads", &self.threads())
            .field("idle_threads", &self.idle_threads())
            .field("queued", &self.queued())
            .finish_non_exhaustive()
    }
}

/// The schedule function of jobs: they are ready after one poll and keep no waker, so there is nothing to schedule.
fn never_woken(runnable: Runnable) {
    drop(runnable);
}

/// The job, which is taken once: by its future, or by the spawner after a refusal.
fn take<F>(place: &Mutex<Option<F>>) -> F {
    place.lock().unwrap_or_else(PoisonError::into_inner).take().expect("a job is taken once")
}

/// Tells the unhandled-panic hook of a job that was dropped for want of a thread.
///
/// The way to the hook is a task that fails unawaited.
fn report(reason: &Reason, id: TaskId, site: &'static Location<'static>) {
    let message = reason.to_string();
    let spawn = Spawn::new(Meta::default(), id).spawned_at(site);
    // Unlike `panic!`, this leaves the process's panic hook alone.
    let (runnable, task) = spawn.build(async move { resume_unwind(Box::new(message)) }, never_woken);
    let task: Task<()> = task;
    task.detach();
    runnable.run();
}
