//! One read or write under way: on the ring, or on the pool.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use tenter_runtime::{Action, Completed, Handle, Operation, Submission};

use crate::pool::Job;

/// A read or write under way.
///
/// Dropped before its end, a read is cancelled, and a write goes on to its end.
pub(crate) enum Transfer {
    Ring(Option<Submission>, Action),
    Pool(Option<Job<Work, Outcome>>, Action),
    /// The pool waits for the end of a read that a ring has, whose runtime has ended, until this is dropped.
    Rest(Job<Work, Outcome>, Arc<AtomicBool>),
}

/// What the pool has to do.
pub(crate) enum Work {
    /// The operation, and whether it ends without anybody's help, which one on a pipe does not.
    All(Operation, bool),
    /// To wait for the end of what a ring has, whose runtime has ended, unless it is said that nobody does any more.
    Rest(Submission, Arc<AtomicBool>),
}

impl Work {
    fn perform(self) -> Outcome {
        match self {
            Self::All(mut operation, _) => {
                let result = perform(&mut operation);
                Outcome { buffer: operation.buffer, result }
            }
            Self::Rest(submission, dropped) => match submission.wait_unless(&dropped) {
                Ok(Some(completed)) => completed.into(),
                Ok(None) => Outcome { buffer: Vec::new(), result: Ok(0) },
                Err(error) => Outcome { buffer: Vec::new(), result: Err(error) },
            },
        }
    }

    /// No pool does it any more. A write, whose bytes were taken, is done here, by who waits for it, unless it could take for
    /// ever.
    fn refused((work, error): (Self, io::Error)) -> Outcome {
        match work {
            Self::All(operation, true) if operation.action == Action::Write => Self::All(operation, true).perform(),
            Self::All(operation, _) => Outcome { buffer: operation.buffer, result: Err(error) },
            Self::Rest(..) => Outcome { buffer: Vec::new(), result: Err(error) },
        }
    }
}

/// How it ended.
pub(crate) struct Outcome {
    /// Empty if it was lost with the runtime.
    pub(crate) buffer: Vec<u8>,
    pub(crate) result: io::Result<usize>,
}

impl From<Completed> for Outcome {
    fn from(completed: Completed) -> Self {
        Self { buffer: completed.operation.buffer, result: completed.result }
    }
}

impl Transfer {
    /// Begins it on the ambient runtime. `ends`: without anybody's help, which one on a pipe does not.
    pub(crate) fn begin(operation: Operation, ends: bool) -> io::Result<Self> {
        let action = operation.action;
        let operation = match Handle::try_current()?.submit(operation) {
            Ok(submission) => return Ok(Self::Ring(Some(submission), action)),
            Err(refused) => refused.operation,
        };
        let job = Job::start(Work::All(operation, ends), Work::perform);
        job.map(|job| Self::Pool(Some(job), action)).map_err(|(_, error)| error)
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        loop {
            match self {
                Self::Ring(submission, action) => {
                    match ready!(Pin::new(submission.as_mut().expect("it is still there")).poll(cx)) {
                        Ok(completed) => return Poll::Ready(completed.into()),
                        // Its runtime has ended, and nobody waits in that ring any more.
                        Err(_) => {
                            let dropped = Arc::new(AtomicBool::new(false));
                            let rest = Work::Rest(submission.take().expect("it was there"), dropped.clone());
                            match Job::start(rest, Work::perform) {
                                Ok(job) if *action == Action::Read => *self = Self::Rest(job, dropped),
                                Ok(job) => *self = Self::Pool(Some(job), *action),
                                Err(refused) => return Poll::Ready(Work::refused(refused)),
                            }
                        }
                    }
                }
                Self::Pool(job, _) => {
                    let outcome = ready!(job.as_mut().expect("it is not dropped yet").poll(cx));
                    return Poll::Ready(outcome.unwrap_or_else(Work::refused));
                }
                Self::Rest(job, _) => return job.poll(cx).map(|outcome| outcome.unwrap_or_else(Work::refused)),
            }
        }
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        match self {
            Self::Pool(job, Action::Write) => job.take().into_iter().for_each(Job::detach),
            Self::Rest(_, dropped) => dropped.store(true, Relaxed),
            Self::Ring(..) | Self::Pool(..) => {}
        }
    }
}

/// Does it here, and blocks. A write is done whole, as nobody may be there to do the rest.
fn perform(operation: &mut Operation) -> io::Result<usize> {
    let Operation { action, file, buffer, offset, .. } = operation;
    if *action == Action::Read {
        return read(file, buffer, *offset);
    }
    let mut written = 0;
    while written < buffer.len() {
        match write(file, &buffer[written..], offset.map(|offset| offset + written as u64)) {
            Ok(0) => break,
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) if written > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

fn read(mut file: &File, buffer: &mut [u8], offset: Option<u64>) -> io::Result<usize> {
    match offset {
        None => file.read(buffer),
        #[cfg(unix)]
        Some(offset) => std::os::unix::fs::FileExt::read_at(file, buffer, offset),
        #[cfg(windows)]
        Some(offset) => std::os::windows::fs::FileExt::seek_read(file, buffer, offset),
    }
}

fn write(mut file: &File, buffer: &[u8], offset: Option<u64>) -> io::Result<usize> {
    match offset {
        None => file.write(buffer),
        #[cfg(unix)]
        Some(offset) => std::os::unix::fs::FileExt::write_at(file, buffer, offset),
        #[cfg(windows)]
        Some(offset) => std::os::windows::fs::FileExt::seek_write(file, buffer, offset),
    }
}

/// Everybody who waits for what a file has under way: its methods that take `&self` may be several, and an operation wakes
/// one.
#[derive(Debug, Default)]
pub(crate) struct Crowd(Mutex<Vec<Waker>>);

impl Crowd {
    /// Adds who polls, and gives the waker of all.
    pub(crate) fn join(self: &Arc<Self>, cx: &Context<'_>) -> Waker {
        let waker = cx.waker().clone();
        let mut wakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = if wakers.iter().any(|known| known.will_wake(&waker)) {
            Some(waker)
        } else {
            wakers.push(waker);
            None
        };
        drop(wakers);
        drop(left);
        Waker::from(Arc::clone(self))
    }
}

impl Wake for Crowd {
    fn wake(self: Arc<Self>) {
        let wakers = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        wakers.into_iter().for_each(Waker::wake);
    }
}
