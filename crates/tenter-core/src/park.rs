//! Blocking a plain thread on a future.
//!
//! This is the whole of what the blocking twins of async methods need: no runtime, no I/O, one parked thread. A
//! runtime's own `block_on` also drives its tasks; this one does not.
//!
//! It stands on the standard library alone, in loom models too: a model polls futures with loom's own `block_on`.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::coop;

/// Nobody parked, no token. Set by the owner when it takes the token.
const IDLE: u8 = 0;
/// The owner sleeps or is about to, holding the lock until it does. Set by the owner from `IDLE` only.
const PARKED: u8 = 1;
/// A wake has arrived that the owner has not seen. Set by any waker from any state.
const NOTIFIED: u8 = 2;

/// One thread's bed. Only the thread that runs `block_on` with it parks on it.
#[derive(Debug, Default)]
struct Parker {
    state: AtomicU8,
    lock: Mutex<()>,
    wakeup: Condvar,
}

impl Parker {
    /// Sleeps until a wake has arrived since the last return.
    fn park(&self) {
        if self.take_token() {
            return;
        }
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if self.state.compare_exchange(IDLE, PARKED, Ordering::Acquire, Ordering::Acquire).is_err() {
            // The token came in between; a swap, so that whatever the latest waker published is seen.
            self.state.swap(IDLE, Ordering::Acquire);
            return;
        }
        while !self.take_token() {
            guard = self.wakeup.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn take_token(&self) -> bool {
        self.state.compare_exchange(NOTIFIED, IDLE, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(NOTIFIED, Ordering::Release) == PARKED {
            // The owner holds the lock from before it says PARKED until it sleeps, so taking it once makes sure that
            // the signal finds a sleeper.
            drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.wakeup.notify_one();
        }
    }
}

thread_local! {
    /// The thread's parker and its waker, while no `block_on` uses them.
    static CACHE: Cell<Option<(Arc<Parker>, Waker)>> = const { Cell::new(None) };
}

/// Runs a future to its end on this thread, which sleeps while the future is pending.
///
/// Nested calls work, each with a parker of its own; so do calls from destructors of thread-locals.
///
/// ```
/// assert_eq!(tenter_core::park::block_on(async { 6 * 7 }), 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    // Within a task's poll its budget may be spent, and no poll can begin until this one ends.
    let _unlimited = coop::pause();
    let cached = CACHE.try_with(Cell::take).ok().flatten();
    let (parker, waker) = cached.unwrap_or_else(|| {
        let parker = Arc::new(Parker::default());
        (parker.clone(), Waker::from(parker))
    });
    let mut cx = Context::from_waker(&waker);
    let output = loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => break output,
            Poll::Pending => parker.park(),
        }
    };
    // While the thread's locals are being destroyed there is no cache to return to.
    let _ = CACHE.try_with(|cache| cache.set(Some((parker, waker))));
    output
}
