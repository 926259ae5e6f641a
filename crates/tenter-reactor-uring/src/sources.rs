//! The sources that are watched, by number and by descriptor.

use std::collections::HashMap;
use std::os::fd::RawFd;

use tenter_reactor::{Event, ReactorError, Readiness, Token};

use crate::reports::Place;

/// One registered source.
#[derive(Debug)]
pub(crate) struct Watched {
    fd: RawFd,
    token: Token,
    /// Whether it is to be polled and the kernel was not asked yet.
    unasked: bool,
    /// Whether a poll of it is in the ring's queue, in the kernel, or answered for the last time and not reaped yet.
    polled: bool,
    /// Whether the kernel ever had its file.
    known: bool,
    /// Whether it is being deregistered: what is still said about it is dropped.
    closing: bool,
    /// What has been said about it and not been reported yet.
    unreported: Readiness,
    /// Where it stands, or last stood, among those with something to report.
    place: Option<Place>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    slots: Vec<Option<Watched>>,
    vacant: Vec<u32>,
    by_fd: HashMap<RawFd, u32>,
}

/// What follows from an answer about a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing.
    Nothing,
    /// It has something to report, and had not before.
    Report,
    /// As `Report`, or nothing to report; and its poll has ended, so that it has to be watched anew.
    Watch {
        /// Whether there is something to report that was not there before.
        report: bool,
    },
}

impl Sources {
    /// Enters a source; its number.
    pub(crate) fn open(&mut self, fd: RawFd, token: Token) -> Result<u32, ReactorError> {
        if self.by_fd.contains_key(&fd) {
            return Err(ReactorError::AlreadyRegistered);
        }
        let watched = Watched {
            fd,
            token,
            unasked: true,
            polled: false,
            known: false,
            closing: false,
            unreported: Readiness::NONE,
            place: None,
        };
        let number = match self.vacant.pop() {
            Some(number) => number,
            None => {
                let limit = u32::MAX as usize;
                let number = u32::try_from(self.slots.len());
                let number = number.map_err(|_| ReactorError::SourceLimit { limit: Some(limit) })?;
                self.slots.push(None);
                number
            }
        };
        self.slots[number as usize] = Some(watched);
        self.by_fd.insert(fd, number);
        Ok(number)
    }

    /// Begins to deregister: from now on it is not reported. Its number, and whether the kernel ever had its file.
    pub(crate) fn begin_close(&mut self, fd: RawFd, token: Token) -> Result<(u32, bool), ReactorError> {
        let number = *self.by_fd.get(&fd).ok_or(ReactorError::NotRegistered)?;
        let watched = self.slots[number as usize].as_mut().ok_or(ReactorError::NotRegistered)?;
        if watched.token != token || watched.closing {
            return Err(ReactorError::NotRegistered);
        }
        watched.closing = true;
        watched.unasked = false;
        watched.unreported = Readiness::NONE;
        Ok((number, watched.known))
    }

    /// The descriptor of a source that is to be polled; `None` if the kernel was asked already, or need not be any more.
    pub(crate) fn unasked(&self, number: u32) -> Option<RawFd> {
        let watched = self.slots.get(number as usize)?.as_ref()?;
        watched.unasked.then_some(watched.fd)
    }

    /// The ring's queue has its poll.
    pub(crate) fn asked(&mut self, number: u32) {
        if let Some(watched) = &mut self.slots[number as usize] {
            (watched.unasked, watched.polled, watched.known) = (false, true, true);
        }
    }

    /// Whether the kernel still polls it.
    pub(crate) fn is_polled(&self, number: u32) -> bool {
        self.slots[number as usize].as_ref().is_some_and(|watched| watched.polled)
    }

    /// Ends what [`begin_close`](Self::begin_close) began; the kernel does not poll it any more.
    pub(crate) fn finish_close(&mut self, number: u32) {
        if let Some(watched) = self.slots[number as usize].take() {
            debug_assert!(!watched.polled);
            self.by_fd.remove(&watched.fd);
            self.vacant.push(number);
        }
    }

    /// Where a source keeps its place among the reports.
    pub(crate) fn place(&mut self, number: u32) -> Option<&mut Option<Place>> {
        self.slots.get_mut(number as usize)?.as_mut().map(|watched| &mut watched.place)
    }

    /// Takes an answer in.
    pub(crate) fn answer(&mut self, number: u32, result: i32, more: bool) -> Next {
        let Some(watched) = self.slots.get_mut(number as usize).and_then(Option::as_mut) else { return Next::Nothing };
        watched.polled = more;
        if watched.closing {
            return Next::Nothing;
        }
        let silent = watched.unreported.is_empty();
        // A poll that fails for good says so to whoever uses the source; any other end of a poll is followed by another.
        let failed = !more && result < 0 && !ended_by_the_system(result);
        watched.unreported |= if failed { Readiness::ERROR } else { readiness(result) };
        let report = silent && !watched.unreported.is_empty();
        if !more && !failed {
            watched.unasked = true;
            return Next::Watch { report };
        }
        if report { Next::Report } else { Next::Nothing }
    }

