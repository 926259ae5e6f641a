//! What is called without naming a runtime.

use std::future::Future;
use std::panic::Location;
use std::sync::{PoisonError, RwLock};

use tenter_blocking::SpawnError;
use tenter_scheduler::Scheduler;
use tenter_task::Task;

use crate::shared::Shared;
use crate::{BuildError, Handle, Runtime};

/// The default runtime; made at first use, never dropped, so that threads may use it until the process ends.
static DEFAULT: RwLock<Option<Handle>> = RwLock::new(None);

/// The default runtime.
pub(crate) fn default() -> Result<Handle, BuildError> {
    if let Some(handle) = &*DEFAULT.read().unwrap_or_else(PoisonError::into_inner) {
        return Ok(handle.clone());
    }
    let mut place = DEFAULT.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*place {
        return Ok(handle.clone());
    }
    let runtime = Runtime::new()?;
    let handle = runtime.handle().clone();
    std::mem::forget(runtime);
    *place = Some(handle.clone());
    Ok(handle)
}

/// Spawns a task on the ambient runtime.
///
/// ```
/// let task = tenter_runtime::spawn(async { 1 + 2 });
/// assert_eq!(tenter_runtime::block_on(task), 3);
/// ```
///
/// # Panics
/// If there is no runtime and the default one can't be made.
#[track_caller]
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match Scheduler::spawn_here(Location::caller(), |park| Shared::find(park).is_some(), future) {
        Ok(task) => task,
        Err(future) => Handle::current().spawn(future),
    }
}

/// Polls a future to its end on this thread, in the ambient runtime; see [`Handle::block_on`].
///
/// Unlike smol's, it may run other tasks of the runtime meanwhile, and the future waits while it polls one.
///
/// # Panics
/// If there is no runtime and the default one can't be made.
pub fn block_on<F: Future>(future: F) -> F::Output {
    Handle::current().block_on(future)
}

/// Runs a closure that blocks on the ambient runtime's blocking pool; see [`Handle::unblock`].
///
/// ```
/// let here = std::thread::current().id();
/// let there = tenter_runtime::unblock(|| std::thread::current().id());
/// assert_ne!(tenter_runtime::block_on(there), here);
/// ```
///
/// # Panics
/// If there is no runtime and the default one can't be made. Awaiting the task panics if no thread could be started.
#[doc(alias = "spawn_blocking")]
#[doc(alias = "to_thread")]
#[track_caller]
pub fn unblock<T, F>(job: F) -> Task<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    Handle::current().unblock(job)
}

/// As [`unblock`], with an error in place of a panic when no thread can be started.
///
/// # Errors
/// If the pool is shut down, or has no thread and can't start one.
///
/// # Panics
/// If there is no runtime and the default one can't be made.
#[track_caller]
pub fn try_unblock<T, F>(job: F) -> Result<Task<T>, SpawnError<impl FnOnce() -> T + Send + 'static + use<T, F>>>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    Handle::current().try_unblock(job)
}
