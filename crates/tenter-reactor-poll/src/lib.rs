//! tenter's reactor on poll(2), for every Unix, and on `WSAPoll` on Windows.
//!
//! One-shot: a wait costs one system call and time in proportion to the sources that are armed, not to those that are
//! registered. It watches whatever poll can, regular files included (they are always ready; not on Windows, where it
//! watches sockets), and has no limit of its own.
//!
//! On Linux the timeout has nanoseconds (`ppoll`); elsewhere it is rounded up to milliseconds.
//!
//! # `WSAPoll`
//! - Before version 2004 of Windows 10 it never reports that a connection attempt failed: use
//!   `tenter-reactor-select` there.
//! - It cannot wait for room to write in a socket whose peer sends no more. The reactor looks after such sockets every
//!   10 ms, for as long as something waits to write to one.
//!
//! # Examples
//! ```
//! # #[cfg(unix)] {
//! use std::io::Write;
//! use std::os::{fd::AsFd, unix::net::UnixStream};
//! use tenter_reactor::{Events, Interest, Reactor, Token};
//! use tenter_reactor_poll::PollReactor;
//!
//! let reactor = PollReactor::new()?;
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
#![forbid(unsafe_code)]
#![cfg(any(unix, windows))]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(unix)]
#[path = "unix.rs"]
mod call;
#[cfg(windows)]
#[path = "windows.rs"]
mod call;

use std::io;
use std::sync::Arc;

use tenter_reactor::oneshot::OneShot;
use tenter_reactor::{Reactor, ReactorConfig, ReactorFactory};

pub use call::PollCall;

/// The name that this reactor is chosen by.
pub const NAME: &str = "poll";

/// A reactor on poll(2), or `WSAPoll`.
pub type PollReactor = OneShot<PollCall>;

/// Makes a reactor.
///
/// # Errors
/// If no descriptor is left.
pub fn new(config: &ReactorConfig) -> io::Result<Arc<dyn Reactor>> {
    let _ = config;
    Ok(Arc::new(PollReactor::new()?))
}

/// [`new`], as what a runtime's builder takes.
#[must_use]
pub fn factory() -> ReactorFactory {
    Arc::new(new)
}
