//! One read or write under way: on the ring, or on the pool.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tenter_runtime::{Action, Handle, Operation, Submission, Task};

use crate::pool::start;

/// A read or write under way.
///
/// Dropped before its end, a read is cancelled, and a write goes on to its end.
pub(crate) enum Transfer {
    Ring(Submission),
    Pool(Option<Task<(Operation, io::Result<usize>)>>, Action),
}

/// How it ended.
pub(crate) struct Outcome {
    /// Empty if it was lost with the runtime.
    pub(crate) buffer: Vec<u8>,
    pub(crate) result: io::Result<usize>,
}

impl Transfer {
    /// Begins it on the ambient runtime.
    pub(crate) fn begin(operation: Operation) -> io::Result<Self> {
        let action = operation.action;
        let operation = match Handle::try_current()?.submit(operation) {
            Ok(submission) => return Ok(Self::Ring(submission)),
            Err(refused) => refused.operation,
        };
        let job = move || {
            let mut operation = operation;
            let result = perform(&mut operation);
            (operation, result)
        };
        Ok(Self::Pool(Some(start(job)?), action))
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        let (operation, result) = match self {
            Self::Ring(submission) => match Pin::new(submission).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(completed)) => (completed.operation, completed.result),
                Poll::Ready(Err(error)) => return Poll::Ready(Outcome { buffer: Vec::new(), result: Err(error) }),
            },
            Self::Pool(task, _) => match Pin::new(task.as_mut().expect("it is not dropped yet")).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(done) => done,
            },
        };
        Poll::Ready(Outcome { buffer: operation.buffer, result })
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        if let Self::Pool(task, Action::Write) = self {
            task.take().into_iter().for_each(Task::detach);
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
