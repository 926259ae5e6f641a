//! The executor that stays on its thread.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use tenter_task::Task;

use super::Executor;

/// Runs tasks on the thread that made it, so that they need not be [`Send`].
///
/// Their wakers may go anywhere: a wake from another thread queues the task here. The tasks' futures are polled and
/// dropped on this thread only. For all else see [`Executor`].
///
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use tenter_core::park::block_on;
/// use tenter_scheduler::LocalExecutor;
///
/// let count = Rc::new(Cell::new(0));
/// let executor = LocalExecutor::new();
/// let own = count.clone();
/// let task = executor.spawn(async move { own.set(own.get() + 1) });
/// block_on(executor.run(task));
/// assert_eq!(count.get(), 1);
/// ```
///
/// It cannot be sent to another thread, nor borrowed by one, nor can a future of its `run` or `tick` be:
///
/// ```compile_fail,E0277
/// let executor = tenter_scheduler::LocalExecutor::new();
/// std::thread::spawn(move || executor.try_tick());
/// ```
///
/// ```compile_fail,E0277
/// let executor = tenter_scheduler::LocalExecutor::new();
/// std::thread::scope(|scope| {
///     scope.spawn(|| executor.try_tick());
/// });
/// ```
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
///
/// let executor = tenter_scheduler::LocalExecutor::new();
/// send(executor.tick());
/// ```
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
///
/// let executor = tenter_scheduler::LocalExecutor::new();
/// send(executor.run(async {}));
/// ```
///
/// What tasks borrow must outlive it:
///
/// ```compile_fail,E0597
/// let executor = tenter_scheduler::LocalExecutor::new();
/// let word = String::from("warp");
/// executor.spawn(async { word.len() }).detach();
/// ```
pub struct LocalExecutor<'a> {
    inner: Executor<'a>,
    /// Neither `Send` nor `Sync`.
    this_thread: PhantomData<Rc<()>>,
}

impl UnwindSafe for LocalExecutor<'_> {}
impl RefUnwindSafe for LocalExecutor<'_> {}

impl<'a> LocalExecutor<'a> {
    /// An executor without tasks; it allocates when it is first used.
    ///
    /// ```
    /// use tenter_scheduler::LocalExecutor;
    ///
    /// thread_local! {
    ///     static EXECUTOR: LocalExecutor<'static> = const { LocalExecutor::new() };
    /// }
    /// assert!(EXECUTOR.with(|executor| executor.is_empty()));
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { inner: Executor::new(), this_thread: PhantomData }
    }

    /// Whether all tasks have ended.
    ///
    /// ```
    /// use tenter_scheduler::LocalExecutor;
    ///
    /// let executor = LocalExecutor::new();
    /// executor.spawn(async {}).detach();
    /// assert!(!executor.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Spawns a task, which need not be [`Send`].
    ///
    /// ```
    /// use std::rc::Rc;
    /// use tenter_core::park::block_on;
    /// use tenter_scheduler::LocalExecutor;
    ///
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async { Rc::new(42) });
    /// assert_eq!(*block_on(executor.run(task)), 42);
    /// ```
    #[track_caller]
    pub fn spawn<T: 'a>(&self, future: impl Future<Output = T> + 'a) -> Task<T> {
        // SAFETY: future and output live as long as `'a`, and this executor cannot leave this thread.
        unsafe { self.inner.spawn_unchecked(Location::caller(), future) }
    }

    /// Spawns a task for each future, and adds their handles to a collection.
    ///
    /// If the iterator panics, those spawned so far stay.
    ///
    /// ```
    /// use std::future::ready;
    /// use tenter_scheduler::LocalExecutor;
    ///
    /// let executor = LocalExecutor::new();
    /// let mut tasks = Vec::new();
    /// executor.spawn_many([ready(1), ready(2), ready(3)], &mut tasks);
    /// assert_eq!(tasks.len(), 3);
    /// ```
    #[track_caller]
    pub fn spawn_many<T: 'a, F: Future<Output = T> + 'a>(
        &self,
        futures: impl IntoIterator<Item = F>,
        handles: &mut impl Extend<Task<T>>,
    ) {
        let site = Location::caller();
        // SAFETY: futures and outputs live as long as `'a`, and this executor cannot leave this thread.
        handles.extend(futures.into_iter().map(|future| unsafe { self.inner.spawn_unchecked(site, future) }));
    }

    /// Runs one task, that is, polls it once, if one is ready; tells whether there was one.
    ///
    /// ```
    /// use tenter_scheduler::LocalExecutor;
    ///
    /// let executor = LocalExecutor::new();
    /// assert!(!executor.try_tick());
    /// executor.spawn(async {}).detach();
    /// assert!(executor.try_tick());
    /// ```
    pub fn try_tick(&self) -> bool {
        self.inner.try_tick()
    }

    /// Waits until a task is ready, and polls it once.
    ///
    /// ```
    /// use tenter_core::park::block_on;
    /// use tenter_scheduler::LocalExecutor;
    ///
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async {});
    /// block_on(executor.tick());
    /// assert!(task.is_finished());
    /// ```
    ///
    /// # Cancel safety
    /// As [`Executor::tick`].
    pub async fn tick(&self) {
        self.inner.tick().await;
    }

    /// Runs tasks until the future ends, and gives its output; yields as [`Executor::run`] does.
    ///
    /// ```
    /// use tenter_core::park::block_on;
    /// use tenter_scheduler::LocalExecutor;
    ///
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async { 1 + 2 });
    /// assert_eq!(block_on(executor.run(async { task.await * 2 })), 6);
    /// ```
    ///
    /// # Cancel safety
    /// As [`Executor::run`].
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.inner.run(future).await
    }
}

impl Default for LocalExecutor<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalExecutor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_as("LocalExecutor", f)
    }
}
