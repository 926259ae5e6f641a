//! The scheduler as its owner sees it.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::thread::{self, JoinHandle};

use tenter_task::record::{self, Record};
use tenter_task::{Spawn, Task, TaskId, Tracker, schedule_with_info};

use crate::context::{self, Context, Role};
use crate::debug::{Debug, Observer};
use crate::hooks::{ThreadHook, call};
use crate::park::Park;
use crate::registry::Key;
use crate::slot::{self, Slot};
use crate::spin::Latency;
use crate::weak::WeakScheduler;
use crate::{root, schedule, worker};

/// How a scheduler is made.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// The most worker threads; 0 makes a current-thread scheduler, which runs inside `block_on` alone.
    pub workers: usize,
    /// Whether the thread in `block_on` also polls tasks that its future woke or spawned, while there are workers.
    ///
    /// It does unless told otherwise: such a task needs no other thread to be woken for it. The price is that the future
    /// waits for the poll of such a task to end, however long that is.
    pub block_on_runs_tasks: bool,
    /// How threads wait for work.
    pub latency: Latency,
    /// A seed: the scheduler does at random what it may do, but rarely does, so that whoever counts on more than is promised
    /// is found. It is slower; two runs with one seed differ as far as their timing does.
    pub chaos: Option<u64>,
    /// Has a [record](tenter_task::record) kept of each task, and slow polls reported. It is slower.
    pub debug: Option<Debug>,
    /// The name of worker threads.
    pub thread_name: String,
    /// Bytes of stack of a worker thread; `None`: the standard library's default.
    pub stack_size: Option<usize>,
    /// Called on each worker thread before it runs anything. It must not wait for tasks of this scheduler: the others
    /// count on this thread to run them. A panic of it ends the hook alone.
    pub on_thread_start: Option<ThreadHook>,
    /// Called on each worker thread after it ran its last task. A panic of it ends the hook alone.
    pub on_thread_stop: Option<ThreadHook>,
    /// Called on a worker thread that has nothing to do and is about to sleep, once until it polls again, and in a scheduler
    /// without workers on the thread in `block_on` before each sleep. What it spawns and wakes comes before the sleep. A panic
    /// of it ends the hook alone.
    pub on_thread_park: Option<ThreadHook>,
    /// Called before such a thread polls again, or ends, once for each call of the other. A panic of it ends the hook alone.
    pub on_thread_unpark: Option<ThreadHook>,
}

impl Default for Config {
    /// As many workers as there are CPUs to use (cgroup limits included; of 1.5 CPUs, two).
    fn default() -> Self {
        Self::with_workers(num_cpus::get().clamp(1, MAX_WORKERS))
    }
}

impl Config {
    /// With so many worker threads; spares the system the question how many CPUs there are.
    #[must_use]
    pub fn with_workers(workers: usize) -> Self {
        Self {
            workers,
            block_on_runs_tasks: true,
            latency: Latency::default(),
            chaos: None,
            debug: None,
            thread_name: "tenter-worker".to_owned(),
            stack_size: None,
            on_thread_start: None,
            on_thread_stop: None,
            on_thread_park: None,
            on_thread_unpark: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("workers", &self.workers).field("thread_name", &self.thread_name).finish()
    }
}

/// The most worker threads a scheduler can have.
pub const MAX_WORKERS: usize = 1024;

/// Why a scheduler could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MakeError {
    /// More than [`MAX_WORKERS`] workers were asked for.
    TooManyWorkers(usize),
    /// Too many runtimes live at once; drop some.
    TooManyRuntimes,
}

impl fmt::Display for MakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyWorkers(asked) => {
                write!(f, "{asked} worker threads were asked for; ask for at most {MAX_WORKERS}")
            }
            Self::TooManyRuntimes => {
                write!(f, "{} runtimes live at once; drop some before making more", slot::MAX_SLOTS)
            }
        }
    }
}

impl std::error::Error for MakeError {}

/// One incarnation of a scheduler in its slot.
pub(crate) struct Core {
    pub(crate) slot: &'static Slot,
    /// Which of the slot's runtimes this is.
    pub(crate) name: WeakScheduler,
    pub(crate) park: Arc<dyn Park>,
    pub(crate) config: Config,
    /// In debug mode.
    pub(crate) observer: Option<Observer>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("slot", &self.slot.index).field("config", &self.config).finish_non_exhaustive()
    }
}

