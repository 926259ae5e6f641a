//! Why a job was refused.

use std::error::Error;
use std::{fmt, io};

/// Why a pool takes no job.
#[derive(Debug)]
pub enum Reason {
    /// It was shut down.
    Closed,
    /// It has no thread and could not start one.
    NoThread(io::Error),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => {
                f.write_str("the blocking pool was shut down and takes no more jobs; use one of a runtime that runs")
            }
            Self::NoThread(error) => write!(
                f,
                "the blocking pool has no thread and could not start one: {error}; \
                 use fewer threads or raise the limit on them, or try again later"
            ),
        }
    }
}

/// A job that a pool refused, and why; [`into_job`](Self::into_job) gives the job back.
///
/// ```
/// use tenter_blocking::{Pool, PoolConfig};
///
/// let pool = Pool::new(PoolConfig::new());
/// pool.shutdown();
/// let refused = pool.try_spawn(|| 5).unwrap_err();
/// assert!(refused.is_closed());
/// let job = refused.into_job();
/// assert_eq!(job(), 5);
/// ```
pub struct SpawnError<F> {
    job: F,
    reason: Reason,
}

impl<F> SpawnError<F> {
    pub(crate) fn new(job: F, reason: Reason) -> Self {
        Self { job, reason }
    }

    /// The job, which was neither run nor changed.
    pub fn into_job(self) -> F {
        self.job
    }

    /// Whether the pool was shut down, so that trying again is of no use.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.reason, Reason::Closed)
    }

    /// What the system said when the pool tried to start its only thread.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        match &self.reason {
            Reason::Closed => None,
            Reason::NoThread(error) => Some(error),
        }
    }
}

impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnError").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<F> Error for SpawnError<F> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.io_error().map(|error| error as _)
    }
}
