//! How a runtime is made.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tenter_blocking::{Pool, PoolConfig, Spin};
use tenter_core::clock::Clock;
use tenter_driver::Driver;
use tenter_reactor::{Reactor, ReactorConfig};
use tenter_scheduler::{Config, Debug, Latency, Scheduler, SlowPoll, ThreadHook};

use crate::choice::{self, Wish};
use crate::inspect::{self, Place};
use crate::per_core::{Core, PerCore, PerCoreError};
use crate::shared::Shared;
use crate::{Backend, BuildError, Handle, Runtime, seed, switch};

/// Makes a [`Runtime`].
///
/// ```
/// use tenter_runtime::{Backend, Builder};
///
/// let runtime = Builder::new_multi_thread().worker_threads(2).reactor(Backend::Poll).build()?;
/// assert_eq!(runtime.reactor_name(), "poll");
/// # Ok::<(), tenter_runtime::BuildError>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is made before `.build()`"]
pub struct Builder {
    config: Config,
    multi_thread: bool,
    pool: PoolConfig,
    wish: Wish,
    chaos: seed::Wish,
    faulty: seed::Wish,
    debug: Option<bool>,
    how: Debug,
    /// What was told, if anything was.
    inspect: Option<Option<Place>>,
}

impl Builder {
    /// A runtime with as many worker threads as there are CPUs to use (cgroup limits included), started as they are
    /// needed.
    pub fn new_multi_thread() -> Self {
        Self::with(Config::default(), true)
    }

    fn with(config: Config, multi_thread: bool) -> Self {
        let (chaos, faulty) = (seed::Wish::Any, seed::Wish::Any);
        let (pool, how) = (PoolConfig::new(), Debug::default());
        Self { config, multi_thread, pool, wish: Wish::Any, chaos, faulty, debug: None, how, inspect: None }
    }

    /// A runtime without worker threads: tasks, I/O and timers go on inside [`Runtime::block_on`] alone.
    pub fn new_current_thread() -> Self {
        Self::with(Config::with_workers(0), false)
    }

    /// Sets the number of worker threads of a multi-thread runtime, from 1 to 1024; a current-thread runtime has none.
    pub fn worker_threads(mut self, threads: usize) -> Self {
        if self.multi_thread {
            self.config.workers = threads;
        }
        self
    }

    /// Sets whether the thread in `block_on` of a multi-thread runtime also polls tasks that its future woke or spawned
    /// (it does unless told otherwise).
    ///
    /// If it does, such a task needs no other thread to be woken for it, but the future waits for the poll of such a task
    /// to end, however long that is. If it does not, all tasks are the workers'.
    pub fn block_on_runs_tasks(mut self, yes: bool) -> Self {
        self.config.block_on_runs_tasks = yes;
        self
    }

    /// Sets how threads wait for work, those of the blocking pool included: whether they spin before they sleep.
    ///
    /// ```
    /// use tenter_runtime::{Builder, Latency};
    ///
    /// let runtime = Builder::new_multi_thread().latency(Latency::NoSpin).build()?;
    /// assert_eq!(runtime.block_on(async { 6 * 7 }), 42);
    /// # Ok::<(), tenter_runtime::BuildError>(())
    /// ```
    pub fn latency(mut self, latency: Latency) -> Self {
        self.config.latency = latency;
        self
    }

    /// Has the runtime do at random what it may do, but rarely does, to find code that counts on more than is promised:
    /// tasks run in another order and on another thread, are polled although nobody woke them, give way early; threads
    /// wake for nothing. For tests; it is slower.
    ///
    /// Unless this is called, the environment variable `TENTER_CHAOS` gives the seed, and without that there is no
    /// chaos. `None` keeps it away from a runtime whatever the environment says. The seed makes the choices,
    /// not the timing: two runs with one seed are alike, not the same.
    ///
    /// ```
    /// use tenter_runtime::Builder;
    ///
    /// let runtime = Builder::new_current_thread().chaos(7).build()?;
    /// let tasks: Vec<_> = (0..100).map(|i| runtime.spawn(async move { i })).collect();
    /// let sum = runtime.block_on(async {
    ///     let mut sum = 0;
    ///     for task in tasks {
    ///         sum += task.await;
    ///     }
    ///     sum
    /// });
    /// assert_eq!(sum, 4950);
    /// # Ok::<(), tenter_runtime::BuildError>(())
    /// ```
    pub fn chaos(mut self, seed: impl Into<Option<u64>>) -> Self {
        self.chaos = seed::Wish::Told(seed.into());
        self
    }

