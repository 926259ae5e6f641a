//! tenter's reactor on Linux epoll. Elsewhere the crate is empty.
//!
//! Sources are registered once, edge-triggered, for everything (`IN | OUT | RDHUP | PRI | ET`), so that waiting for a
//! socket costs no system call of its own and a `wait` costs exactly one.
//!
//! # Waking
//! An eventfd, registered edge-triggered and never read: each write is a new edge, also if nobody has waited since the
//! last one, so there is nothing to drain and no flag to race with. Edges that nobody has taken merge into one. (The
//! counter would need 2⁶⁴ − 2 wakes to overflow.)
//!
//! # Time
//! `epoll_pwait2` takes nanoseconds. It came with Linux 5.11, and sandboxes forbid it; [`EpollReactor::new`] tries it, and
//! falls back to `epoll_wait` with timeouts rounded up to milliseconds, which its capabilities say. (rustix's `wait` picks
//! one of the two at build time, so this one call goes through libc.)
//!
//! # Closing
//! The kernel keeps a registration until the last descriptor of the open *file* is closed: a duplicate keeps it alive after
//! its own number is closed, and then nobody can remove it. Hence the contract: deregister, then close.
//!
//! # Examples
//! ```
//! # #[cfg(target_os = "linux")] {
//! use std::os::{fd::AsFd, unix::net::UnixStream};
//! use tenter_reactor::{Events, Reactor, Readiness, Token};
//! use tenter_reactor_epoll::EpollReactor;
//!
//! let reactor = EpollReactor::new()?;
//! let (a, _b) = UnixStream::pair()?;
//! // SAFETY: `a` is deregistered below, and open until then.
//! unsafe { reactor.register(a.as_fd().into(), Token(7))? };
//!
//! let mut events = Events::with_capacity(8);
//! reactor.wait(&mut events, None)?;
//! assert_eq!(events.iter().next().unwrap().readiness, Readiness::WRITE);
//! reactor.deregister(a.as_fd().into(), Token(7))?;
//! # }
//! # Ok::<(), std::io::Error>(())
//! ```
#![cfg(any(target_os = "linux", target_os = "android"))]
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod call;
mod reactor;

use std::io;
use std::sync::Arc;

use tenter_reactor::{Reactor, ReactorConfig, ReactorFactory};

pub use reactor::EpollReactor;

/// The name that this reactor is chosen by.
pub const NAME: &str = "epoll";

/// Makes a reactor.
///
/// # Errors
/// If no descriptor is left, or the system has no epoll.
pub fn new(config: &ReactorConfig) -> io::Result<Arc<dyn Reactor>> {
    let _ = config;
    Ok(Arc::new(EpollReactor::new()?))
}

/// [`new`], as what a runtime's builder takes.
#[must_use]
pub fn factory() -> ReactorFactory {
    Arc::new(new)
}
