//! A little driver: it arms one-shot reactors, remembers what edge reactors said once, and loses patience.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fd::AsFd;

pub(super) use super::system::PATIENCE;
use super::{Maker, Stop, Tried, ensure};
use crate::{Events, Interest, Reactor, ReactorError, Readiness, Source, Token, Trigger};

/// How long an event that must not come is waited for.
pub(super) const QUIET: Duration = Duration::from_millis(30);

/// Registers a source.
#[allow(unsafe_code, reason = "the cases keep the contract's promise in the reactor's stead")]
pub(super) fn register(reactor: &dyn Reactor, source: &impl AsFd, token: Token) -> io::Result<()> {
    // SAFETY: every case deregisters a source before it closes it, or is done with the reactor.
    unsafe { reactor.register(Source::from(source.as_fd()), token) }
}

/// Arms a source, if its reactor is armed at all.
pub(super) fn arm(reactor: &dyn Reactor, source: &impl AsFd, token: Token, interest: Interest) -> io::Result<()> {
    match reactor.capabilities().trigger {
        Trigger::OneShot => reactor.arm(Source::from(source.as_fd()), token, interest),
        _ => Ok(()),
    }
}

/// Deregisters a source.
pub(super) fn deregister(reactor: &dyn Reactor, source: &impl AsFd, token: Token) -> io::Result<()> {
    reactor.deregister(Source::from(source.as_fd()), token)
}

/// Fails unless `result` is this typed error.
pub(super) fn expect_error(result: io::Result<()>, error: ReactorError, what: &str) -> Tried {
    match result {
        Err(found) if ReactorError::of(&found) == Some(error) => Ok(()),
        Err(found) => Err(Stop::Failed(format!("{what}: expected {error:?}, got the error {found:?}"))),
        Ok(()) => Err(Stop::Failed(format!("{what}: expected {error:?}, but it succeeded"))),
    }
}

/// A reactor and what it has said so far.
pub(super) struct Rig {
    pub(super) reactor: Arc<dyn Reactor>,
    pub(super) one_shot: bool,
    events: Events,
    /// What has been reported and not been used up since.
    ready: HashMap<Token, Readiness>,
    /// One-shot: what is armed, as far as the reactor should know.
    armed: HashMap<Token, Interest>,
}

impl Rig {
    pub(super) fn new(make: &Maker) -> Result<Self, Stop> {
        Self::with_capacity(make, 64)
    }

    pub(super) fn with_capacity(make: &Maker, capacity: usize) -> Result<Self, Stop> {
        let reactor = make()?;
        let one_shot = reactor.capabilities().trigger == Trigger::OneShot;
        let events = Events::with_capacity(capacity);
        Ok(Self { reactor, one_shot, events, ready: HashMap::new(), armed: HashMap::new() })
    }

    pub(super) fn register(&self, source: &impl AsFd, token: Token) -> io::Result<()> {
        register(&*self.reactor, source, token)
    }

    pub(super) fn deregister(&mut self, source: &impl AsFd, token: Token) -> io::Result<()> {
        self.ready.remove(&token);
        self.armed.remove(&token);
        deregister(&*self.reactor, source, token)
    }

    /// Starts to await something; for one-shot reactors, on top of what is awaited already. Arms only if that is new: an
    /// arming holds until an event, and a second one would hide that the first was forgotten.
    pub(super) fn want(&mut self, source: &impl AsFd, token: Token, interest: Interest) -> io::Result<()> {
        if self.one_shot {
            let armed = self.armed.entry(token).or_default();
            if !armed.contains(interest) {
                *armed |= interest;
                self.reactor.arm(Source::from(source.as_fd()), token, *armed)?;
            }
        }
        Ok(())
    }

    /// Awaits this and nothing else from now on (one-shot reactors).
    pub(super) fn replace(&mut self, source: &impl AsFd, token: Token, interest: Interest) -> io::Result<()> {
        self.armed.insert(token, interest);
        self.reactor.arm(Source::from(source.as_fd()), token, interest)
    }

    /// One wait. Returns how many events there were; [`said`](Self::said) knows which.
    pub(super) fn wait(&mut self, timeout: Option<Duration>) -> Result<usize, Stop> {
        self.reactor.wait(&mut self.events, timeout)?;
        ensure!(
            self.events.len() <= self.events.capacity(),
            "{} events exceed the capacity {}",
            self.events.len(),
            self.events.capacity()
        );
        for event in &self.events {
            ensure!(!event.readiness.is_empty(), "an event for {:?} without readiness", event.token);
            *self.ready.entry(event.token).or_default() |= event.readiness;
            self.armed.remove(&event.token);
        }
        Ok(self.events.len())
    }

    /// What is known about a source.
    pub(super) fn said(&self, token: Token) -> Readiness {
        self.ready.get(&token).copied().unwrap_or_default()
    }

    /// Every token that was reported so far.
    pub(super) fn tokens(&self) -> impl Iterator<Item = Token> {
        self.ready.keys().copied()
    }

    /// An operation in these directions said `WouldBlock`.
    pub(super) fn used_up(&mut self, token: Token, interest: Interest) {
        if let Some(ready) = self.ready.get_mut(&token) {
            *ready = ready.difference(Readiness::answers_to(interest));
        }
    }

    /// Waits until the source is ready for `interest`.
    pub(super) fn expect(&mut self, source: &impl AsFd, token: Token, interest: Interest) -> Result<Readiness, Stop> {
        let end = Instant::now() + PATIENCE;
        loop {
            let said = self.said(token);
            if said.satisfies(interest) {
                return Ok(said);
            }
            let remaining = end.saturating_duration_since(Instant::now());
            ensure!(
                !remaining.is_zero(),
                "no event for {token:?} ({interest:?}) within {PATIENCE:?}; it said {said:?}"
            );
            self.want(source, token, interest)?;
            self.wait(Some(remaining))?;
        }
    }

    /// Waits a moment, and fails if the source is reported.
    pub(super) fn expect_silence(&mut self, token: Token, why: &str) -> Tried {
        self.ready.remove(&token);
        let end = Instant::now() + QUIET;
        loop {
            let remaining = end.saturating_duration_since(Instant::now());
            self.wait(Some(remaining))?;
            let said = self.said(token);
            ensure!(said.is_empty(), "{token:?} was reported as {said:?} though {why}");
            if remaining.is_zero() {
                return Ok(());
            }
        }
    }
}