    /// Wraps the reactor, whichever it is, in one that makes mistakes: events that are spurious, late, reported twice or in
    /// another order, waits that end early; see [`tenter_reactor::faulty`]. Nothing fails or is lost, so every program has
    /// to go on working. For tests; it is slower.
    ///
    /// Unless this is called, the environment variable `TENTER_FAULTY` gives the seed, and without that there are no
    /// faults. `None` keeps them away from a runtime whatever the environment says. For other faults, and registrations
    /// that fail, give [`reactor_with`](Self::reactor_with) a [`Faulty`](tenter_reactor::faulty::Faulty) reactor.
    ///
    /// ```
    /// use tenter_runtime::Builder;
    ///
    /// let runtime = Builder::new_current_thread().faulty(7).build()?;
    /// assert!(runtime.reactor_report().to_string().contains("with faults of seed 7"));
    /// # Ok::<(), tenter_runtime::BuildError>(())
    /// ```
    pub fn faulty(mut self, seed: impl Into<Option<u64>>) -> Self {
        self.faulty = seed::Wish::Told(seed.into());
        self
    }

    /// Has the runtime keep a record of each of its tasks for [`Handle::tasks`](crate::Handle::tasks), and report polls that take
    /// [too long](Self::slow_poll_threshold). It is slower, and a task takes some 260 bytes more.
    ///
    /// Unless this is called, the environment variable `TENTER_DEBUG` says whether (1) or not (0), and without that it is off.
    ///
    /// ```
    /// use tenter_runtime::Builder;
    ///
    /// let runtime = Builder::new_current_thread().debug(true).build()?;
    /// let task = runtime.task().name("listener").spawn(std::future::pending::<()>());
    /// println!("{}", runtime.tasks());
    /// assert_eq!(runtime.tasks()[0].name.as_deref(), Some("listener"));
    /// # drop(task);
    /// # Ok::<(), tenter_runtime::BuildError>(())
    /// ```
    pub fn debug(mut self, yes: bool) -> Self {
        self.debug = Some(yes);
        self
    }

    /// Sets how long a poll may take before it is reported as slow, in debug mode: 100 ms unless told, as asyncio's
    /// `slow_callback_duration`.
    ///
    /// A poll that is still going on is reported by a worker that has nothing else to do: within a few milliseconds, if there is
    /// one. Where all are inside polls, or there is one thread only, a poll is reported when it is over. It is once more when one
    /// that was reported is over.
    pub fn slow_poll_threshold(mut self, threshold: Duration) -> Self {
        self.how.slow_poll_threshold = threshold;
        self
    }

    /// Sets what is called for a slow poll in debug mode, in the place of a line on stderr; at most ten times a second, not
    /// counting the ends of polls that were reported before.
    ///
    /// It is called between polls on a thread of the runtime: what takes long there holds up that thread. A panic of it ends the
    /// hook alone.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::thread::sleep;
    /// use std::time::Duration;
    /// use tenter_runtime::Builder;
    ///
    /// let (sender, slow) = mpsc::channel();
    /// let runtime = Builder::new_multi_thread()
    ///     .debug(true)
    ///     .slow_poll_threshold(Duration::from_millis(5))
    ///     .on_slow_poll(move |poll| _ = sender.send((poll.name.map(str::to_owned), poll.is_over)))
    ///     .build()?;
    /// runtime.block_on(runtime.task().name("blocks").spawn(async { sleep(Duration::from_millis(20)) }));
    /// // While it went on, if another worker was free to see it, and at its end.
    /// let (name, _) = slow.recv().unwrap();
    /// assert_eq!(name.as_deref(), Some("blocks"));
    /// # Ok::<(), tenter_runtime::BuildError>(())
    /// ```
    pub fn on_slow_poll(mut self, hook: impl Fn(&SlowPoll<'_>) + Send + Sync + 'static) -> Self {
        self.how.on_slow_poll = Some(Arc::new(hook));
        self
    }

    /// Gives the runtime a Unix socket, by which the command `tenter` (`tenter ps PID`, `pstree`, `stat`) asks it, and a thread that
    /// answers, whatever the runtime's own threads do. Nothing else of the runtime changes; more is known in
    /// [debug mode](Self::debug).
    ///
    /// The socket is in the directory `tenter` below `$XDG_RUNTIME_DIR`, or, without that, in `tenter-` and the user's number in
    /// the directory for temporary files. That has to be the user's alone, and only the same user, and root, are answered. The
    /// socket goes with the runtime; what a process left that was killed is removed by the next one.
    ///
    /// Unless this or [`inspect_at`](Self::inspect_at) is called, the environment variable `TENTER_INSPECT` says whether (1) or not
    /// (0), or gives the path of the socket, for one runtime. Without that there is neither a socket nor a thread. Where there are no Unix
    /// sockets, [`build`](Self::build) fails.
    pub fn inspect(mut self, yes: bool) -> Self {
        self.inspect = Some(yes.then_some(Place::Default));
        self
    }

    /// As [`inspect`](Self::inspect), with the socket at a path of the program's choice, for `tenter ps --socket PATH`. What is there
    /// must be a socket that nobody listens to, or nothing.
    pub fn inspect_at(mut self, path: impl Into<PathBuf>) -> Self {
        self.inspect = Some(Some(Place::At(path.into())));
        self
    }

    /// Sets the name of worker threads; each gets its number behind it.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.config.thread_name = name.into();
        self
    }

