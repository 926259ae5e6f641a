//! How the thread in one seat sleeps: on a lock and a condition variable, or in the driver.

use std::time::Instant;

use tenter_core::sync::atomic::{
    AtomicU32,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use tenter_core::sync::{Condvar, Mutex, MutexGuard};

/// Awake, no token. Set by the sleeper when it leaves either sleep, or has consumed the token.
const EMPTY: u32 = 0;
/// A token is there: the next sleep ends at once. Set by anyone; consumed by the sleeper.
const TOKEN: u32 = 1;
/// Asleep on the condition variable. Set by the sleeper, under the lock, in place of `EMPTY`.
const ASLEEP: u32 = 2;
/// Asleep in the driver. Set by the sleeper in place of `EMPTY`; waking it means waking the driver.
const DRIVING: u32 = 3;

/// A token that ends one sleep.
#[derive(Debug)]
pub struct Parker {
    state: AtomicU32,
    lock: Mutex<()>,
    condvar: Condvar,
}

impl Default for Parker {
    fn default() -> Self {
        Self::new()
    }
}

impl Parker {
    /// Awake, without a token.
    #[must_use]
    pub fn new() -> Self {
        Self { state: AtomicU32::new(EMPTY), lock: Mutex::new(()), condvar: Condvar::new() }
    }

    /// Sleeps until there is a token, which it consumes, or until the deadline; `true` if there was a token.
    pub fn park(&self, deadline: Option<Instant>) -> bool {
        if self.state.compare_exchange(TOKEN, EMPTY, AcqRel, Relaxed).is_ok() {
            return true;
        }
        let mut guard = lock(&self.lock);
        if self.state.compare_exchange(EMPTY, ASLEEP, AcqRel, Acquire).is_err() {
            return self.consume();
        }
        loop {
            guard = match deadline {
                None => self.condvar.wait(guard).unwrap_or_else(std::sync::PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    self.condvar.wait_timeout(guard, left).unwrap_or_else(std::sync::PoisonError::into_inner).0
                }
            };
            if self.state.load(Acquire) == TOKEN {
                break;
            }
        }
        self.consume()
    }

    /// Announces a sleep in the driver; `false` if there was a token, which is consumed.
    #[must_use]
    pub fn begin_drive(&self) -> bool {
        if self.state.compare_exchange(EMPTY, DRIVING, AcqRel, Acquire).is_ok() {
            return true;
        }
        self.consume();
        false
    }

    /// Ends a sleep in the driver; `true` if a token came, which is consumed.
    pub fn end_drive(&self) -> bool {
        self.consume()
    }

    /// Gives the token; `wake_driver` is called if the sleeper is in the driver.
    pub fn unpark(&self, wake_driver: impl FnOnce()) {
        match self.state.swap(TOKEN, AcqRel) {
            ASLEEP => {
                // The sleeper holds the lock from its announcement until it waits: taking it means it waits.
                drop(lock(&self.lock));
                self.condvar.notify_one();
            }
            DRIVING => wake_driver(),
            _ => {}
        }
    }

    fn consume(&self) -> bool {
        self.state.swap(EMPTY, AcqRel) == TOKEN
    }
}

fn lock(mutex: &Mutex<()>) -> MutexGuard<'_, ()> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
