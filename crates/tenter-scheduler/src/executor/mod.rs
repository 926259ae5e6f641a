//! Executors as plain values: made in a `const`, run by whoever calls `run`, gone with all their tasks when dropped.

mod local;
mod state;

pub use local::LocalExecutor;

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, OnceLock};

use tenter_task::{Meta, Spawn, Task};

use state::{State, Tracked};

use crate::numbers;
use crate::registry::Key;

/// Runs tasks on whichever threads call [`run`](Self::run), and may be borrowed by them.
///
/// It starts no thread and is part of no runtime: tasks move on only while someone is inside `run`, [`tick`](Self::tick)
/// or [`try_tick`](Self::try_tick). Any number of threads may be.
///
/// ```
/// use std::thread;
/// use tenter_core::park::block_on;
/// use tenter_scheduler::Executor;
///
/// let words = ["warp", "weft", "selvedge"];
/// let executor = Executor::new();
/// let lengths = words.iter().map(|word| executor.spawn(async move { word.len() })).collect::<Vec<_>>();
///
/// thread::scope(|scope| {
///     let runner = scope.spawn(|| {
///         block_on(executor.run(async {
///             let mut sum = 0;
///             for length in lengths {
///                 sum += length.await;
///             }
///             sum
///         }))
///     });
///     assert_eq!(runner.join().unwrap(), 16);
/// });
/// ```
///
/// # Dropping
/// Dropping the executor cancels its tasks: each future is dropped, on this thread, before the drop returns. If another
/// thread is waking a task at that moment, the drop waits until that thread has handed it over. Awaiting a task
/// afterwards panics; [`Task::fallible`] gives `None`.
///
/// A forgotten executor (`mem::forget`) drops nothing, and a forgotten `run` or `tick` that was waiting may swallow one
/// wake when its turn comes, so that one task starts only when the next is woken.
///
/// # Lifetimes
/// What tasks borrow must outlive the executor:
///
/// ```compile_fail,E0597
/// use tenter_scheduler::Executor;
///
/// let executor = Executor::new();
/// let word = String::from("warp");
/// executor.spawn(async { word.len() }).detach();
/// // `word` is dropped first: it was made last.
/// ```
///
/// and an executor does not pass for one of a shorter lifetime:
///
/// ```compile_fail
/// use tenter_scheduler::Executor;
///
/// fn shorten<'long: 'short, 'short>(executor: &'short Executor<'long>) -> &'short Executor<'short> {
///     executor
/// }
/// ```
///
/// Tasks may run on any thread, so they must be [`Send`]; [`LocalExecutor`] takes others.
///
/// ```compile_fail
/// use std::rc::Rc;
/// use tenter_scheduler::Executor;
///
/// let word = Rc::new("warp");
/// Executor::new().spawn(async move { word.len() }).detach();
/// ```
pub struct Executor<'a> {
    /// Made by the first task or the first runner.
    state: OnceLock<Arc<State>>,
    /// Makes `'a` invariant: a shorter one would let in futures that the drop comes too late for.
    lifetime: PhantomData<fn(&'a ()) -> &'a ()>,
}

// Tasks that panic are caught by their wrapper, and nothing else of the caller's runs while the state is in disorder.
impl UnwindSafe for Executor<'_> {}
impl RefUnwindSafe for Executor<'_> {}

