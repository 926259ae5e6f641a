//! An operation that a runtime's reactor carries out.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tenter_reactor::{Completed, Operation, Refused};

use crate::Handle;
use crate::source::shut_down;

impl Handle {
    /// Whether this runtime's reactor carries out operations; if not, they are the blocking pool's.
    #[must_use]
    pub fn has_completions(&self) -> bool {
        self.driver().has_completions()
    }

    /// Has the reactor carry out an operation; it begins at once or with the reactor's next turn.
    ///
    /// # Errors
    /// If the reactor carries out none, or what it says; the operation comes back.
    pub fn submit(&self, operation: Operation) -> Result<Submission, Box<Refused>> {
        Ok(Submission { submission: self.driver().submit(operation)?, handle: self.clone() })
    }
}

/// The end of an operation that a reactor carries out; made by [`Handle::submit`].
///
/// # Errors
/// If the runtime was shut down before the end.
///
/// # Cancel safety
/// Dropped before its end, a read is cancelled; it may have taken place. A write goes on to its end.
#[derive(Debug)]
#[must_use = "the outcome is lost if nobody awaits it"]
pub struct Submission {
    submission: tenter_driver::Submission,
    handle: Handle,
}

impl Future for Submission {
    type Output = io::Result<Completed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.submission.poll_completed(cx) {
            Poll::Ready(completed) => Poll::Ready(Ok(completed)),
            Poll::Pending if !self.handle.is_covered() => Poll::Ready(Err(shut_down())),
            Poll::Pending => Poll::Pending,
        }
    }
}
