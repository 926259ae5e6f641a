//! One deadline in a runtime's wheels.

use std::task::{Poll, Waker};
use std::time::Instant;

use tenter_driver::TimerKey;

use crate::Handle;

/// A deadline that is entered in a runtime's timer wheels while someone waits for it; what `Timer` is made of.
///
/// It is entered at the first `Pending`, into the wheel of the worker that polls it.
#[derive(Debug)]
pub struct TimerRegistration {
    handle: Handle,
    key: Option<TimerKey>,
}

impl TimerRegistration {
    /// A place for a deadline in `handle`'s wheels; nothing is entered yet.
    #[must_use]
    pub fn new(handle: Handle) -> Self {
        Self { handle, key: None }
    }

    /// The runtime.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Whether the deadline has come; if not, `waker` is woken when it has.
    ///
    /// The time is asked for at the first call and after the timer has fired. Call [`clear`](Self::clear) when the
    /// deadline changes.
    ///
    /// # Panics
    /// If the deadline has not come, and never would because the runtime was shut down.
    pub fn poll(&mut self, deadline: Instant, waker: &Waker) -> Poll<()> {
        let driver = self.handle.driver();
        if let Some(key) = self.key {
            if driver.update_timer(key, waker) {
                return Poll::Pending;
            }
            self.key = None;
        }
        if driver.clock().now() >= deadline {
            return Poll::Ready(());
        }
        let wheel = self.handle.scheduler().current_wheel();
        self.key = Some(driver.insert_timer(wheel, deadline, waker));
        assert!(self.handle.is_covered(), "a timer was awaited whose runtime was shut down");
        Poll::Pending
    }

    /// Takes the deadline out of the wheels.
    pub fn clear(&mut self) {
        if let Some(key) = self.key.take() {
            self.handle.driver().remove_timer(key);
        }
    }
}

impl Drop for TimerRegistration {
    fn drop(&mut self) {
        self.clear();
    }
}
