//! The reactor trait of the tenter runtime, its contract, and its conformance suite.
//!
//! A *reactor* tells when an operating-system object can be read or written. Everything above it
//! (sources, timers, tasks) is the same on every reactor, so a runtime can be given any of them.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod event;
mod source;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

pub use event::{Event, Events, Interest, Readiness, Token};
pub use source::Source;

/// How a reactor reports readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trigger {
    /// Both directions are watched from [`Reactor::register`] on, and every change from not ready
    /// to ready is reported; [`Reactor::arm`] is never called.
    Edge,
    /// Only what was armed is reported, and any event disarms both directions.
    OneShot,
}

/// What a reactor can do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Capabilities {
    /// How readiness is reported.
    pub trigger: Trigger,
    /// The most sources it can watch at once, if it has a limit of its own.
    pub max_sources: Option<usize>,
    /// The smallest timeout that [`Reactor::wait`] can tell from the next larger one.
    pub timer_granularity: Duration,
}

impl Capabilities {
    /// Capabilities with the given trigger, no limit and a granularity of one millisecond.
    #[must_use]
    pub const fn new(trigger: Trigger) -> Self {
        Self { trigger, max_sources: None, timer_granularity: Duration::from_millis(1) }
    }
}

/// What the maker of a reactor is told.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ReactorConfig {}

/// Makes a reactor; callable again, for shards and after a fork.
pub type ReactorFactory = Arc<dyn Fn(&ReactorConfig) -> io::Result<Arc<dyn Reactor>> + Send + Sync>;

/// One operating-system interface that reports readiness.
pub trait Reactor: Send + Sync + fmt::Debug + 'static {
    /// The name it is chosen by, such as `"epoll"`.
    fn name(&self) -> &'static str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Starts to watch `source` under `token`.
    ///
    /// # Safety
    /// `source` stays open until [`deregister`](Self::deregister) returns.
    unsafe fn register(&self, source: Source<'_>, token: Token) -> io::Result<()>;

    /// Replaces what is awaited on a registered source ([`Trigger::OneShot`] only).
    fn arm(&self, source: Source<'_>, token: Token, interest: Interest) -> io::Result<()>;

    /// Stops watching; returns only when the kernel holds no reference to the source.
    fn deregister(&self, source: Source<'_>, token: Token) -> io::Result<()>;

    /// Waits for events, a [`wake`](Self::wake), or the timeout (`None`: no timeout).
    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()>;

    /// Ends the present [`wait`](Self::wait), or the next one.
    fn wake(&self) -> io::Result<()>;
}
