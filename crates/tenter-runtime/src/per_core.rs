//! One current-thread runtime per core: nothing is shared, and no task moves.
//!
//! ```
//! use tenter_runtime::Builder;
//!
//! let per_core = Builder::new_current_thread().per_core()?;
//! let numbers = per_core.run(|core| async move {
//!     let task = tenter_runtime::spawn(async move { core.index() });
//!     task.await
//! })?;
//! assert_eq!(numbers, (0..per_core.cores().len()).collect::<Vec<_>>());
//! # Ok::<(), tenter_runtime::per_core::PerCoreError>(())
//! ```

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, ScopedJoinHandle};

use crate::{BuildError, Builder, Runtime};

/// A core that this process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Core {
    index: usize,
    cpu: Option<usize>,
}

impl Core {
    /// Its number among [`PerCore::cores`], from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The number by which the operating system knows it; `None` where threads are not pinned.
    #[must_use]
    pub fn cpu(&self) -> Option<usize> {
        self.cpu
    }
}

impl fmt::Display for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cpu {
            Some(cpu) => write!(f, "core {} (CPU {cpu})", self.index),
            None => write!(f, "core {}", self.index),
        }
    }
}

/// Runs a program of its own on each core; made by [`Builder::per_core`](crate::Builder::per_core).
///
/// Each core gets a thread that is pinned to it (on Linux; elsewhere the operating system places the threads), with a
/// current-thread runtime: its own reactor, timers and blocking pool. Tasks stay on the core that spawned them. Cores
/// talk through channels, which work across runtimes. For sockets, each core can have a listener of its own at one
/// address, with `SO_REUSEPORT`.
///
/// A thread started by a pinned one is pinned to the same core, those of its blocking pool included. A core that is
/// busy is not helped by the others: where the load is uneven, or polls are long, a multi-thread runtime serves better.
#[derive(Clone, Debug)]
pub struct PerCore {
    builder: Builder,
    cores: Vec<Core>,
}

/// What a thread says before it runs anything: whether it has its runtime.
type Report = Result<(), PerCoreError>;

impl PerCore {
    pub(crate) fn new(builder: Builder) -> Result<Self, PerCoreError> {
        let cpus = pin::cpus().map_err(PerCoreError::Cores)?;
        // Fewer, if a cgroup grants less time than that of all these.
        let granted = thread::available_parallelism().map_or(cpus.len(), usize::from).max(1);
        let cores = cpus.into_iter().take(granted).enumerate().map(|(index, cpu)| Core { index, cpu }).collect();
        Ok(Self { builder, cores })
    }

    /// The cores, one thread each: those that the calling thread was allowed to run on when this was made, and no more than
    /// a cgroup's share of time is worth.
    #[must_use]
    pub fn cores(&self) -> &[Core] {
        &self.cores
    }

    /// Uses at most so many cores, and at least one.
    #[must_use]
    pub fn limit(mut self, cores: usize) -> Self {
        self.cores.truncate(cores.max(1));
        self
    }

    /// Runs the future that `main` makes for each core on that core, and gives what they end with, in the order of
    /// [`cores`](Self::cores).
    ///
    /// The futures are made on their threads, so they need not be `Send`, and they may borrow from the caller. None is
    /// made before every core has its runtime. The calling thread waits until all have ended; a runtime's remaining
    /// tasks are cancelled when its future ends. To end the futures early, tell them: each can wait for the end of a
    /// channel beside its work.
    ///
    /// ```
    /// use tenter_runtime::Builder;
    ///
    /// let words = ["a", "core", "each"];
    /// let per_core = Builder::new_current_thread().per_core()?.limit(2);
    /// let lengths = per_core.run(|core| {
    ///     let words = &words;
    ///     async move { words[core.index()].len() }
    /// })?;
    /// assert_eq!(lengths[0], 1);
    /// # Ok::<(), tenter_runtime::per_core::PerCoreError>(())
    /// ```
    ///
    /// # Errors
    /// If a thread can't be started or pinned, or its runtime can't be built. No future is made then.
    ///
    /// # Panics
    /// With the panic of the first core whose future panicked, after all have ended.
    pub fn run<F, Fut>(&self, main: F) -> Result<Vec<Fut::Output>, PerCoreError>
    where
        F: Fn(Core) -> Fut + Sync,
        Fut: Future,
        Fut::Output: Send,
    {
        let main = &main;
        thread::scope(|scope| {
            let (report, reports) = mpsc::channel();
            let mut threads = Vec::with_capacity(self.cores.len());
            for &core in &self.cores {
                let (go, may_go) = mpsc::channel();
                let report = report.clone();
                let run = move || self.run_on(core, &report, may_go, main);
                match self.builder.thread_of(core).spawn_scoped(scope, run) {
                    Ok(thread) => threads.push((go, thread)),
                    // The others are told below, by the end of their channels.
                    Err(error) => return Err(PerCoreError::Thread { core, error }),
                }
            }
            drop(report);
            finish(&reports, threads)
        })
    }

