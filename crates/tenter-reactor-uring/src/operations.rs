//! The operations that are under way, and those that are over and not taken yet.

use std::io;
use std::os::fd::AsRawFd;

use tenter_reactor::{Abandoned, Action, Completed, Event, Operation, Readiness, Token};

use crate::kernel::{Command, Transfer};
use crate::reports::Place;

/// The most bytes that Linux reads or writes at once.
const LONGEST: usize = 0x7fff_f000;

/// One operation.
#[derive(Debug)]
struct Submitted {
    /// Not touched while the kernel has it.
    operation: Operation,
    token: Token,
    /// What the kernel said; until then it has the buffer.
    answer: Option<i32>,
    /// Set when nobody wants the outcome any more.
    abandoned: Option<Abandoned>,
    /// Where it stands, or last stood, among those with something to report.
    place: Option<Place>,
}

impl Submitted {
    fn command(&mut self, number: u32) -> Command {
        let Operation { action, file, buffer, offset, .. } = &mut self.operation;
        Command::Transfer(Transfer {
            operation: number,
            writes: *action == Action::Write,
            fd: file.as_raw_fd(),
            address: buffer.as_mut_ptr() as usize,
            length: buffer.len().min(LONGEST) as u32,
            offset: *offset,
        })
    }

    /// Whether a write that goes on without anybody has to be asked for the rest; takes away what has been written.
    fn goes_on(&mut self, result: i32) -> bool {
        let Operation { action, buffer, offset, .. } = &mut self.operation;
        let written = usize::try_from(result).unwrap_or(0);
        if *action != Action::Write || written == 0 || written >= buffer.len() {
            return false;
        }
        buffer.drain(..written);
        *offset = offset.map(|offset| offset + written as u64);
        true
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    slots: Vec<Option<Submitted>>,
    vacant: Vec<u32>,
    /// Abandoned and over: to be dropped when the lock is released, as that closes files.
    pub(crate) discarded: Vec<Operation>,
}

/// What follows from an answer about an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Nothing.
    Nothing,
    /// It is over.
    Report,
    /// It has to be asked for again.
    Again(Command),
}

impl Operations {
    /// Enters an operation; its number, and what to ask of the kernel.
    pub(crate) fn open(&mut self, operation: Operation, token: Token) -> (u32, Command) {
        let number = self.vacant.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        let slot = &mut self.slots[number as usize];
        let command =
            slot.insert(Submitted { operation, token, answer: None, abandoned: None, place: None }).command(number);
        (number, command)
    }

    /// Where an operation keeps its place among the reports.
    pub(crate) fn place(&mut self, number: u32) -> Option<&mut Option<Place>> {
        self.slots.get_mut(number as usize)?.as_mut().map(|submitted| &mut submitted.place)
    }

    /// Takes an answer in.
    pub(crate) fn answer(&mut self, number: u32, result: i32) -> After {
        let Some(submitted) = self.slots.get_mut(number as usize).and_then(Option::as_mut) else {
            return After::Nothing;
        };
        // Not we: the thread that submitted it has ended, and then nothing has been transferred.
        let interrupted = matches!(-result, libc::ECANCELED | libc::EINTR);
        if interrupted && submitted.abandoned != Some(Abandoned::Cancelled) {
            return After::Again(submitted.command(number));
        }
        if submitted.abandoned.is_none() {
            submitted.answer = Some(result);
            return After::Report;
        }
        if submitted.abandoned == Some(Abandoned::Finished) && submitted.goes_on(result) {
            return After::Again(submitted.command(number));
        }
        self.discard(number);
        After::Nothing
    }

    /// What there is to report about an operation; `None` if it was taken meanwhile.
    pub(crate) fn report(&mut self, number: u32) -> Option<Event> {
        let submitted = self.slots.get(number as usize)?.as_ref()?;
        submitted.answer.map(|_| Event { token: submitted.token, readiness: Readiness::READ })
    }

    /// The outcome of an operation, if it is over.
    pub(crate) fn take(&mut self, number: u32) -> Option<Completed> {
        let slot = self.slots.get_mut(number as usize)?;
        let answer = slot.as_ref()?.answer?;
        let submitted = slot.take()?;
        self.vacant.push(number);
        let result = usize::try_from(answer).map_err(|_| io::Error::from_raw_os_error(-answer));
        Some(Completed::new(submitted.operation, result))
    }

    /// Gives an operation up. Whether it is still under way.
    pub(crate) fn abandon(&mut self, number: u32, how: Abandoned) -> bool {
        let Some(submitted) = self.slots.get_mut(number as usize).and_then(Option::as_mut) else { return false };
        submitted.abandoned = Some(how);
        let under_way = submitted.answer.is_none();
        if !under_way {
            self.discard(number);
        }
        under_way
    }

    /// Gives all operations up, writes in this way and reads by cancelling. The numbers of those to cancel.
    pub(crate) fn abandon_all(&mut self, writes: Abandoned) -> Vec<u32> {
        let mut cancelled = Vec::new();
        for number in 0..self.slots.len() as u32 {
            let Some(submitted) = &self.slots[number as usize] else { continue };
            let reads = submitted.operation.action == Action::Read;
            let how = if reads { Abandoned::Cancelled } else { writes };
            if self.abandon(number, how) && how == Abandoned::Cancelled {
                cancelled.push(number);
            }
        }
        cancelled
    }

    /// How many the kernel has.
    pub(crate) fn under_way(&self) -> usize {
        self.slots.iter().flatten().filter(|submitted| submitted.answer.is_none()).count()
    }

    /// Keeps everything for ever, because the kernel may still use it.
    pub(crate) fn leak(&mut self) {
        std::mem::forget(std::mem::take(&mut self.slots));
    }

    fn discard(&mut self, number: u32) {
        let submitted = self.slots[number as usize].take();
        self.discarded.extend(submitted.map(|submitted| submitted.operation));
        self.vacant.push(number);
    }
}