    /// Sets the stack size of worker and pool threads, in bytes.
    pub fn thread_stack_size(mut self, bytes: usize) -> Self {
        self.config.stack_size = Some(bytes);
        self.pool = self.pool.stack_size(bytes);
        self
    }

    /// Sets what is called on each worker thread before it runs anything.
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.config.on_thread_start = Some(Arc::new(hook) as ThreadHook);
        self
    }

    /// Sets what is called on each worker thread after it ran its last task.
    pub fn on_thread_stop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.config.on_thread_stop = Some(Arc::new(hook) as ThreadHook);
        self
    }

    /// Sets what is called on a worker thread that has nothing to do and is about to sleep: once until it polls a task again.
    /// In a current-thread runtime it is called on the thread in `block_on`, before each sleep.
    ///
    /// It runs inside the runtime: tasks that it spawns or wakes are run before the thread sleeps, and then it is called again.
    /// While it runs, this thread does nothing else, and what comes meanwhile is left to the other workers; what it waits for
    /// must not need this thread. No hook is called from within a hook. A panic of it ends the hook alone.
    ///
    /// It is for counting, and for what is best done when there is nothing else to do, such as asking an allocator to give
    /// memory back: glibc's keeps what a million small tasks have freed until something calls its `malloc_trim`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    /// use tenter_runtime::Builder;
    ///
    /// let parked = Arc::new(AtomicUsize::new(0));
    /// let (down, up) = (parked.clone(), parked.clone());
    /// let runtime = Builder::new_multi_thread()
    ///     .worker_threads(2)
    ///     .on_thread_park(move || _ = down.fetch_add(1, Relaxed))
    ///     .on_thread_unpark(move || _ = up.fetch_sub(1, Relaxed))
    ///     .build()?;
    /// let seen = parked.clone();
    /// // The thread that runs a task is not parked.
    /// assert!(runtime.block_on(runtime.spawn(async move { seen.load(Relaxed) })) < 2);
    /// drop(runtime);
    /// assert_eq!(parked.load(Relaxed), 0);
    /// # Ok::<(), tenter_runtime::BuildError>(())
    /// ```
    pub fn on_thread_park(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.config.on_thread_park = Some(Arc::new(hook) as ThreadHook);
        self
    }

    /// Sets what is called on such a thread when it goes on: before it polls a task again, or ends; in a current-thread runtime
    /// after each sleep. Once for each call of [`on_thread_park`](Self::on_thread_park)'s.
    ///
    /// What was woken waits for it. A panic of it ends the hook alone.
    pub fn on_thread_unpark(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.config.on_thread_unpark = Some(Arc::new(hook) as ThreadHook);
        self
    }

    /// Sets the most threads of the blocking pool (512 unless told).
    pub fn max_blocking_threads(mut self, threads: usize) -> Self {
        self.pool = self.pool.max_threads(threads);
        self
    }

    /// Sets how long an idle thread of the blocking pool stays (10 s unless told).
    pub fn thread_keep_alive(mut self, keep_alive: Duration) -> Self {
        self.pool = self.pool.keep_alive(keep_alive);
        self
    }

    /// Chooses the reactor. Unless this, [`reactors`](Self::reactors) or [`reactor_with`](Self::reactor_with) is called, the
    /// environment variable `TENTER_REACTOR` names it, and without that it is the best one that works here.
    ///
    /// If it can't be made here, no other takes its place: [`build`](Self::build) fails.
    pub fn reactor(self, backend: Backend) -> Self {
        self.reactors([backend])
    }

    /// Chooses the first of these reactors that is compiled in and works here, as `TENTER_REACTOR=uring,epoll` does.
    ///
    /// [`Handle::reactor_report`](crate::Handle::reactor_report) says which one that was, and why not one before it. If none works, [`build`](Self::build)
    /// fails. An empty list chooses nothing.
    ///
    /// ```
    /// use tenter_runtime::{Backend, Builder};
    ///
    /// // The ring where it is allowed.
    /// let builder = Builder::new_current_thread().reactors([Backend::Uring, Backend::Epoll, Backend::Poll]);
    /// println!("{}", builder.build()?.reactor_report());
    /// # Ok::<(), tenter_runtime::BuildError>(())
    /// ```
    pub fn reactors(mut self, backends: impl IntoIterator<Item = Backend>) -> Self {
        self.wish = Wish::Named(backends.into_iter().collect());
        self
    }

    /// Brings a reactor that tenter does not know.
    pub fn reactor_with<F>(mut self, make: F) -> Self
    where
        F: Fn(&ReactorConfig) -> io::Result<Arc<dyn Reactor>> + Send + Sync + 'static,
    {
        self.wish = Wish::Made(Arc::new(make));
        self
    }

    /// Makes the runtime. No thread is started yet.
    ///
    /// # Errors
    /// If the chosen reactor is not compiled in or can't be made here, none works, the number of workers is out of
    /// range, `TENTER_CHAOS` or `TENTER_FAULTY` is not a seed, `TENTER_DEBUG` neither 1 nor 0,
    /// a socket that was asked for can't be made, or too many runtimes live at once.
    pub fn build(mut self) -> Result<Runtime, BuildError> {
        if self.multi_thread && self.config.workers == 0 {
            return Err(BuildError::NoWorkers);
        }
        self.config.chaos = self.chaos.seed(seed::CHAOS)?;
        let debug = self.debug.map_or_else(|| switch::of(switch::DEBUG), Ok)?;
        self.config.debug = debug.then_some(self.how);
        let (reactor, report) = choice::choose(&self.wish, self.faulty.seed(seed::FAULTY)?)?;
        let driver = Driver::new(reactor, Clock::System, Scheduler::wheels(&self.config));
        let spin = match self.config.latency {
            Latency::NoSpin => Spin::Never,
            Latency::Latency => Spin::Always,
            _ => Spin::Adaptive,
        };
        let shared = Shared::new(driver, Pool::new(self.pool.spin(spin)), report);
        let place = self.inspect.map_or_else(inspect::place, Ok)?;
        let runtime = Runtime::from_handle(Handle::new(Scheduler::new(self.config, Arc::new(shared))?));
        match place {
            Some(place) => runtime.inspected(&place),
            None => Ok(runtime),
        }
    }
}

