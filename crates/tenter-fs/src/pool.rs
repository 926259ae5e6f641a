//! Jobs of the blocking pool.

use std::io;

use tenter_runtime::{Handle, Lane, Task};

/// Gives a job to the pool.
pub(crate) fn start<T, F>(job: F) -> io::Result<Task<T>>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    Handle::try_current()?.try_unblock_in(Lane::File, job).map_err(|error| io::Error::other(error.to_string()))
}

/// Has the pool do something, as a whole.
pub(crate) async fn run<T, F>(job: F) -> io::Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> io::Result<T> + Send + 'static,
{
    start(job)?.await
}
