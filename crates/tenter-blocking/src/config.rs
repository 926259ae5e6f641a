//! What a pool is made with.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::lane::{LANES, Limits};
use crate::queue::Settings;
use crate::{Lane, Spin};

/// A function that every thread of a pool calls.
pub(crate) type Hook = Arc<dyn Fn() + Send + Sync>;

/// What a [`Pool`](crate::Pool) is made with.
///
/// ```
/// use std::time::Duration;
/// use tenter_blocking::{Pool, PoolConfig};
///
/// let config = PoolConfig::new().max_threads(8).keep_alive(Duration::from_secs(1)).thread_name("files");
/// let pool = Pool::new(config);
/// assert_eq!(pool.threads(), 0);
/// ```
#[derive(Clone)]
#[non_exhaustive]
#[must_use = "a configuration does nothing until it is given to `Pool::new`"]
pub struct PoolConfig {
    pub(crate) max_threads: usize,
    pub(crate) lane_limits: [Option<usize>; LANES],
    pub(crate) keep_alive: Duration,
    pub(crate) spin: Spin,
    pub(crate) thread_name: String,
    pub(crate) stack_size: Option<usize>,
    pub(crate) on_thread_start: Option<Hook>,
    pub(crate) on_thread_stop: Option<Hook>,
}

impl PoolConfig {
    /// The defaults: 512 threads at most, gone after 10 s without work, the system's stack size.
    pub fn new() -> Self {
        Self {
            // Both as in tokio, whose users are used to them.
            max_threads: 512,
            keep_alive: Duration::from_secs(10),
            lane_limits: [None; LANES],
            spin: Spin::Adaptive,
            // 15 bytes: the longest name that Linux shows in full.
            thread_name: String::from("tenter-blocking"),
            stack_size: None,
            on_thread_start: None,
            on_thread_stop: None,
        }
    }

    /// The most threads that run jobs at a time; further jobs queue.
    ///
    /// Jobs that wait for other jobs of the same pool need a thread each. With 0, the pool refuses every job.
    pub fn max_threads(mut self, max_threads: usize) -> Self {
        self.max_threads = max_threads;
        self
    }

    /// The most jobs of a lane that run at a time; further ones queue, and hold up no other lane.
    ///
    /// Unless told, [`Lane::General`] may have all threads, and [`Lane::Dns`] and [`Lane::File`] a quarter each, so that
    /// both together leave half of them to the others, as in libuv. A limit of 0 counts as 1. Jobs that
    /// wait for other jobs of the same lane need one more each.
    pub fn lane_limit(mut self, lane: Lane, jobs: usize) -> Self {
        self.lane_limits[lane.index()] = Some(jobs);
        self
    }

    /// How long a thread looks for the next job before it sleeps ([`Spin::Adaptive`] unless told).
    ///
    /// On a machine with one CPU no thread ever spins.
    pub fn spin(mut self, spin: Spin) -> Self {
        self.spin = spin;
        self
    }

    /// How long a thread without work stays; `Duration::MAX` means for ever.
    pub fn keep_alive(mut self, keep_alive: Duration) -> Self {
        self.keep_alive = keep_alive;
        self
    }

    /// The name of the threads.
    ///
    /// A name with a NUL byte makes every thread start fail.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = name.into();
        self
    }

    /// The size of the threads' stacks in bytes.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Calls `hook` on each thread before its first job.
    ///
    /// A panic of the hook is caught: the thread works on.
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_thread_start = Some(Arc::new(hook));
        self
    }

    /// Calls `hook` on each thread after its last job, when the pool no longer counts it.
    ///
    /// A panic of the hook is caught.
    pub fn on_thread_stop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_thread_stop = Some(Arc::new(hook));
        self
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            max_threads: self.max_threads,
            limits: Limits::new(self.max_threads, self.lane_limits),
            keep_alive: self.keep_alive,
            spin: if is_single() { Spin::Never } else { self.spin },
            mean_time: None,
        }
    }
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PoolConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolConfig")
            .field("max_threads", &self.max_threads)
            .field("lane_limits", &self.lane_limits)
            .field("keep_alive", &self.keep_alive)
            .field("spin", &self.spin)
            .field("thread_name", &self.thread_name)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}

/// Whether there is one CPU only: spinning for what another thread brings would keep that thread from it. Asked once in a
/// process, for the system reads files to answer.
fn is_single() -> bool {
    static SINGLE: OnceLock<bool> = OnceLock::new();
    *SINGLE.get_or_init(|| num_cpus::get() == 1)
}