    /// The life of a core's thread. `None` if it was not told to go.
    fn run_on<T, F, Fut>(&self, core: Core, report: &Sender<Report>, may_go: Receiver<()>, main: F) -> Option<T>
    where
        F: Fn(Core) -> Fut,
        Fut: Future<Output = T>,
    {
        let _hooks = self.builder.hooks();
        let runtime = match self.prepare(core) {
            Ok(runtime) => runtime,
            Err(error) => {
                // Nobody listens any more if another core has failed before.
                let _ = report.send(Err(error));
                return None;
            }
        };
        let _ = report.send(Ok(()));
        may_go.recv().ok()?;
        Some(runtime.block_on(async { main(core).await }))
    }

    /// Pins the thread, then makes its runtime, so that the memory of both is near the core.
    fn prepare(&self, core: Core) -> Result<Runtime, PerCoreError> {
        if let Some(cpu) = core.cpu {
            pin::pin(cpu).map_err(|error| PerCoreError::Pin { core, error })?;
        }
        self.builder.clone().build().map_err(|error| PerCoreError::Build { core, error })
    }
}

/// Lets the threads go once all are ready, and collects what they end with.
fn finish<T>(
    reports: &Receiver<Report>,
    threads: Vec<(Sender<()>, ScopedJoinHandle<'_, Option<T>>)>,
) -> Result<Vec<T>, PerCoreError> {
    // A thread that panics instead has dropped its end, so that this ends; the join below finds the panic.
    let ready: Vec<Report> = reports.iter().take(threads.len()).collect();
    let all = ready.len() == threads.len();
    let ready: Result<Vec<()>, PerCoreError> = ready.into_iter().collect();
    let (gos, threads): (Vec<_>, Vec<_>) = threads.into_iter().unzip();
    if all && ready.is_ok() {
        for go in &gos {
            // A thread that said it is ready waits for this.
            let _ = go.send(());
        }
    }
    drop(gos);
    let ends: Vec<_> = threads.into_iter().map(ScopedJoinHandle::join).collect();
    let ends: Result<Vec<Option<T>>, _> = ends.into_iter().collect();
    match ends {
        Err(payload) => resume_unwind(payload),
        Ok(ends) => ready.map(|_| ends.into_iter().flatten().collect()),
    }
}

/// Why [`PerCore`] could not run.
#[derive(Debug)]
#[non_exhaustive]
pub enum PerCoreError {
    /// Which cores this process may use could not be found out.
    Cores(io::Error),
    /// A core's thread could not be started.
    Thread {
        /// The core.
        core: Core,
        /// What the operating system says.
        error: io::Error,
    },
    /// A thread could not be pinned: the core was taken from this process, or the system forbids it.
    Pin {
        /// The core.
        core: Core,
        /// What the operating system says.
        error: io::Error,
    },
    /// A core's runtime could not be built.
    Build {
        /// The core.
        core: Core,
        /// Why.
        error: BuildError,
    },
}

impl fmt::Display for PerCoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cores(error) => write!(f, "the cores of this process can't be found out: {error}"),
            Self::Thread { core, error } => {
                write!(f, "the thread of {core} can't be started: {error}; limit the number of cores")
            }
            Self::Pin { core, error } => {
                write!(f, "no thread can be pinned to {core}: {error}; ask for the cores again, they may have changed")
            }
            Self::Build { core, error } => write!(f, "{core}: {error}"),
        }
    }
}

impl Error for PerCoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Cores(error) | Self::Thread { error, .. } | Self::Pin { error, .. } => Some(error),
            Self::Build { error, .. } => Some(error),
        }
    }
}

impl From<PerCoreError> for io::Error {
    fn from(error: PerCoreError) -> Self {
        let kind = match &error {
            PerCoreError::Cores(error) | PerCoreError::Thread { error, .. } | PerCoreError::Pin { error, .. } => {
                error.kind()
            }
            PerCoreError::Build { .. } => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// Where threads can be pinned.
#[cfg(target_os = "linux")]
mod pin {
    use std::io;

    use std::mem;

    use libc::cpu_set_t;

    /// How many CPUs a set can name.
    const CPUS: usize = libc::CPU_SETSIZE as usize;

    /// The CPUs that this thread may run on.
    pub(super) fn cpus() -> io::Result<Vec<Option<usize>>> {
        let mut set = none();
        // SAFETY: the set is as long as is said, and lives through the call.
        if unsafe { libc::sched_getaffinity(0, size_of::<cpu_set_t>(), &mut set) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the numbers are those that a set has bits for.
        Ok((0..CPUS).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).map(Some).collect())
    }

    /// Pins this thread.
    pub(super) fn pin(cpu: usize) -> io::Result<()> {
        let mut set = none();
        if cpu < CPUS {
            // SAFETY: a set has a bit for this number.
            unsafe { libc::CPU_SET(cpu, &mut set) };
        }
        // SAFETY: the set is as long as is said, and lives through the call.
        match unsafe { libc::sched_setaffinity(0, size_of::<cpu_set_t>(), &set) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// No CPU; a thread that is pinned to that is refused by the system.
    fn none() -> cpu_set_t {
        // SAFETY: a set is an array of integers, for which zeros are a value.
        unsafe { mem::zeroed() }
    }
}

/// Where threads are not pinned.
#[cfg(not(target_os = "linux"))]
mod pin {
    use std::io;

    /// As many as the system says.
    pub(super) fn cpus() -> io::Result<Vec<Option<usize>>> {
        Ok(vec![None; std::thread::available_parallelism()?.into()])
    }

    /// Never called: no core has a number.
    pub(super) fn pin(_: usize) -> io::Result<()> {
        Ok(())
    }
}
