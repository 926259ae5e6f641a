//! What is behind the desk's lock.

use std::collections::VecDeque;

use tenter_reactor::Events;

use crate::kernel::{Answer, Command, Name};
use crate::sources::{Next, Sources};

/// What is behind the desk's lock.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) sources: Sources,
    /// Sources with something to report, each once, in the order in which they got it.
    reports: VecDeque<u32>,
    /// What is to be asked and did not find its way into the ring's queue yet.
    pub(crate) commands: VecDeque<Command>,
    /// Whether a thread is in the kernel, or about to be. It alone reaps, when it returns.
    pub(crate) waiting: bool,
    /// How many threads wait for `waiting` to end.
    pub(crate) queueing: usize,
    /// Whether somebody has woken since the last wait ended.
    pub(crate) woken: bool,
    /// Whether the waiting thread has been sent an answer on that account.
    pub(crate) kicked: bool,
}

impl State {
    /// Takes an answer in.
    pub(crate) fn answer(&mut self, answer: Answer) {
        let Name::Source(number) = answer.name else { return };
        match self.sources.answer(number, answer.result, answer.more) {
            Next::Nothing => {}
            Next::Report => self.reports.push_back(number),
            Next::Watch { fd, report } => {
                self.commands.push_back(Command::Watch { source: number, fd });
                if report {
                    self.reports.push_back(number);
                }
            }
        }
    }

    /// Whether a wait has something to say.
    pub(crate) fn has_reports(&self) -> bool {
        !self.reports.is_empty()
    }

    /// Reports as much as there is room for.
    pub(crate) fn report(&mut self, events: &mut Events) {
        while events.len() < events.capacity() {
            let Some(number) = self.reports.pop_front() else { return };
            if let Some(event) = self.sources.report(number) {
                events.push(event);
            }
        }
    }

    /// Forgets what there is to report about a source that is being deregistered.
    pub(crate) fn forget(&mut self, number: u32) {
        self.reports.retain(|reported| *reported != number);
    }
}