impl Core {
    /// Starts a worker thread if a seat is free; it counts as searching from now on.
    pub(crate) fn start_worker(core: &Arc<Self>) -> bool {
        let slot = core.slot;
        // Held until the thread is in the list, so that whoever closes the runtime either joins it or is seen here.
        let mut threads = core.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_closed() {
            return true;
        }
        let Some(seat) = (0..slot.workers()).find(|&seat| slot.seats[seat].claim()) else { return true };
        slot.started.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
        slot.idle.start_search_for_new();
        let mut builder = thread::Builder::new().name(format!("{}-{seat}", core.config.thread_name));
        if let Some(bytes) = core.config.stack_size {
            builder = builder.stack_size(bytes);
        }
        let (start, stop) = (core.config.on_thread_start.clone(), core.config.on_thread_stop.clone());
        let own = core.clone();
        let thread = builder.spawn(move || {
            call(start.as_ref());
            worker::run(own, seat, || call(stop.as_ref()));
        });
        match thread {
            Ok(handle) => {
                threads.push(handle);
                true
            }
            Err(_) => {
                slot.started.fetch_sub(1, std::sync::atomic::Ordering::AcqRel);
                // Whoever relied on this searcher is covered by a worker that has parked since, or by the `block_on`
                // thread that the caller wakes.
                let _last = slot.idle.stop_search();
                slot.seats[seat].leave();
                if let Some(worker) = slot.idle.wake_one() {
                    slot.unpark(worker);
                }
                false
            }
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // A slot whose runtime was leaked, or has tasks that never end, keeps its place in the table for good.
        if self.slot.is_closed() && self.slot.is_drained() {
            slot::release(self.slot);
        }
    }
}

/// A handle of a scheduler; cheap to clone.
///
/// ```
/// use std::sync::Arc;
/// use tenter_scheduler::{Config, NoPark, Scheduler};
///
/// let scheduler = Scheduler::new(Config::default(), Arc::new(NoPark))?;
/// let task = scheduler.spawn(async { 6 * 7 });
/// assert_eq!(scheduler.block_on(task), 42);
/// scheduler.close();
/// # Ok::<(), tenter_scheduler::MakeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scheduler {
    pub(crate) core: Arc<Core>,
}

impl Scheduler {
    /// Makes a scheduler; no thread is started before there is something to run.
    ///
    /// # Errors
    /// If there are too many workers or runtimes.
    pub fn new(config: Config, park: Arc<dyn Park>) -> Result<Self, MakeError> {
        if config.workers > MAX_WORKERS {
            return Err(MakeError::TooManyWorkers(config.workers));
        }
        let slot = slot::acquire(config.workers, config.debug.is_some()).ok_or(MakeError::TooManyRuntimes)?;
        slot.seeds.set(config.chaos);
        let observer = config.debug.clone().map(|debug| Observer::new(debug, slot.seats.len()));
        let (name, threads) = (slot.next_name(), Mutex::new(Vec::new()));
        let core = Arc::new(Core { slot, name, park, config, observer, threads });
        slot::settle(slot, Arc::downgrade(&core));
        Ok(Self { core })
    }

    /// How many wheels its [`Park`] needs: one per seat.
    #[must_use]
    pub const fn wheels(config: &Config) -> usize {
        config.workers + 1
    }

    /// What it waits with.
    #[must_use]
    pub fn park(&self) -> &Arc<dyn Park> {
        &self.core.park
    }

