//! Time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Lets hyper's timeouts run on tenter's clock.
///
/// Without a timer hyper's header timeout, which keeps slow clients from holding connections for ever, does nothing:
/// give one to every server, with `http1::Builder::timer`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer;

impl Timer {
    /// A timer of the ambient runtime of whoever starts a sleep.
    pub fn new() -> Self {
        Timer
    }
}

impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        // `after`, not `at(now + duration)`: a duration beyond the clock's end means never.
        Box::pin(Sleep(tenter_io::Timer::after(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(tenter_io::Timer::at(deadline)))
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn hyper::rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            // Keeps the allocation and the task that waits.
            Some(sleep) => sleep.get_mut().0.set_at(deadline),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

/// A sleep that can be moved to another instant.
#[derive(Debug)]
struct Sleep(tenter_io::Timer);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(|_| ())
    }
}

impl hyper::rt::Sleep for Sleep {}
