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
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// In no wheel; the next poll asks for the time.
    New,
    /// In no wheel, and the deadline was well ahead when it was set: the next poll enters it unasked.
    Ahead,
    /// In a wheel, or fired since it was.
    Entered(TimerKey),
}

impl TimerRegistration {
    /// A place for a deadline in `handle`'s wheels; nothing is entered yet.
    #[must_use]
    #[inline]
    pub fn new(handle: Handle) -> Self {
        Self { handle, state: State::New }
    }

    /// The runtime.
    #[must_use]
    #[inline]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Says that the deadline has just been set, and is well ahead: the first poll then enters it without asking for
    /// the time. Should it have come meanwhile, it fires at the thread's next look at its wheel, and not in that poll.
    #[inline]
    pub fn assume_ahead(&mut self) {
        self.clear();
        self.state = State::Ahead;
    }

    /// Whether the deadline has come; if not, `waker` is woken when it has.
    ///
    /// The time is asked for at the first call only, unless [`assume_ahead`](Self::assume_ahead) spares even that: what
    /// has fired has done so because its time had come. Call [`clear`](Self::clear) when the deadline changes.
    ///
    /// # Panics
    /// If the deadline has not come, and never would because the runtime was shut down.
    #[inline]
    pub fn poll(&mut self, deadline: Instant, waker: &Waker) -> Poll<()> {
        let driver = self.handle.driver();
        match self.state {
            State::Entered(key) => {
                if driver.update_timer(key, waker) {
                    return Poll::Pending;
                }
                self.state = State::New;
                // At the end of the runtime everyone is told, whatever the time.
                if !driver.told_everyone() || driver.clock().now() >= deadline {
                    return Poll::Ready(());
                }
            }
            State::New if driver.clock().now() >= deadline => return Poll::Ready(()),
            State::New | State::Ahead => {}
        }
        let wheel = self.handle.scheduler().current_wheel();
        self.state = State::Entered(driver.insert_timer(wheel, deadline, waker));
        assert!(wheel.is_some() || self.handle.is_covered(), "a timer was awaited whose runtime was shut down");
        Poll::Pending
    }

    /// Takes the deadline out of the wheels.
    #[inline]
    pub fn clear(&mut self) {
        if let State::Entered(key) = self.state {
            self.handle.driver().remove_timer(key);
        }
        self.state = State::New;
    }
}

impl Drop for TimerRegistration {
    #[inline]
    fn drop(&mut self) {
        self.clear();
    }
}
