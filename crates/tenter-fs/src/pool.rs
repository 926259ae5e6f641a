//! Jobs of the blocking pool.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tenter_runtime::{FallibleTask, Handle, Lane};

/// A job under way, on something that it owns.
///
/// If its runtime ends before it has begun, it is given to the pool of the runtime in which it is polled next: nobody has to
/// know which runtime a file was used in before.
pub(crate) struct Job<O, T> {
    task: FallibleTask<T>,
    /// Where the object lies until the job takes it.
    place: Arc<Mutex<Option<O>>>,
    perform: fn(O) -> T,
}

impl<O: Send + 'static, T: Send + 'static> Job<O, T> {
    /// Gives a job to the pool of the ambient runtime.
    ///
    /// # Errors
    /// If there is no such runtime, or its pool takes no job; the object comes back.
    pub(crate) fn start(object: O, perform: fn(O) -> T) -> Result<Self, (O, io::Error)> {
        let handle = match Handle::try_current() {
            Ok(handle) => handle,
            Err(error) => return Err((object, error.into())),
        };
        let place = Arc::new(Mutex::new(Some(object)));
        let shared = place.clone();
        match handle.try_unblock_in(Lane::File, move || perform(take(&shared))) {
            Ok(task) => Ok(Self { task: task.fallible(), place, perform }),
            Err(refused) => Err((take(&place), io::Error::other(refused.to_string()))),
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// As [`start`](Self::start), if it had to be started again.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, (O, io::Error)>> {
        loop {
            if let Some(done) = ready!(Pin::new(&mut self.task).poll(cx)) {
                return Poll::Ready(Ok(done));
            }
            // Only a job that has not begun is called off.
            match Self::start(take(&self.place), self.perform) {
                Ok(again) => *self = again,
                Err(refused) => return Poll::Ready(Err(refused)),
            }
        }
    }

    /// Lets it go on although nobody waits for it.
    pub(crate) fn detach(self) {
        self.task.detach();
    }
}

fn take<O>(place: &Mutex<Option<O>>) -> O {
    place.lock().unwrap_or_else(PoisonError::into_inner).take().expect("it lies there until the job takes it")
}

/// Has the pool do something, as a whole.
pub(crate) async fn run<T, F>(act: F) -> io::Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> io::Result<T> + Send + 'static,
{
    let mut job = Job::start(act, |act| act()).map_err(|(_, error)| error)?;
    std::future::poll_fn(|cx| job.poll(cx)).await.map_err(|(_, error)| error)?
}