    /// The most worker threads; 0 for a current-thread scheduler.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.core.slot.workers()
    }

    /// How many tasks have not ended; a snapshot.
    #[must_use]
    pub fn live_tasks(&self) -> usize {
        self.core.slot.live_tasks()
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.core.slot.is_closed()
    }

    /// Whether it is in debug mode, so that its tasks have records.
    #[must_use]
    pub fn is_debug(&self) -> bool {
        self.core.observer.is_some()
    }

    /// The records of its tasks, in debug mode: each task that lives all the while is among them once. Nothing is polled, and no
    /// thread of its own is needed for it.
    #[must_use]
    pub fn records(&self) -> Vec<Arc<Record>> {
        if self.is_debug() { record::all(self.core.slot.ids()) } else { Vec::new() }
    }

    /// In debug mode: how many of its tasks are gone that were never polled.
    #[must_use]
    pub fn unpolled_tasks(&self) -> u64 {
        self.core.slot.unpolled()
    }

    /// Spawns a task. On a closed scheduler it is cancelled at once.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_named(None, Location::caller(), future)
    }

    /// Spawns a task with a name and a spawn site.
    pub fn spawn_named<F>(&self, name: Option<Box<str>>, site: &'static Location<'static>, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_in(self.core.slot, name, site, future)
    }

    /// Spawns a task on the scheduler that this thread is in, which costs no clone of a handle. Gives the future back if it is
    /// in none, or in one whose [`Park`] is not accepted.
    ///
    /// # Errors
    /// The future.
    #[inline]
    pub fn spawn_here<F>(
        site: &'static Location<'static>,
        accepts: impl FnOnce(&dyn Park) -> bool,
        future: F,
    ) -> Result<Task<F::Output>, F>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let here = context::with(|here| here.filter(|here| accepts(&*here.core.park)).map(Context::slot));
        match here {
            Some(slot) => Ok(spawn_in(slot, None, site, future)),
            None => Err(future),
        }
    }

    /// Polls a future to its end on this thread, which meanwhile runs and drives as well as waits.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        root::block_on(&self.core, future)
    }

    /// Makes this the thread's ambient scheduler for the time of the closure.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        let context = Context::new(self.core.clone(), 0, Role::Guest);
        let _entered = context.enter();
        f()
    }

    /// The scheduler that this thread is in, if it is in one.
    #[must_use]
    pub fn current() -> Option<Self> {
        context::with(|context| context.map(|context| Self { core: context.core.clone() }))
    }

    /// The wheel that timers of this thread belong to: that of its seat in this scheduler, if it has one.
    #[must_use]
    pub fn current_wheel(&self) -> Option<usize> {
        context::with_seat_of(self.core.slot, |seat| seat.map(|context| context.seat))
    }

    /// Makes sure that some thread drives; for whoever registered something from a thread without a seat.
    pub fn cover(&self) {
        self.core.slot.cover();
    }

    /// Ends the scheduler: no more tasks are taken, those that live are cancelled.
    ///
    /// From outside this waits until every task's future is dropped and every worker has ended; of several threads
    /// that close at once, one waits for the workers. From one of its own threads, or within the destructor of one of
    /// its tasks, it only gives the signal, and the last of its threads to leave finishes.
    pub fn close(&self) {
        let slot = self.core.slot;
        let inside = context::is_in_seat_of(slot) || slot.is_draining_here();
        slot.close();
        if inside {
            return;
        }
        slot.drain();
        let threads = std::mem::take(&mut *self.core.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let own = thread::current().id();
        // A worker's thread-locals may close, too, when it is past its seat.
        for thread in threads.into_iter().filter(|thread| thread.thread().id() != own) {
            // A worker thread catches what its tasks and its hooks throw.
            let _ = thread.join();
        }
    }
}

/// Spawns a task on the scheduler in `slot`, which somebody up the stack keeps alive.
#[inline]
fn spawn_in<F>(
    slot: &'static Slot,
    name: Option<Box<str>>,
    site: &'static Location<'static>,
    future: F,
) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    context::with_seat_of(slot, |seat| {
        let (key, meta) = slot.take_in(seat, name.as_deref(), site);
        let tracked = Tracked { key };
        let spawn = Spawn::new(meta, tracked).name(name).spawned_at(site);
        let (runnable, task) = spawn.build(future, schedule_with_info(schedule::schedule));
        if key == Key::UNTRACKED {
            drop(runnable);
        } else {
            schedule::spawned(slot, seat, runnable);
        }
        task
    })
}

/// Part of every task's future: its id, its slot, and its place in the slot's registry once it has waited. Untracked if the
/// task was spawned too late.
struct Tracked {
    key: Key,
}

impl Tracker for Tracked {
    #[inline]
    fn id(&self) -> TaskId {
        TaskId::from_u64(self.key.id())
    }

    #[inline]
    fn waits(&mut self, waker: &Waker) {
        if !self.key.is_entered() {
            self.key = slot::at(self.key.tag()).enter(self.key, waker);
        }
    }

    #[inline]
    fn gone(&mut self) {
        if self.key != Key::UNTRACKED {
            slot::at(self.key.tag()).forget(self.key);
        }
    }
}
