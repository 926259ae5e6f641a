//! What is behind the desk's lock.

use std::collections::VecDeque;

use tenter_reactor::Events;

use crate::kernel::{Answer, Command, Name};
use crate::operations::{After, Operations};
use crate::reports::{Place, Reports};
use crate::sources::{Next, Sources};

/// What is behind the desk's lock.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) sources: Sources,
    pub(crate) operations: Operations,
    /// What has something to report, in the order in which it got it.
    reports: Reports,
    /// Sources to be polled, in the order in which they are to be asked for. Some need it no more.
    pub(crate) unasked: VecDeque<u32>,
    /// What else is to be asked and did not find its way into the ring's queue yet.
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
                After::Report => self.add_report(answer.name),
                After::Again(command) => self.commands.push_back(command),
            },
            Name::Nobody => {}
        }
    }

    fn answer_source(&mut self, number: u32, answer: Answer) {
        match self.sources.answer(number, answer.result, answer.more) {
            Next::Nothing => {}
            Next::Report => self.add_report(answer.name),
            Next::Watch { report } => {
                self.unasked.push_back(number);
                if report {
                    self.add_report(answer.name);
                }
            }
        }
    }

    /// Leaves out, at both ends, what need not be polled any more: perhaps nobody enters the kernel for a long time.
    pub(crate) fn trim_unasked(&mut self) {
        let Self { sources, unasked, .. } = self;
        let idle = |number: Option<&u32>| number.is_some_and(|number| sources.unasked(*number).is_none());
        while idle(unasked.back()) {
            unasked.pop_back();
        }
        while idle(unasked.front()) {
            unasked.pop_front();
        }
    }

    /// Whether a wait has something to say.
    pub(crate) fn has_reports(&self) -> bool {
        !self.reports.is_empty()
    }

    /// Reports as much as there is room for.
    pub(crate) fn report(&mut self, events: &mut Events) {
        while events.len() < events.capacity() {
            let event = match self.reports.pop() {
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

    fn add_report(&mut self, name: Name) {
        let place = self.reports.push(name);
        if let Some(kept) = place_of(&mut self.sources, &mut self.operations, name) {
            *kept = Some(place);
        }
    }

    /// Forgets what there is to report about what is being given up.
    pub(crate) fn forget(&mut self, name: Name) {
        let Self { sources, operations, reports, .. } = self;
        let Some(place) = place_of(sources, operations, name).and_then(Option::take) else { return };
        reports.remove(place, name, |moved, place| {
            if let Some(kept) = place_of(sources, operations, moved) {
                *kept = Some(place);
            }
        });
    }
}

/// Where something keeps its place among the reports.
fn place_of<'a>(sources: &'a mut Sources, operations: &'a mut Operations, name: Name) -> Option<&'a mut Option<Place>> {
    match name {
        Name::Source(number) => sources.place(number),
        Name::Operation(number) => operations.place(number),
        Name::Nobody => None,
    }
}

#[cfg(test)]
mod tests {
    use tenter_reactor::Token;

    use super::*;

    #[test]
    fn sources_that_come_and_go_while_nobody_waits_must_not_be_kept() {
        let mut state = State::default();
        let open = |state: &mut State, fd| {
            let number = state.sources.open(fd, Token(1)).unwrap();
            state.unasked.push_back(number);
        };
        open(&mut state, 1);
        for _ in 0..100 {
            open(&mut state, 2);
            open(&mut state, 3);
            for fd in [2, 3] {
                let (number, _) = state.sources.begin_close(fd, Token(1)).unwrap();
                state.trim_unasked();
                state.sources.finish_close(number);
            }
        }
        assert_eq!(state.unasked.len(), 1);
    }
}
