//! Why a runtime could not be built.

use std::error::Error;
use std::fmt;
use std::io;

use tenter_scheduler::MakeError;

use crate::Backend;

/// Why a runtime could not be built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The named reactor does not exist or is not compiled in.
    UnknownReactor {
        /// What was asked for.
        name: String,
        /// What is compiled in.
        compiled_in: Vec<Backend>,
        /// What of that works here.
        working: Vec<Backend>,
    },
    /// The chosen reactor could not be made here.
    Reactor {
        /// Its name.
        name: String,
        /// What the operating system says.
        error: io::Error,
    },
    /// No reactor that is compiled in works here; each with what the operating system says.
    NoReactor(Vec<(Backend, String)>),
    /// A multi-thread runtime needs at least one worker thread.
    NoWorkers,
    /// An environment variable that is to be a seed is none.
    Seed {
        /// `TENTER_CHAOS` or `TENTER_FAULTY`.
        variable: &'static str,
        /// What it says.
        text: String,
    },
    /// The socket for the command `tenter` could not be made; of a system without Unix sockets the error is
    /// [`Unsupported`](io::ErrorKind::Unsupported).
    Inspect(io::Error),
    /// An environment variable that is to say yes or no says neither.
    Switch {
        /// `TENTER_DEBUG`, or `TENTER_INSPECT`, which may also be an absolute path.
        variable: &'static str,
        /// What it says.
        text: String,
    },
    /// The scheduler could not be made.
    Scheduler(MakeError),
}

impl BuildError {
    pub(crate) fn unknown(name: &str) -> Self {
        Self::UnknownReactor {
            name: name.to_owned(),
            compiled_in: Backend::compiled_in().to_vec(),
            working: Backend::working(),
        }
    }
}

fn list(backends: &[Backend]) -> String {
    if backends.is_empty() {
        return "none".to_owned();
    }
    backends.iter().map(|backend| backend.name()).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownReactor { name, compiled_in, working } => write!(
                f,
                "the reactor '{name}' is not compiled in; compiled in: {}; working here: {}",
                list(compiled_in),
                list(working)
            ),
            Self::Reactor { name, error } => {
                write!(
                    f,
                    "the reactor '{name}' can't be made here: {error}; choose another one or none to have one chosen"
                )
            }
            Self::NoReactor(tried) if tried.is_empty() => {
                f.write_str("no reactor is compiled in: enable one of the features epoll, kqueue, iocp, poll, select")
            }
            Self::NoReactor(tried) => {
                let why: Vec<_> = tried.iter().map(|(backend, error)| format!("{backend}: {error}")).collect();
                write!(f, "no reactor that was tried works here: {}", why.join("; "))
            }
            Self::NoWorkers => {
                f.write_str("a multi-thread runtime needs a worker thread; for none use `Builder::new_current_thread`")
            }
            Self::Inspect(error) => write!(f, "the runtime can't have a socket to be asked through: {error}"),
            Self::Switch { variable, text } => write!(f, "{variable} is '{text}': make it 1 or 0, or leave it out"),
            Self::Seed { variable, text } => {
                write!(f, "{variable} is '{text}': make it a seed, a number from 0 to 2^64 - 1, or leave it out")
            }
            Self::Scheduler(error) => error.fmt(f),
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Reactor { error, .. } => Some(error),
            Self::Scheduler(error) => Some(error),
            _ => None,
        }
    }
}

impl From<MakeError> for BuildError {
    fn from(error: MakeError) -> Self {
        Self::Scheduler(error)
    }
}

impl From<BuildError> for io::Error {
    fn from(error: BuildError) -> Self {
        let kind = match &error {
            BuildError::Reactor { error, .. } | BuildError::Inspect(error) => error.kind(),
            BuildError::UnknownReactor { .. }
            | BuildError::NoWorkers
            | BuildError::Seed { .. }
            | BuildError::Switch { .. } => io::ErrorKind::InvalidInput,
            BuildError::NoReactor(_) => io::ErrorKind::Unsupported,
            BuildError::Scheduler(_) => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backend;

    #[test]
    fn each_reactor_that_was_tried_must_be_told_with_its_reason() {
        let tried = [Backend::Kqueue, Backend::Iocp].map(|backend| (backend, "it is not there".to_owned()));
        let said = BuildError::NoReactor(tried.into_iter().collect()).to_string();
        assert_eq!(said, "no reactor that was tried works here: kqueue: it is not there; iocp: it is not there");
    }
}
