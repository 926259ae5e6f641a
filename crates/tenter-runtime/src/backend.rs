//! The reactors that can be chosen by name.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use tenter_reactor::{Capabilities, Reactor, ReactorConfig};

use crate::BuildError;

/// A reactor that tenter brings along.
///
/// The names are always there; which of them are compiled in is a matter of Cargo features and of the operating system,
/// see [`compiled_in`](Self::compiled_in).
///
/// ```
/// use tenter_runtime::Backend;
///
/// for backend in Backend::compiled_in() {
///     assert_eq!(backend.name().parse(), Ok(*backend));
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// `epoll`, on Linux: edge-triggered, no system call per wait.
    Epoll,
    /// `io_uring`, on Linux where it is allowed: as `epoll`, and files are read and written without another thread.
    Uring,
    /// `kqueue`, on Apple's systems and the BSDs: edge-triggered, no system call per wait.
    Kqueue,
    /// `iocp`, on Windows: I/O completion ports, with a few system calls per wait.
    Iocp,
    /// `polling`, on every Unix and Windows: whatever the crate of that name uses there.
    Polling,
    /// `poll`, on every Unix and Windows: no limit of its own, a cost per awaited source and wait.
    Poll,
    /// `select`, on every Unix and Windows: as `poll`, with a limit on file descriptor numbers on some systems.
    Select,
}

type Make = fn(&ReactorConfig) -> io::Result<Arc<dyn Reactor>>;

/// What is compiled in, best first.
const CANDIDATES: &[(Backend, Make)] = &[
    #[cfg(all(feature = "epoll", target_os = "linux"))]
    (Backend::Epoll, tenter_reactor_epoll::new),
    #[cfg(all(
        feature = "uring",
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
    ))]
    (Backend::Uring, tenter_reactor_uring::new),
    #[cfg(all(
        feature = "kqueue",
        any(
            target_vendor = "apple",
            target_os = "freebsd",
            target_os = "netbsd",
            target_os = "openbsd",
            target_os = "dragonfly"
        )
    ))]
    (Backend::Kqueue, tenter_reactor_kqueue::new),
    #[cfg(all(feature = "iocp", windows))]
    (Backend::Iocp, tenter_reactor_iocp::new),
    #[cfg(all(feature = "polling", any(unix, windows)))]
    (Backend::Polling, tenter_reactor_polling::new),
    #[cfg(all(feature = "poll", any(unix, windows)))]
    (Backend::Poll, tenter_reactor_poll::new),
    #[cfg(all(feature = "select", any(unix, windows), not(any(target_os = "illumos", target_os = "solaris"))))]
    (Backend::Select, tenter_reactor_select::new),
];

const COMPILED_IN: [Backend; CANDIDATES.len()] = {
    let mut names = [Backend::Poll; CANDIDATES.len()];
    let mut i = 0;
    while i < CANDIDATES.len() {
        names[i] = CANDIDATES[i].0;
        i += 1;
    }
    names
};

impl Backend {
    const ALL: [Self; 7] =
        [Self::Epoll, Self::Uring, Self::Kqueue, Self::Iocp, Self::Polling, Self::Poll, Self::Select];

    /// Every name there is, compiled in or not.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &Self::ALL
    }

    /// The reactors that are compiled in, best first.
    #[must_use]
    pub fn compiled_in() -> &'static [Self] {
        &COMPILED_IN
    }

    /// The reactors that are compiled in and that this system, as it is now, lets a program make.
    #[must_use]
    pub fn working() -> Vec<Self> {
        Self::compiled_in().iter().copied().filter(|backend| backend.make().is_ok()).collect()
    }

    /// Makes one and lets it go again: what it can do on this system as it is now, or why there is none.
    ///
    /// ```
    /// use tenter_runtime::Backend;
    ///
    /// for backend in Backend::all() {
    ///     match backend.probe() {
    ///         Ok(capabilities) => println!("{backend}: {capabilities:?}"),
    ///         Err(error) => println!("{backend}: {error}"),
    ///     }
    /// }
    /// assert!(Backend::working().iter().all(|backend| backend.probe().is_ok()));
    /// ```
    ///
    /// # Errors
    /// [`UnknownReactor`](BuildError::UnknownReactor) if it is not compiled in; [`Reactor`](BuildError::Reactor) with what
    /// the operating system says.
    pub fn probe(self) -> Result<Capabilities, BuildError> {
        self.make().map(|reactor| reactor.capabilities())
    }

    /// The name that [`FromStr`] and `TENTER_REACTOR` take.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Epoll => "epoll",
            Self::Uring => "uring",
            Self::Kqueue => "kqueue",
            Self::Iocp => "iocp",
            Self::Polling => "polling",
            Self::Poll => "poll",
            Self::Select => "select",
        }
    }

    /// Makes one: for [`Builder::reactor_with`](crate::Builder::reactor_with), to wrap it before a runtime gets it.
    ///
    /// ```
    /// use tenter_reactor::faulty::{Faults, Faulty};
    /// use tenter_runtime::{Backend, Builder};
    ///
    /// let late = |_: &_| Ok(Faulty::new(Backend::Poll.make()?, Faults::none(1).late(0.5, 3)) as _);
    /// let runtime = Builder::new_current_thread().reactor_with(late).build()?;
    /// assert_eq!(runtime.reactor_name(), "poll");
    /// # Ok::<(), tenter_runtime::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// [`UnknownReactor`](BuildError::UnknownReactor) if it is not compiled in, else what the operating system says.
    pub fn make(self) -> Result<Arc<dyn Reactor>, BuildError> {
        let candidate = CANDIDATES.iter().find(|candidate| candidate.0 == self);
        let (_, make) = candidate.ok_or_else(|| BuildError::unknown(self.name()))?;
        make(&ReactorConfig::default()).map_err(|error| BuildError::Reactor { name: self.name().to_owned(), error })
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no backend's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownBackend(String);

impl fmt::Display for UnknownBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = Backend::ALL.iter().map(|backend| backend.name()).collect();
        write!(f, "there is no reactor named '{}'; the names are {}", self.0, names.join(", "))
    }
}

impl std::error::Error for UnknownBackend {}

impl FromStr for Backend {
    type Err = UnknownBackend;

    /// By [name](Self::name), case ignored.
    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        let found = Self::ALL.into_iter().find(|backend| backend.name().eq_ignore_ascii_case(name.trim()));
        found.ok_or_else(|| UnknownBackend(name.to_owned()))
    }
}
