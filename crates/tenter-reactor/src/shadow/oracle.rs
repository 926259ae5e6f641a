//! A reactor that is asked what a source is ready for now.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::{Events, Interest, Reactor, Readiness, Source, Token, Trigger};

/// The only token: one source is registered at a time.
const ASKED: Token = Token(0);

#[derive(Debug)]
pub(super) struct Oracle {
    reactor: Arc<dyn Reactor>,
    one_shot: bool,
    events: Events,
}

impl Oracle {
    pub(super) fn new(reactor: Arc<dyn Reactor>) -> Self {
        let one_shot = reactor.capabilities().trigger == Trigger::OneShot;
        Self { reactor, one_shot, events: Events::with_capacity(4) }
    }

    /// What `source` is ready for; an error if this reactor cannot say.
    ///
    /// # Safety
    /// The source is open until this returns.
    #[allow(unsafe_code, reason = "the caller vouches for the source, as register wants it")]
    pub(super) unsafe fn ask(&mut self, source: Source<'_>) -> io::Result<Readiness> {
        // SAFETY: it is deregistered before this returns, and open until then by the caller's promise.
        unsafe { self.reactor.register(source, ASKED)? };
        let answer = self.answer(source);
        self.reactor.deregister(source, ASKED)?;
        answer
    }

    fn answer(&mut self, source: Source<'_>) -> io::Result<Readiness> {
        if self.one_shot {
            self.reactor.arm(source, ASKED, Interest::READ | Interest::WRITE)?;
        }
        self.reactor.wait(&mut self.events, Some(Duration::ZERO))?;
        let said = self.events.iter().filter(|event| event.token == ASKED);
        Ok(said.fold(Readiness::NONE, |sum, event| sum | event.readiness))
    }
}
