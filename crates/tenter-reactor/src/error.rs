//! What a reactor refuses to do, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;

/// Why a reactor refused a call that the operating system never saw, or could not serve.
///
/// Reactors return [`io::Error`]s; the ones that the contract names carry a `ReactorError`, which [`ReactorError::of`]
/// finds again. Failures of the operating system itself (no descriptors left, no memory) stay what they are, with their
/// [`raw_os_error`](io::Error::raw_os_error).
///
/// # Examples
/// ```
/// use std::io;
/// use tenter_reactor::ReactorError;
///
/// let error = io::Error::from(ReactorError::AlreadyWaiting);
/// assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
/// assert_eq!(ReactorError::of(&error), Some(ReactorError::AlreadyWaiting));
/// assert_eq!(ReactorError::of(&io::Error::from_raw_os_error(9)), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReactorError {
    /// A second thread called [`wait`](crate::Reactor::wait). Kind: `ResourceBusy`.
    AlreadyWaiting,
    /// No further source can be watched. Kind: `QuotaExceeded`.
    SourceLimit {
        /// The limit, if the reactor knows it: a number of sources, or the first descriptor number that is too large.
        limit: Option<usize>,
    },
    /// The reactor cannot watch this source, such as a regular file under epoll, or a terminal under kqueue on Apple's
    /// systems. Kind: `Unsupported`.
    Unwatchable,
    /// [`Token::RESERVED`](crate::Token::RESERVED) was passed. Kind: `InvalidInput`.
    ReservedToken,
    /// The source is not registered, or not under this token. Kind: `NotFound`.
    NotRegistered,
    /// The source is registered already. Kind: `AlreadyExists`.
    AlreadyRegistered,
    /// [`arm`](crate::Reactor::arm) was called on a reactor whose trigger is not
    /// [`OneShot`](crate::Trigger::OneShot). Kind: `Unsupported`.
    NotArmable,
}

impl ReactorError {
    /// The `ReactorError` that `error` carries, if it carries one.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }

    /// The kind of the [`io::Error`] that this becomes.
    #[must_use]
    pub const fn kind(self) -> io::ErrorKind {
        match self {
            Self::AlreadyWaiting => io::ErrorKind::ResourceBusy,
            Self::SourceLimit { .. } => io::ErrorKind::QuotaExceeded,
            Self::Unwatchable | Self::NotArmable => io::ErrorKind::Unsupported,
            Self::ReservedToken => io::ErrorKind::InvalidInput,
            Self::NotRegistered => io::ErrorKind::NotFound,
            Self::AlreadyRegistered => io::ErrorKind::AlreadyExists,
        }
    }
}

impl fmt::Display for ReactorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyWaiting => {
                f.write_str("another thread waits on this reactor: wake it, or give this thread a reactor of its own")
            }
            Self::SourceLimit { limit: Some(limit) } => {
                write!(
                    f,
                    "this reactor cannot watch beyond {limit}: close sources, or choose a reactor without that limit"
                )
            }
            Self::SourceLimit { limit: None } => {
                f.write_str("the system's limit of watched sources is reached: close sources, or have it raised")
            }
            Self::Unwatchable => f.write_str(
                "this reactor cannot watch such a source (a regular file, on kqueue also a terminal): have a blocking pool \
                 read and write it (`Unblock`, `unblock`), or choose a reactor that can watch it (poll, select; IOCP, if it \
                 is a waitable handle)",
            ),
            Self::ReservedToken => f.write_str("the token usize::MAX is reserved: issue a smaller one"),
            Self::NotRegistered => f.write_str("the source is not registered under this token: register it first"),
            Self::AlreadyRegistered => f.write_str("the source is registered already: deregister it first"),
            Self::NotArmable => f.write_str("this reactor is not one-shot: it reports without being armed"),
        }
    }
}

impl Error for ReactorError {}

impl From<ReactorError> for io::Error {
    fn from(error: ReactorError) -> Self {
        Self::new(error.kind(), error)
    }
}