impl<'a> Executor<'a> {
    /// An executor without tasks; it allocates when it is first used.
    ///
    /// ```
    /// use tenter_scheduler::Executor;
    ///
    /// static EXECUTOR: Executor<'static> = Executor::new();
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { state: OnceLock::new(), lifetime: PhantomData }
    }

    /// Whether all tasks have ended.
    ///
    /// ```
    /// use tenter_scheduler::Executor;
    ///
    /// let executor = Executor::new();
    /// assert!(executor.is_empty());
    /// executor.spawn(async {}).detach();
    /// assert!(!executor.is_empty());
    /// assert!(executor.try_tick());
    /// assert!(executor.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.get().is_none_or(|state| state.tasks.is_empty())
    }

    /// Spawns a task.
    ///
    /// ```
    /// use tenter_core::park::block_on;
    /// use tenter_scheduler::Executor;
    ///
    /// let executor = Executor::new();
    /// let task = executor.spawn(async { 6 * 7 });
    /// assert_eq!(block_on(executor.run(task)), 42);
    /// ```
    #[track_caller]
    pub fn spawn<T: Send + 'a>(&self, future: impl Future<Output = T> + Send + 'a) -> Task<T> {
        // SAFETY: future and output are `Send`, and live as long as `'a`.
        unsafe { self.spawn_unchecked(Location::caller(), future) }
    }

    /// Spawns a task for each future, and adds their handles to a collection.
    ///
    /// Tasks may run before the last one is spawned. If the iterator panics, those spawned so far stay.
    ///
    /// ```
    /// use std::future::ready;
    /// use tenter_core::park::block_on;
    /// use tenter_scheduler::Executor;
    ///
    /// let executor = Executor::new();
    /// let mut tasks = Vec::new();
    /// executor.spawn_many([ready(1), ready(2), ready(3)], &mut tasks);
    /// let sum = block_on(executor.run(async {
    ///     let mut sum = 0;
    ///     for task in tasks {
    ///         sum += task.await;
    ///     }
    ///     sum
    /// }));
    /// assert_eq!(sum, 6);
    /// ```
    #[track_caller]
    pub fn spawn_many<T: Send + 'a, F: Future<Output = T> + Send + 'a>(
        &self,
        futures: impl IntoIterator<Item = F>,
        handles: &mut impl Extend<Task<T>>,
    ) {
        let site = Location::caller();
        // SAFETY: futures and outputs are `Send`, and live as long as `'a`.
        handles.extend(futures.into_iter().map(|future| unsafe { self.spawn_unchecked(site, future) }));
    }

    /// Runs one task, that is, polls it once, if one is ready; tells whether there was one.
    ///
    /// ```
    /// use tenter_scheduler::Executor;
    ///
    /// let executor = Executor::new();
    /// assert!(!executor.try_tick());
    /// executor.spawn(async {}).detach();
    /// assert!(executor.try_tick());
    /// ```
    pub fn try_tick(&self) -> bool {
        self.state.get().is_some_and(|state| state.try_tick())
    }

    /// Waits until a task is ready, and polls it once.
    ///
    /// ```
    /// use tenter_core::park::block_on;
    /// use tenter_scheduler::Executor;
    ///
    /// let executor = Executor::new();
    /// let task = executor.spawn(async {});
    /// block_on(executor.tick());
    /// assert!(task.is_finished());
    /// ```
    ///
    /// # Cancel safety
    /// Nothing is lost: if it is dropped after it was woken, another waiter is woken in its place.
    pub async fn tick(&self) {
        self.state().tick().await;
    }

    /// Runs tasks until the future ends, and gives its output.
    ///
    /// The future is polled first, and again whenever it was woken; after 200 tasks in a row `run` yields to its
    /// caller, so that tasks that are always ready hold up neither.
    ///
    /// ```
    /// use tenter_core::park::block_on;
    /// use tenter_scheduler::Executor;
    ///
    /// let executor = Executor::new();
    /// let task = executor.spawn(async { 1 + 2 });
    /// assert_eq!(block_on(executor.run(async { task.await * 2 })), 6);
    /// ```
    ///
    /// # Cancel safety
    /// Tasks are not touched: they go on when someone runs the executor again. If it is dropped after it was woken for
    /// a task, another runner is woken in its place. The future is dropped.
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.state().run(future).await
    }

    /// Spawns without the bounds that make it safe.
    ///
    /// # Safety
    /// - The future and its output live as long as `'a`.
    /// - If they are not `Send`, this executor is run and dropped on this thread only.
    unsafe fn spawn_unchecked<F: Future>(&self, site: &'static Location<'static>, future: F) -> Task<F::Output> {
        let state = self.state();
        let spawned = state.tasks.insert(Key::new(numbers::next(), 0), |key| {
            let tracked = Tracked { state: state.clone(), key };
            let spawn = Spawn::new(Meta::default(), tracked).spawned_at(site);
            let home = state.clone();
            // SAFETY: the schedule function and the tracker are `Send`, `Sync` and `'static`. The runnable goes to the
            // queue each time; runners of this executor alone take it from there (on this thread, if the caller says
            // so), and otherwise its drop does, which does not return while a future lives. `'a` outlasts that: it
            // is invariant, and `Drop` keeps it from ending before.
            let (runnable, task) = unsafe { spawn.build_unchecked(future, move |runnable| home.schedule(runnable)) };
            (runnable.waker(), (runnable, task))
        });
        let (runnable, task) = spawned.expect("only the drop closes an executor, and nobody can spawn by then");
        state.schedule(runnable);
        task
    }

    fn state(&self) -> &Arc<State> {
        self.state.get_or_init(|| Arc::new(State::new()))
    }

    fn fmt_as(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state.get() {
            Some(state) => state.fmt_as(name, f),
            None => State::new().fmt_as(name, f),
        }
    }
}

impl Drop for Executor<'_> {
    fn drop(&mut self) {
        if let Some(state) = self.state.get() {
            state.drop_tasks();
        }
    }
}

impl Default for Executor<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Executor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as("Executor", f)
    }
}
