//! What the queues hold: values that are one pointer wide while they wait.

use std::ptr::NonNull;

use tenter_task::Runnable;

/// A value that can be turned into a pointer and back, so that queues of atomics can hold it.
///
/// # Safety
/// `into_raw` gives a pointer from which `from_raw`, called once, on any thread, makes the same value again.
pub unsafe trait Item: Send + Sized {
    /// Gives up the value for a pointer.
    fn into_raw(self) -> NonNull<()>;

    /// Takes the value back.
    ///
    /// # Safety
    /// `raw` came from [`into_raw`](Self::into_raw) and is used once.
    unsafe fn from_raw(raw: NonNull<()>) -> Self;
}

// SAFETY: async-task documents the pair as each other's inverse; a `Runnable` may cross threads.
unsafe impl Item for Runnable {
    fn into_raw(self) -> NonNull<()> {
        Runnable::into_raw(self)
    }

    unsafe fn from_raw(raw: NonNull<()>) -> Self {
        // SAFETY: passed on from the caller.
        unsafe { Runnable::from_raw(raw) }
    }
}

// SAFETY: `Box::into_raw` and `Box::from_raw` are each other's inverse, and `T` is `Send`.
unsafe impl<T: Send> Item for Box<T> {
    fn into_raw(self) -> NonNull<()> {
        NonNull::from(Box::leak(self)).cast()
    }

    unsafe fn from_raw(raw: NonNull<()>) -> Self {
        // SAFETY: passed on from the caller: `raw` came from `Box::leak` of a `Box<T>`.
        unsafe { Self::from_raw(raw.cast().as_ptr()) }
    }
}
