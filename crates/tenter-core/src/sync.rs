//! One place that decides between the standard library's primitives and loom's.
//!
//! Everything that a loom model visits takes its atomics, locks and cells from here; `--cfg
//! tenter_loom` turns them into loom's. Nothing else in tenter names loom outside its models.

#[cfg(not(tenter_loom))]
pub use std::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, atomic};
#[cfg(not(tenter_loom))]
pub use std::{hint, thread};

#[cfg(tenter_loom)]
pub use loom::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, atomic};
#[cfg(tenter_loom)]
pub use loom::{hint, thread};

/// A cell whose accesses loom checks for data races.
#[cfg(tenter_loom)]
pub use loom::cell::UnsafeCell;

/// [`std::cell::UnsafeCell`] with loom's closure interface.
#[cfg(not(tenter_loom))]
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

#[cfg(not(tenter_loom))]
impl<T> UnsafeCell<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Gives the closure a shared pointer to the value.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Gives the closure an exclusive pointer to the value.
    #[inline]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

/// A `fence(SeqCst)` right after a read-modify-write operation of this thread that is itself `SeqCst`.
///
/// On x86 such an operation is one locked instruction and lets no later load pass, so there the fence need only keep the
/// compiler in order; elsewhere, and for the tools that check memory orders, it is the full fence.
#[inline]
pub fn fence_after_rmw() {
    #[cfg(all(target_arch = "x86_64", not(any(miri, tenter_loom))))]
    atomic::compiler_fence(atomic::Ordering::SeqCst);
    #[cfg(not(all(target_arch = "x86_64", not(any(miri, tenter_loom)))))]
    atomic::fence(atomic::Ordering::SeqCst);
}
