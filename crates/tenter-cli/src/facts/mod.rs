//! What is so on this machine, without judgement.

mod cpus;
mod timers;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(unix))]
mod no_limits;
#[cfg(not(target_os = "linux"))]
mod no_linux;
#[cfg(unix)]
mod unix;

#[cfg(target_os = "linux")]
use linux as special;
#[cfg(not(unix))]
use no_limits as limits;
#[cfg(not(target_os = "linux"))]
use no_linux as special;
#[cfg(unix)]
use unix as limits;

use std::env;

use tenter::Runtime;
use tenter::reactor::Capabilities;

pub(crate) use self::cpus::Cpus;
pub(crate) use self::timers::Lateness;

/// All of it.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) system: System,
    pub(crate) backends: Vec<Backend>,
    /// Which reactor a runtime gets that asks for none, and why; or why there is none.
    pub(crate) chosen: Result<String, String>,
    /// The seed that `TENTER_CHAOS` gives.
    pub(crate) chaos: Option<String>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) cpus: Cpus,
    /// How late sleeps end: a thread's own, then on each reactor that works.
    pub(crate) timers: Vec<(&'static str, Lateness)>,
}

impl Facts {
    pub(crate) fn gather() -> Self {
        let backends: Vec<_> = tenter::Backend::all().iter().map(|backend| Backend::probe(*backend)).collect();
        let chosen = Runtime::new().map_err(|error| error.to_string());
        let workers = chosen.as_ref().ok().map(|runtime| runtime.worker_threads());
        Self {
            system: System::look(),
            backends,
            chosen: chosen.map(|runtime| runtime.reactor_report().to_string()),
            chaos: env::var("TENTER_CHAOS").ok().filter(|seed| !seed.is_empty()),
            limits: limits::limits(),
            cpus: Cpus::look(workers),
            timers: timers::measure(),
        }
    }

    /// A limit by its name.
    pub(crate) fn limit(&self, name: &str) -> Option<&Limit> {
        self.limits.iter().find(|limit| limit.name == name)
    }
}

/// The operating system. `None` is what it does not have, or does not tell.
#[derive(Debug, Default)]
pub(crate) struct System {
    pub(crate) os: &'static str,
    pub(crate) arch: &'static str,
    pub(crate) kernel: Option<String>,
    /// Whether a filter of system calls is on this process.
    pub(crate) seccomp: Option<bool>,
    /// `kernel.io_uring_disabled`: 0 is for all, 1 for a group of users, 2 for nobody.
    pub(crate) io_uring_disabled: Option<u64>,
    /// `fs.epoll.max_user_watches`.
    pub(crate) max_user_watches: Option<u64>,
}

impl System {
    fn look() -> Self {
        Self {
            os: env::consts::OS,
            arch: env::consts::ARCH,
            kernel: limits::kernel(),
            seccomp: special::seccomp(),
            io_uring_disabled: special::number_in("/proc/sys/kernel/io_uring_disabled"),
            max_user_watches: special::number_in("/proc/sys/fs/epoll/max_user_watches"),
        }
    }
}

/// A reactor that tenter knows.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) name: &'static str,
    pub(crate) compiled_in: bool,
    pub(crate) probed: Result<Capabilities, String>,
}

impl Backend {
    fn probe(backend: tenter::Backend) -> Self {
        let compiled_in = tenter::Backend::compiled_in().contains(&backend);
        let reason = |error: tenter::BuildError| match error {
            tenter::BuildError::Reactor { error, .. } => error.to_string(),
            other => other.to_string(),
        };
        Self { name: backend.name(), compiled_in, probed: backend.probe().map_err(reason) }
    }

    pub(crate) fn works(&self) -> bool {
        self.probed.is_ok()
    }
}

/// A limit on what a process may have: in force, and as far as it may raise that. `None` is no limit.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) name: &'static str,
    pub(crate) soft: Option<u64>,
    pub(crate) hard: Option<u64>,
    pub(crate) unit: &'static str,
}
