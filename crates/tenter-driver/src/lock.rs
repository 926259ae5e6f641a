//! Locking that outlives a panic.

use std::sync::PoisonError;

use tenter_core::sync::{Mutex, MutexGuard};

/// Locks `mutex`, poisoned or not: no foreign code runs under the driver's locks, so what they guard is whole even
/// if a thread panicked (out of memory, a broken reactor) while it held one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
