//! The trait, and what a reactor says about itself.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::{Completions, Events, Interest, Source, Token};

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
///
/// # Examples
/// ```
/// use tenter_reactor::{Capabilities, Trigger};
///
/// let mut capabilities = Capabilities::new(Trigger::OneShot);
/// capabilities.max_sources = Some(1024);
/// assert!(!capabilities.true_edges);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Capabilities {
    /// How readiness is reported.
    pub trigger: Trigger,
    /// The most sources it can watch at once, if it has a limit of its own.
    pub max_sources: Option<usize>,
    /// The smallest timeout that [`Reactor::wait`] can tell from the next larger one.
    pub timer_granularity: Duration,
    /// Whether every arrival (data, end of stream) is an event of its own, even on a source that was reported before
    /// and not drained since. Only then may a socket take a short read for "drained" and forget that it was readable.
    pub true_edges: bool,
    /// Whether regular files can be registered; they are always ready. If not, `register` refuses them as
    /// [`Unwatchable`](crate::ReactorError::Unwatchable).
    pub regular_files: bool,
    /// Whether waitable handles (Windows) can be registered. If not, `register` refuses them as
    /// [`Unwatchable`](crate::ReactorError::Unwatchable).
    pub waitable_handles: bool,
    /// Whether urgent data is reported. If not, only reading tells.
    pub urgent_data: bool,
    /// Why it does less on this system than it could elsewhere, in words for a report.
    pub limitation: Option<&'static str>,
}

impl Capabilities {
    /// Capabilities with the given trigger, no limit, a granularity of one millisecond, urgent data, and no claim
    /// beyond that.
    #[must_use]
    pub const fn new(trigger: Trigger) -> Self {
        Self {
            trigger,
            max_sources: None,
            timer_granularity: Duration::from_millis(1),
            true_edges: false,
            regular_files: false,
            waitable_handles: false,
            urgent_data: true,
            limitation: None,
        }
    }
}

/// What the maker of a reactor is told.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ReactorConfig {}

/// Makes a reactor; callable again, for shards and after a fork.
pub type ReactorFactory = Arc<dyn Fn(&ReactorConfig) -> io::Result<Arc<dyn Reactor>> + Send + Sync>;

/// One operating-system interface that reports readiness.
///
/// The [crate's page](crate) has the contract as a whole; here is what it means for each method. All methods may be
/// called from any thread at any time, also while another thread is in [`wait`](Self::wait); only `wait` itself admits
/// one thread at a time.
pub trait Reactor: Send + Sync + fmt::Debug + 'static {
    /// The name it is chosen by, such as `"epoll"`; the same for every reactor of a kind.
    fn name(&self) -> &'static str;

    /// What it can do; the same answer for the life of the reactor.
    fn capabilities(&self) -> Capabilities;

    /// Starts to watch `source` under `token`.
    ///
    /// With [`Trigger::Edge`] both directions are watched from now on, and what the source is ready for already is
    /// reported as if it had just become so. With [`Trigger::OneShot`] nothing is reported until
    /// [`arm`](Self::arm). Two descriptors of one open file are two sources.
    ///
    /// # Errors
    /// - [`ReservedToken`](crate::ReactorError::ReservedToken): `token` is [`Token::RESERVED`].
    /// - [`AlreadyRegistered`](crate::ReactorError::AlreadyRegistered): the source is watched already.
    /// - [`SourceLimit`](crate::ReactorError::SourceLimit): the reactor or the system can watch no more.
    /// - [`Unwatchable`](crate::ReactorError::Unwatchable): the system cannot watch such a source.
    /// - Errors of the operating system, such as lack of memory.
    ///
    /// After an error the source is not registered.
    ///
    /// # Safety
    /// `source` stays open until [`deregister`](Self::deregister) returns.
    #[allow(unsafe_code, reason = "the caller vouches for the source; there is no memory to be unsafe with here")]
    unsafe fn register(&self, source: Source<'_>, token: Token) -> io::Result<()>;

    /// Replaces what is awaited on a registered source ([`Trigger::OneShot`] only).
    ///
    /// If the source is ready for any of it already, the present or the next [`wait`](Self::wait) says so.
    /// [`Interest::NONE`] disarms. Each event disarms the source altogether: whoever still waits for the other direction
    /// arms again.
    ///
    /// # Errors
    /// - [`NotRegistered`](crate::ReactorError::NotRegistered): the source is not watched under `token`.
    /// - [`NotArmable`](crate::ReactorError::NotArmable): the reactor's trigger is not `OneShot`.
    fn arm(&self, source: Source<'_>, token: Token, interest: Interest) -> io::Result<()>;

    /// Stops watching; returns only when the kernel holds no reference to the source.
    ///
    /// A [`wait`](Self::wait) that starts afterwards does not report `token`. One that is under way may have taken its
    /// events already, so whoever dispatches drops events of tokens that are no longer issued.
    ///
    /// # Errors
    /// - [`NotRegistered`](crate::ReactorError::NotRegistered): the source is not watched. A reactor that keeps tokens
    ///   says the same if it is watched under another token; one that keeps none cannot tell, so pass the right one.
    fn deregister(&self, source: Source<'_>, token: Token) -> io::Result<()>;

    /// Waits for events, a [`wake`](Self::wake), or the timeout (`None`: no timeout).
    ///
    /// Empties `events`, then adds at most [`Events::capacity`] of them. Returns with none only if there was a wake, or
    /// the timeout is over. Timeouts round up and are never early, signals do not shorten them, and a timeout beyond
    /// the clock's range never ends. Zero collects what is there and does not block.
    ///
    /// # Errors
    /// - [`AlreadyWaiting`](crate::ReactorError::AlreadyWaiting): another thread is in `wait`.
    /// - Errors of the operating system; an interruption by a signal is not one.
    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()>;

    /// Ends the present [`wait`](Self::wait), or the next one.
    ///
    /// The wakes since `wait` last returned end at least one `wait`; many of them may end only one. What the waking
    /// thread did before is visible to the thread whose `wait` it ended.
    ///
    /// # Errors
    /// Errors of the operating system; then the wake may be lost.
    fn wake(&self) -> io::Result<()>;

    /// The operations that it carries out itself, if it is a reactor that does so.
    fn completions(&self) -> Option<&dyn Completions> {
        None
    }
}
