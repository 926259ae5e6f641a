//! The owner of a runtime.

use std::future::Future;
use std::ops::Deref;
use std::task::Waker;

use tenter_task::Task;

use crate::inspect::{Place, Server};
use crate::{BuildError, Builder, Handle};

/// A scheduler, a driver and a blocking pool of their own.
///
/// Everything that a [`Handle`] can do is there too.
///
/// ```
/// let runtime = tenter_runtime::Runtime::new()?;
/// let answer = runtime.block_on(async {
///     let task = tenter_runtime::spawn(async { 40 });
///     task.await + 2
/// });
/// assert_eq!(answer, 42);
/// # Ok::<(), tenter_runtime::BuildError>(())
/// ```
///
/// Dropping it cancels its tasks. From outside, the drop waits until all their futures are gone and the worker threads
/// have ended. From one of its own threads (inside a task, say) it only gives the signal, and the last thread to leave
/// finishes. Sources and timers that outlive it give an error, or panic, to who waits for them from outside. Blocking
/// jobs that have not started are dropped; one that has is never waited for.
#[derive(Debug)]
pub struct Runtime {
    handle: Handle,
    /// Answers to the last, also while the runtime ends.
    server: Option<Server>,
}

impl Runtime {
    pub(crate) fn from_handle(handle: Handle) -> Self {
        Self { handle, server: None }
    }

    /// With a socket by which it can be asked.
    pub(crate) fn inspected(mut self, place: &Place) -> Result<Self, BuildError> {
        self.server = Some(Server::start(place, self.handle.clone()).map_err(BuildError::Inspect)?);
        Ok(self)
    }

    /// A multi-thread runtime with the defaults of [`Builder::new_multi_thread`].
    ///
    /// # Errors
    /// If no reactor works here, or too many runtimes live at once.
    pub fn new() -> Result<Self, BuildError> {
        Builder::new_multi_thread().build()
    }

    /// Its handle.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// As [`Handle::block_on`].
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// As [`Handle::spawn`].
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }
}

impl Deref for Runtime {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.handle.shared().pool.shutdown();
        self.handle.scheduler().close();
        // Those outside who wait for its sources and timers hear of it when they ask again.
        let mut outside = Vec::new();
        self.handle.driver().wake_all(&mut outside);
        outside.into_iter().for_each(Waker::wake);
    }
}
