//! tenter's reactor on select(2), for every Unix that has it without a fixed set (not illumos and Solaris), and on Winsock's
//! `select`.
//!
//! One-shot, and the last resort: on a Unix a wait costs time in proportion to the largest *number* of an armed descriptor.
//! It is here because it works everywhere, also on devices that other calls refuse on some systems.
//!
//! # Large descriptor numbers
//! C's `FD_SET` writes out of bounds for numbers of 1024 (`FD_SETSIZE`) and more. This reactor has no `fd_set`: its sets are
//! as long as the largest number in them needs, which the kernels of Linux, Apple's systems and the BSDs accept. Elsewhere
//! such a number is refused with [`SourceLimit`](tenter_reactor::ReactorError::SourceLimit).
//!
//! # Windows
//! Winsock's sets are counted lists of sockets; C's have room for 64. This reactor's are as long as they need to be, and a
//! wait costs time in proportion to the armed sockets. A failed connection attempt, which Winsock reports as an exception,
//! makes the socket writable as elsewhere. Only sockets can be watched.
//!
//! # What select cannot tell
//! Errors and ends of streams make a source readable or writable and have no bits of their own, so
//! [`Readiness`](tenter_reactor::Readiness) never has the sticky ones, and whoever awaits only urgent data does not hear of
//! a hang-up. One descriptor that is not open fails the whole call, without saying which: the reactor finds it, and reports
//! an error for that source alone.
//!
//! # Examples
//! ```
//! # #[cfg(all(unix, not(any(target_os = "illumos", target_os = "solaris"))))] {
//! use std::io::Write;
//! use std::os::{fd::AsFd, unix::net::UnixStream};
//! use tenter_reactor::{Events, Interest, Reactor, Token};
//! use tenter_reactor_select::SelectReactor;
//!
//! let reactor = SelectReactor::new()?;
//! let (a, mut b) = UnixStream::pair()?;
//! // SAFETY: `a` is deregistered below, and open until then.
//! unsafe { reactor.register(a.as_fd().into(), Token(7))? };
//! reactor.arm(a.as_fd().into(), Token(7), Interest::READ)?;
//! b.write_all(b"x")?;
//!
//! let mut events = Events::with_capacity(8);
//! reactor.wait(&mut events, None)?;
//! assert_eq!(events.iter().next().unwrap().token, Token(7));
//! reactor.deregister(a.as_fd().into(), Token(7))?;
//! # }
//! # Ok::<(), std::io::Error>(())
//! ```
#![cfg(all(any(unix, windows), not(any(target_os = "illumos", target_os = "solaris"))))]
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(unix)]
#[path = "unix/mod.rs"]
mod call;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod call;

use std::io;
use std::sync::Arc;

use tenter_reactor::oneshot::OneShot;
use tenter_reactor::{Reactor, ReactorConfig, ReactorFactory};

pub use call::SelectCall;

/// The name that this reactor is chosen by.
pub const NAME: &str = "select";

/// A reactor on select.
pub type SelectReactor = OneShot<SelectCall>;

/// Makes a reactor.
///
/// # Errors
/// If no descriptor is left.
pub fn new(config: &ReactorConfig) -> io::Result<Arc<dyn Reactor>> {
    let _ = config;
    Ok(Arc::new(SelectReactor::new()?))
}

/// [`new`], as what a runtime's builder takes.
#[must_use]
pub fn factory() -> ReactorFactory {
    Arc::new(new)
}