    /// What there is to report about a source; `None` if it was deregistered meanwhile.
    pub(crate) fn report(&mut self, number: u32) -> Option<Event> {
        let watched = self.slots.get_mut(number as usize)?.as_mut()?;
        let readiness = std::mem::take(&mut watched.unreported);
        (!readiness.is_empty()).then_some(Event { token: watched.token, readiness })
    }
}

/// Whether a poll ended for a reason that says nothing about its source: the thread that submitted it has ended
/// (`ECANCELED`), or memory was short.
fn ended_by_the_system(result: i32) -> bool {
    matches!(-result, libc::ECANCELED | libc::EAGAIN | libc::EINTR | libc::ENOMEM)
}

/// What the kernel's mask means; negative results mean nothing.
fn readiness(mask: i32) -> Readiness {
    const MEANINGS: [(i16, Readiness); 7] = [
        (libc::POLLIN, Readiness::READ),
        (libc::POLLOUT, Readiness::WRITE),
        (libc::POLLPRI, Readiness::PRIORITY),
        (libc::POLLRDHUP, Readiness::READ.union(Readiness::READ_CLOSED)),
        (
            libc::POLLHUP,
            Readiness::READ.union(Readiness::READ_CLOSED).union(Readiness::WRITE).union(Readiness::WRITE_CLOSED),
        ),
        (libc::POLLERR, Readiness::ERROR),
        (libc::POLLNVAL, Readiness::ERROR),
    ];
    let said = MEANINGS.iter().filter(|(bit, _)| mask > 0 && mask & i32::from(*bit) != 0);
    said.fold(Readiness::NONE, |all, (_, meaning)| all | *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IN: i32 = libc::POLLIN as i32;

    #[test]
    fn a_poll_that_the_system_ended_must_begin_anew() {
        let mut sources = Sources::default();
        let number = sources.open(7, Token(1)).unwrap();
        assert_eq!((sources.unasked(number), sources.is_polled(number)), (Some(7), false));
        sources.asked(number);
        assert_eq!((sources.unasked(number), sources.is_polled(number)), (None, true));
        assert_eq!(sources.answer(number, IN, true), Next::Report);
        assert_eq!(sources.answer(number, -libc::ECANCELED, false), Next::Watch { report: false });
        assert_eq!((sources.unasked(number), sources.is_polled(number)), (Some(7), false));
        assert_eq!(sources.report(number).unwrap().readiness, Readiness::READ);
        sources.asked(number);
        assert_eq!(sources.answer(number, IN, false), Next::Watch { report: true });
    }

    #[test]
    fn what_is_deregistered_before_the_kernel_was_asked_must_not_be_asked_for() {
        let mut sources = Sources::default();
        let number = sources.open(7, Token(1)).unwrap();
        assert_eq!(sources.begin_close(7, Token(1)), Ok((number, false)));
        assert_eq!(sources.unasked(number), None);
        sources.finish_close(number);
        assert_eq!(sources.unasked(number), None);
    }

    #[test]
    fn a_poll_that_fails_for_good_must_be_an_error_event() {
        let mut sources = Sources::default();
        let number = sources.open(7, Token(1)).unwrap();
        sources.asked(number);
        assert_eq!(sources.answer(number, -libc::EOPNOTSUPP, false), Next::Report);
        assert_eq!(sources.report(number).unwrap().readiness, Readiness::ERROR);
        assert!(!sources.is_polled(number));
    }

    #[test]
    fn what_is_being_deregistered_must_be_silent_and_not_polled_again() {
        let mut sources = Sources::default();
        let number = sources.open(7, Token(1)).unwrap();
        sources.asked(number);
        sources.answer(number, IN, true);
        assert_eq!(sources.begin_close(7, Token(2)), Err(ReactorError::NotRegistered));
        assert_eq!(sources.begin_close(7, Token(1)), Ok((number, true)));
        assert_eq!(sources.begin_close(7, Token(1)), Err(ReactorError::NotRegistered));
        assert_eq!(sources.open(7, Token(3)), Err(ReactorError::AlreadyRegistered));
        assert_eq!(sources.report(number), None);
        assert_eq!(sources.answer(number, IN, true), Next::Nothing);
        assert!(sources.is_polled(number));
        assert_eq!(sources.answer(number, -libc::ECANCELED, false), Next::Nothing);
        assert!(!sources.is_polled(number));
        sources.finish_close(number);
        assert_eq!(sources.open(7, Token(3)), Ok(number));
    }
}
