//! Who listens, for what, and what of it they have heard.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// One who listens.
#[derive(Debug)]
pub(crate) struct Listener {
    /// Which signal, by its number.
    pub(crate) signal: usize,
    /// Deliveries of it, as many as there were when this last heard of them.
    heard: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

impl Listener {
    /// One who hears of what comes after `delivered`.
    pub(crate) fn new(signal: usize, delivered: usize) -> Arc<Self> {
        Arc::new(Self { signal, heard: AtomicUsize::new(delivered), waker: Mutex::new(None) })
    }

    /// Whether something was delivered since it was asked last.
    pub(crate) fn hears(&self, delivered: usize) -> bool {
        self.heard.swap(delivered, SeqCst) != delivered
    }

    /// Is woken by the next [`wake_all`]. What was delivered before must be looked at afterwards.
    pub(crate) fn wait(&self, waker: &Waker) {
        let mut waiting = lock(&self.waker);
        if !waiting.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *waiting = Some(waker.clone());
        }
    }

    /// Is woken no more.
    pub(crate) fn stay(&self) {
        lock(&self.waker).take();
    }
}

/// Wakes those who wait; call it without a lock.
pub(crate) fn wake_all(listeners: Vec<Arc<Listener>>) {
    for listener in listeners {
        let waker = lock(&listener.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// What is behind these locks is whole between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
