//! Where the object is, and what comes back with it.

use std::fmt;
use std::io::{self, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use super::errand::{Errand, Outcome, Panic};
use super::inbox::Bytes;
use super::outbox::Outbox;
use super::{CLOSED, Unblock};

pub(super) const CALLED_OFF: &str = "the blocking pool was shut down before it came to this operation";

pub(super) enum State<T> {
    Home(Box<T>),
    Away(Errand<T, Brought>, What),
    /// It was closed.
    Gone,
}

/// What a job is for.
pub(super) enum What {
    Reading,
    Writing(Arc<Outbox>),
    Flushing,
    Seeking(SeekFrom),
    /// Set to have it stop.
    Iterating(Arc<AtomicBool>),
    Calling,
    Closing,
}

impl What {
    /// Has it stop, if that is a thing to be asked of it.
    pub(super) fn stop(&self) {
        if let Self::Iterating(stop) = self {
            stop.store(true, Relaxed);
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reading => "reading",
            Self::Writing(_) => "writing",
            Self::Flushing => "flushing",
            Self::Seeking(_) => "seeking",
            Self::Iterating(_) => "iterating",
            Self::Calling => "in use",
            Self::Closing => "closing",
        })
    }
}

/// What a job has done.
pub(super) enum Report {
    Read(Bytes, io::Result<usize>),
    /// Whether it was flushed at last.
    Written(io::Result<bool>),
    Sought(io::Result<u64>),
    Nothing,
}

/// What a job brings back: how the flush ended that came first, if there was one, and its report.
pub(super) struct Brought {
    flushed: Option<io::Result<()>>,
    report: Report,
}

impl<T> Unblock<T> {
    /// Waits until no job has the object, and stores what the last one brought.
    ///
    /// # Panics
    /// With the job's panic.
    pub(super) fn poll_home(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Away(_, what) = &self.state {
            what.stop();
        }
        self.poll_errand(cx).map(drop)
    }

    /// As [`poll_home`](Self::poll_home), without stopping a job that goes on for long; whether the job was called off.
    pub(super) fn poll_errand(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let State::Away(errand, _) = &mut self.state else { return Poll::Ready(false) };
        let (object, outcome) = ready!(errand.poll(cx));
        let back = object.map_or(State::Gone, State::Home);
        let State::Away(_, what) = std::mem::replace(&mut self.state, back) else { return Poll::Ready(false) };
        match outcome {
            Outcome::Done(Brought { flushed, report }) => {
                if let Some(Err(error)) = flushed {
                    self.write_error = Some(error);
                }
                self.store(report, &what);
                Poll::Ready(false)
            }
            Outcome::Panicked(panic) => resume_unwind(panic),
            Outcome::CalledOff => {
                self.store_failure(what, io::Error::other(CALLED_OFF));
                Poll::Ready(true)
            }
        }
    }

    fn store(&mut self, report: Report, what: &What) {
        match report {
            Report::Read(bytes, result) => self.inbox.give_back(bytes, result),
            Report::Written(Ok(flushed)) => {
                if flushed {
                    self.unflushed = None;
                }
            }
            Report::Written(Err(error)) => self.write_error = Some(error),
            Report::Sought(result) => {
                if result.is_ok() {
                    self.inbox.forget();
                }
                if let What::Seeking(position) = what {
                    self.sought = Some((*position, result));
                }
            }
            Report::Nothing => {}
        }
    }

    fn store_failure(&mut self, what: What, error: io::Error) {
        match what {
            What::Reading => self.inbox.fail(error),
            What::Writing(_) | What::Flushing | What::Closing => self.write_error = Some(error),
            What::Seeking(position) => self.sought = Some((position, Err(error))),
            // Told by their callers, who miss what the job should have brought.
            What::Iterating(_) | What::Calling => {}
        }
    }

    /// As [`poll_home`](Self::poll_home), for reads and writes: a seek that nobody awaited has its error told here.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_home(cx));
        match self.sought.take() {
            Some((_, Err(error))) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Sends the object, which is at home, to a job on the pool.
    pub(super) fn send(&mut self, what: What, job: impl FnOnce(&mut T) -> Report + Send + 'static) -> io::Result<()>
    where
        T: Send + 'static,
    {
        // A write need not be flushed before another.
        let flush = if matches!(what, What::Writing(_)) { None } else { self.unflushed };
        self.send_away(what, move |mut object| {
            let brought = caught(|| {
                let flushed = flush.map(|flush| flush(&mut object));
                Brought { flushed, report: job(&mut object) }
            });
            (Some(object), brought)
        })?;
        if flush.is_some() {
            self.unflushed = None;
        }
        Ok(())
    }

    /// Sends the object, which is at home and flushed, to be dropped on the pool.
    pub(super) fn send_to_be_dropped(&mut self) -> io::Result<()>
    where
        T: Send + 'static,
    {
        self.send_away(What::Closing, |object| {
            let dropping = || {
                drop(object);
                Brought { flushed: None, report: Report::Nothing }
            };
            (None, caught(dropping))
        })
    }

    fn send_away(
        &mut self,
        what: What,
        job: impl FnOnce(Box<T>) -> (Option<Box<T>>, Result<Brought, Panic>) + Send + 'static,
    ) -> io::Result<()>
    where
        T: Send + 'static,
    {
        match std::mem::replace(&mut self.state, State::Gone) {
            State::Home(object) => match Errand::start(object, job) {
                Ok(errand) => self.state = State::Away(errand, what),
                Err((object, error)) => {
                    self.state = State::Home(object);
                    return Err(error);
                }
            },
            State::Gone => return Err(io::Error::new(io::ErrorKind::NotConnected, CLOSED)),
            away @ State::Away(..) => {
                self.state = away;
                unreachable!("who sends the object has waited for it");
            }
        }
        Ok(())
    }
}

/// Runs a job's code, which is the user's.
fn caught(job: impl FnOnce() -> Brought) -> Result<Brought, Panic> {
    catch_unwind(AssertUnwindSafe(job))
}
