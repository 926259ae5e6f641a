//! An operation that the reactor carries out.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tenter_reactor::{Abandoned, Action, Completed, Completions, Operation, Refused, Ticket};

use super::direction::Direction;
use super::entry::{Entry, Site};
use super::raw::RawSource;
use super::slot::Slot;
use crate::Driver;

/// An operation that a [`Driver`]'s reactor carries out; made by [`Driver::submit`].
///
/// Dropped before its end, a read is cancelled, and a write goes on to its end; either way buffer and file belong to the
/// reactor until then.
pub struct Submission {
    driver: Arc<Driver>,
    slot: Slot,
    action: Action,
    /// Gone when the outcome has been taken.
    ticket: Option<Ticket>,
}

impl Driver {
    /// Whether the reactor carries out operations.
    #[must_use]
    pub fn has_completions(&self) -> bool {
        self.reactor().completions().is_some()
    }

    /// Has the reactor carry out an operation.
    ///
    /// # Errors
    /// [`Unsupported`](std::io::ErrorKind::Unsupported) if it [carries out none](Self::has_completions), or what it says;
    /// the operation comes back.
    pub fn submit(self: &Arc<Self>, operation: Operation) -> Result<Submission, Box<Refused>> {
        let Some(completions) = self.reactor().completions() else {
            let error = std::io::Error::new(std::io::ErrorKind::Unsupported, "this reactor only tells what is ready");
            return Err(Box::new(Refused::new(operation, error)));
        };
        let slot = match self.sources().open(RawSource::VACANT, true) {
            Ok(slot) => slot,
            Err(error) => return Err(Box::new(Refused::new(operation, error))),
        };
        // A slot starts assumed ready; here an event is the end, and nothing else is.
        let entry = self.sources().entry(slot);
        if let Some(seen) = entry.word.look(slot.generation) {
            entry.word.clear(slot.generation, seen, Direction::Read);
        }
        let action = operation.action;
        match completions.submit(operation, slot.token()) {
            Ok(ticket) => {
                self.count_source();
                Ok(Submission { driver: self.clone(), slot, action, ticket: Some(ticket) })
            }
            Err(refused) => {
                entry.close();
                self.sources().release(slot);
                Err(refused)
            }
        }
    }
}

impl Submission {
    /// Waits until the operation is over.
    ///
    /// # Panics
    /// If it returned `Ready` before.
    pub fn poll_completed(&mut self, cx: &mut Context<'_>) -> Poll<Completed> {
        loop {
            let ticket = self.ticket.take().expect("a submission is not polled after its end");
            let seen = self.entry().word.look(self.slot.generation);
            match self.completions().take(ticket) {
                Ok(completed) => return Poll::Ready(completed),
                Err(ticket) => self.ticket = Some(ticket),
            }
            // Spurious, or the end of everything: what comes after this look is another event.
            if let Some(seen) = seen.filter(|seen| seen.is_ready(Direction::Read)) {
                self.entry().word.clear(self.slot.generation, seen, Direction::Read);
            }
            // There is no source to arm.
            let site = Site { arms: false, ..self.driver.site(self.slot) };
            if self.entry().wait(&site, Direction::Read, cx.waker().clone(), None).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn completions(&self) -> &dyn Completions {
        self.driver.reactor().completions().expect("what carried out an operation once goes on to")
    }

    fn entry(&self) -> &Entry {
        self.driver.sources().entry(self.slot)
    }
}

impl Drop for Submission {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let how = if self.action == Action::Read { Abandoned::Cancelled } else { Abandoned::Finished };
            self.completions().abandon(ticket, how);
        }
        let (_, woken) = self.entry().close();
        self.driver.sources().release(self.slot);
        self.driver.uncount_source();
        woken.into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission").field("action", &self.action).field("over", &self.ticket.is_none()).finish()
    }
}
