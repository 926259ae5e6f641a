//! What is behind the desk's lock.

use std::collections::VecDeque;

use tenter_reactor::Events;

use crate::kernel::{Answer, Command, Name};
use crate::operations::{After, Operations};
use crate::sources::{Next, Sources};

/// What is behind the desk's lock.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) sources: Sources,
    pub(crate) operations: Operations,
    /// What has something to report, each once, in the order in which it got it.
    reports: VecDeque<Name>,
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
        match answer.name {
            Name::Source(number) => self.answer_source(number, answer),
            Name::Operation(number) => match self.operations.answer(number, answer.result) {
                After::Nothing => {}
                After::Report => self.reports.push_back(answer.name),
                After::Again(command) => self.commands.push_back(command),
            },
            Name::Nobody => {}
        }
    }

    fn answer_source(&mut self, number: u32, answer: Answer) {
        match self.sources.answer(number, answer.result, answer.more) {
            Next::Nothing => {}
            Next::Report => self.reports.push_back(answer.name),
            Next::Watch { fd, report } => {
                self.commands.push_back(Command::Watch { source: number, fd });
                if report {
                    self.reports.push_back(answer.name);
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
            let event = match self.reports.pop_front() {
                None => return,
                Some(Name::Source(number)) => self.sources.report(number),
                Some(Name::Operation(number)) => self.operations.report(number),
                Some(Name::Nobody) => None,
            };
            if let Some(event) = event {
                events.push(event);
            }
        }
    }

    /// Forgets what there is to report about what is being given up.
    pub(crate) fn forget(&mut self, name: Name) {
        self.reports.retain(|reported| *reported != name);
    }
}
