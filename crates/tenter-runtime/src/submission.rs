//! An operation that a runtime's reactor carries out.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tenter_reactor::{Completed, Operation, Refused};

use crate::Handle;
use crate::source::shut_down;

/// How often a thread looks whether it is its turn to wait in the reactor of a runtime that has ended, while another one does;
/// and whether anybody still wants to know.
const LOOK: Duration = Duration::from_millis(10);

/// So often in succession the reactor of a runtime that has ended may fail to wait, [`LOOK`] apart: the system may be short of
/// something for a moment, and a reactor that is broken must not let anybody wait for ever.
const FAILURES: u32 = 100;

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

impl Submission {
    /// Blocks until the end. After that of the runtime this thread waits in the reactor; until then the runtime's do, so it
    /// must not be one of them, and a current-thread runtime has to be in its `block_on`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use tenter_runtime::{Operation, Runtime};
    ///
    /// let runtime = Runtime::new()?;
    /// let file = Arc::new(std::fs::File::open("Cargo.toml")?);
    /// // Only some reactors carry out operations.
    /// if let Ok(submission) = runtime.handle().submit(Operation::read(file, vec![0; 9], Some(0))) {
    ///     drop(runtime);
    ///     assert_eq!(submission.wait()?.operation.buffer, b"[package]");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Deadlock`](io::ErrorKind::Deadlock) on a thread of that runtime; after its end what the reactor's wait says for a
    /// second.
    pub fn wait(self) -> io::Result<Completed> {
        let completed = self.wait_unless(&AtomicBool::new(false))?;
        Ok(completed.expect("nobody says that it is not wanted any more"))
    }

    /// As [`wait`](Self::wait); `None` soon after `dropped` is set, as if this were dropped.
    ///
    /// # Errors
    /// As `wait`.
    #[doc(hidden)]
    pub fn wait_unless(mut self, dropped: &AtomicBool) -> io::Result<Option<Completed>> {
        if self.handle.scheduler().current_wheel().is_some() {
            return Err(io::ErrorKind::Deadlock.into());
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let (mut woken, mut failures) = (Vec::new(), 0);
        while !dropped.load(Relaxed) {
            if let Poll::Ready(completed) = self.submission.poll_completed(&mut Context::from_waker(&waker)) {
                return Ok(Some(completed));
            }
            if self.handle.is_covered() {
                // The end wakes, and so does that of the runtime.
                thread::park_timeout(LOOK);
            } else {
                let turn = self.handle.driver().try_seat().map(|mut seat| seat.turn(Some(LOOK), &mut woken));
                woken.drain(..).for_each(Waker::wake);
                match turn {
                    Some(Ok(_)) => failures = 0,
                    Some(Err(error)) if failures == FAILURES => return Err(error),
                    Some(Err(_)) => {
                        failures += 1;
                        thread::park_timeout(LOOK);
                    }
                    // Another thread waits there.
                    None => thread::park_timeout(LOOK),
                }
            }
        }
        Ok(None)
    }
}

/// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
