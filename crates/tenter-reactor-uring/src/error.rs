//! Why there is no ring, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;

/// Why a reactor on io_uring could not be made here.
///
/// It is carried by an [`io::Error`]; [`UringError::of`] finds it again.
///
/// # Examples
/// ```
/// use std::io;
/// use tenter_reactor_uring::UringError;
///
/// let error = io::Error::from(UringError::Denied);
/// assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
/// assert_eq!(UringError::of(&error), Some(UringError::Denied));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UringError {
    /// There is no such system call (`ENOSYS`): a kernel before Linux 5.1, or a sandbox that says so. Kind: `Unsupported`.
    Absent,
    /// The system call is forbidden (`EPERM`, `EACCES`): a seccomp filter, as containers have by default, or
    /// `kernel.io_uring_disabled`. Kind: `PermissionDenied`.
    Denied,
    /// No memory for a ring (`ENOMEM`): before Linux 5.12 that is mostly `RLIMIT_MEMLOCK`. Kind: `OutOfMemory`.
    Memory,
    /// There is a ring, and it lacks something. Kind: `Unsupported`.
    Missing {
        /// What it lacks, and since when Linux has it.
        what: &'static str,
    },
}

impl UringError {
    /// The `UringError` that `error` carries, if it carries one.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }

    /// The kind of the [`io::Error`] that this becomes.
    #[must_use]
    pub const fn kind(self) -> io::ErrorKind {
        match self {
            Self::Absent | Self::Missing { .. } => io::ErrorKind::Unsupported,
            Self::Denied => io::ErrorKind::PermissionDenied,
            Self::Memory => io::ErrorKind::OutOfMemory,
        }
    }

    /// What the refusal of a ring means; an error that says nothing about io_uring stays what it is.
    pub(crate) fn explain(error: io::Error) -> io::Error {
        match error.raw_os_error() {
            Some(libc::ENOSYS) => Self::Absent.into(),
            Some(libc::EPERM | libc::EACCES) => Self::Denied.into(),
            Some(libc::ENOMEM) => Self::Memory.into(),
            Some(libc::EINVAL) => Self::Missing { what: "the set-up flags of Linux 5.18" }.into(),
            _ => error,
        }
    }
}

impl fmt::Display for UringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str(
                "the system has no io_uring (ENOSYS): use Linux 5.19 or later and a sandbox that lets it through, or epoll",
            ),
            Self::Denied => f.write_str(
                "io_uring is forbidden here (EPERM): have the seccomp profile allow io_uring_setup, io_uring_enter and \
                 io_uring_register, set the sysctl kernel.io_uring_disabled to 0, or use epoll",
            ),
            Self::Memory => f.write_str(
                "no memory for a ring (ENOMEM): raise RLIMIT_MEMLOCK (`ulimit -l`) or the memory limit of the cgroup, or \
                 use epoll",
            ),
            Self::Missing { what } => write!(f, "this kernel's io_uring lacks {what}: use Linux 5.19 or later, or epoll"),
        }
    }
}

impl Error for UringError {}

impl From<UringError> for io::Error {
    fn from(error: UringError) -> Self {
        Self::new(error.kind(), error)
    }
}