/// For [`PerCore`], whose threads are started outside the scheduler.
impl Builder {
    /// Prepares one current-thread runtime per core this process may use, with these settings; see [`PerCore`].
    ///
    /// The name, stack size and hooks of worker threads are those of the cores' threads; a number of worker threads plays
    /// no role.
    ///
    /// # Errors
    /// If it can't be found out which cores there are.
    pub fn per_core(mut self) -> Result<PerCore, PerCoreError> {
        self.config.workers = 0;
        self.multi_thread = false;
        PerCore::new(self)
    }

    /// A thread for a core, to be started.
    pub(crate) fn thread_of(&self, core: Core) -> thread::Builder {
        let builder = thread::Builder::new().name(format!("{}-{}", self.config.thread_name, core.index()));
        match self.config.stack_size {
            Some(bytes) => builder.stack_size(bytes),
            None => builder,
        }
    }

    /// Calls the start hook now, and the stop hook when the guard is dropped. A panic of a hook ends the hook alone.
    pub(crate) fn hooks(&self) -> Hooks<'_> {
        call(self.config.on_thread_start.as_ref());
        Hooks(&self.config)
    }
}

/// A thread between its hooks.
pub(crate) struct Hooks<'a>(&'a Config);

impl Drop for Hooks<'_> {
    fn drop(&mut self) {
        call(self.0.on_thread_stop.as_ref());
    }
}

fn call(hook: Option<&ThreadHook>) {
    let Some(hook) = hook else { return };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| hook())) {
        // It has been printed; its drop may panic, too.
        std::mem::forget(payload);
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wish = match &self.wish {
            Wish::Any => "any".to_owned(),
            Wish::Named(backends) => format!("{backends:?}"),
            Wish::Made(_) => "brought along".to_owned(),
        };
        f.debug_struct("Builder").field("config", &self.config).field("reactor", &wish).finish_non_exhaustive()
    }
}
