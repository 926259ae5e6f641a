//! One suite that every reactor passes.
//!
//! It works for edge and one-shot reactors alike, on Unix and on Windows, asks them for nothing but the [`Reactor`] trait,
//! and uses real sockets, pipes, threads and signals. A case that hangs fails: each runs on a thread of its own under a watchdog.
//!
//! # Examples
//! In the tests of a crate that has a reactor:
//! ```no_run
//! # use std::{io, sync::Arc};
//! # use tenter_reactor::Reactor;
//! # fn my_reactor() -> io::Result<Arc<dyn Reactor>> { unimplemented!() }
//! #[test]
//! fn conforms() {
//!     tenter_reactor::conformance::assert(|| my_reactor());
//! }
//! ```
//!
//! To run a single case, see [`cases`]. The signal case (Unix) installs a handler for `SIGUSR2` that does nothing, and
//! leaves it in place.

#[cfg(windows)]
mod absent;
mod closing;
mod concurrency;
#[cfg(unix)]
mod descriptors;
mod fixture;
mod limits;
mod readiness;
mod registration;
mod rig;
#[cfg(unix)]
mod signals;
mod system;
mod timeout;
mod tokens;
mod wake;

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::Reactor;

/// How long a case may take before the watchdog calls it hanging.
const WATCHDOG: Duration = Duration::from_secs(60);

/// Makes a fresh reactor for each case.
pub type Maker = Arc<dyn Fn() -> io::Result<Arc<dyn Reactor>> + Send + Sync>;

/// Why a case did not pass.
#[derive(Debug)]
enum Stop {
    /// The reactor broke its promise.
    Failed(String),
    /// The case asks for something that the reactor or the system does not have.
    Skipped(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(format!("unexpected error: {error} ({error:?})"))
    }
}

impl From<rustix::io::Errno> for Stop {
    fn from(error: rustix::io::Errno) -> Self {
        Self::from(io::Error::from(error))
    }
}

type Tried = Result<(), Stop>;

/// Fails the case with a message unless a condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::conformance::Stop::Failed(format!($($message)+)));
        }
    };
}
use ensure;

/// One promise of the contract, and the code that tries it.
#[derive(Clone, Copy)]
pub struct Case {
    name: &'static str,
    body: fn(&Maker) -> Tried,
}

impl Case {
    const fn new(name: &'static str, body: fn(&Maker) -> Tried) -> Self {
        Self { name, body }
    }

    /// What the case is called; it says what a reactor does.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Tries a reactor from `make`.
    ///
    /// Takes a minute at most; a case that has not ended by then has failed, and its thread stays behind.
    pub fn run<F>(&self, make: F) -> Finding
    where
        F: Fn() -> io::Result<Arc<dyn Reactor>> + Send + Sync + 'static,
    {
        self.run_within(WATCHDOG, make)
    }

    /// Like [`run`](Self::run), under a watchdog with another limit.
    pub fn run_within<F>(&self, limit: Duration, make: F) -> Finding
    where
        F: Fn() -> io::Result<Arc<dyn Reactor>> + Send + Sync + 'static,
    {
        self.watched(limit, &(Arc::new(make) as Maker))
    }

    fn watched(&self, limit: Duration, make: &Maker) -> Finding {
        let (done, result) = mpsc::channel();
        let (body, make) = (self.body, Arc::clone(make));
        let spawned = thread::Builder::new().name(format!("conformance: {}", self.name)).spawn(move || {
            let outcome = match catch_unwind(AssertUnwindSafe(|| body(&make))) {
                Ok(Ok(())) => Outcome::Passed,
                Ok(Err(Stop::Skipped(why))) => Outcome::Skipped(why),
                Ok(Err(Stop::Failed(why))) => Outcome::Failed(why),
                Err(panic) => Outcome::Failed(format!("panicked: {}", message(&*panic))),
            };
            // The watchdog may have stopped listening.
            let _ = done.send(outcome);
        });
        let outcome = match spawned {
            Err(error) => Outcome::Failed(format!("no thread for the case: {error}")),
            Ok(_) => match result.recv_timeout(limit) {
                Ok(outcome) => outcome,
                Err(RecvTimeoutError::Timeout) => Outcome::Failed(format!("hung: no end within {limit:?}")),
                Err(RecvTimeoutError::Disconnected) => Outcome::Failed("the case's thread vanished".to_owned()),
            },
        };
        Finding { case: self.name, outcome }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish()
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)")
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The promise was kept.
    Passed,
    /// The case does not apply to the reactor or the system, and why.
    Skipped(String),
    /// The promise was broken, and how.
    Failed(String),
}

/// A case and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The case's name.
    pub case: &'static str,
    /// How it ended.
    pub outcome: Outcome,
}

/// What [`run`] found out.
#[derive(Clone, Debug)]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// Every case, in the order of [`cases`].
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The cases that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| matches!(finding.outcome, Outcome::Failed(_)))
    }

    /// Whether none failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { case, outcome } in &self.findings {
            match outcome {
                Outcome::Passed => writeln!(f, "pass  {case}")?,
                Outcome::Skipped(why) => writeln!(f, "skip  {case}: {why}")?,
                Outcome::Failed(why) => writeln!(f, "FAIL  {case}: {why}")?,
            }
        }
        Ok(())
    }
}

/// Every case of the suite.
///
/// # Examples
/// ```
/// # use std::{io, sync::Arc};
/// # use tenter_reactor::Reactor;
/// use tenter_reactor::conformance::{self, Outcome};
/// # fn my_reactor() -> io::Result<Arc<dyn Reactor>> { tenter_reactor_poll::new(&Default::default()) }
///
/// let case = conformance::case("a_wake_before_a_wait_ends_it").unwrap();
/// assert_eq!(case.run(my_reactor).outcome, Outcome::Passed);
/// ```
#[must_use]
pub fn cases() -> Vec<Case> {
    [
        registration::CASES,
        readiness::CASES,
        closing::CASES,
        #[cfg(unix)]
        descriptors::CASES,
        wake::CASES,
        timeout::CASES,
        #[cfg(unix)]
        signals::CASES,
        tokens::CASES,
        concurrency::CASES,
        limits::CASES,
        #[cfg(windows)]
        absent::CASES,
    ]
    .concat()
}

/// The case of this name.
#[must_use]
pub fn case(name: &str) -> Option<Case> {
    cases().into_iter().find(|case| case.name == name)
}

/// Tries every case on reactors from `make`, one after the other.
pub fn run<F>(make: F) -> Report
where
    F: Fn() -> io::Result<Arc<dyn Reactor>> + Send + Sync + 'static,
{
    let make: Maker = Arc::new(make);
    Report { findings: cases().iter().map(|case| case.watched(WATCHDOG, &make)).collect() }
}

/// Like [`run`], for tests; prints the report, which `cargo test -- --show-output` shows.
///
/// # Panics
/// If a case fails; the message lists every case.
#[track_caller]
pub fn assert<F>(make: F)
where
    F: Fn() -> io::Result<Arc<dyn Reactor>> + Send + Sync + 'static,
{
    let report = run(make);
    assert!(report.passed(), "the reactor does not conform:\n{report}");
    print!("{report}");
}
