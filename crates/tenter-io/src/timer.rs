//! `Timer`: a future, and a stream, of moments.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_core::Stream;
use tenter_runtime::{Handle, TimerRegistration};

/// A future that ends at a moment, or a stream of moments.
///
/// It binds to the ambient runtime when it is made, and is entered in a timer wheel at its first pending poll. It never
/// fires early.
///
/// ```
/// use std::time::{Duration, Instant};
/// use tenter_io::Timer;
///
/// tenter_runtime::block_on(async {
///     let start = Instant::now();
///     Timer::after(Duration::from_millis(5)).await;
///     assert!(start.elapsed() >= Duration::from_millis(5));
/// });
/// ```
///
/// # Panics
/// Making one panics if there is no runtime and the default one can't be made.
///
/// # Cancel safety
/// Dropping it takes it out of the wheel; polling it again after that of another future goes on where it was.
#[derive(Debug)]
#[must_use = "a timer does nothing unless you `.await` or poll it"]
pub struct Timer {
    registration: TimerRegistration,
    /// The next moment; `None`: never.
    when: Option<Instant>,
    /// From one moment to the next, as a stream.
    period: Duration,
}

impl Timer {
    fn new(handle: Handle, when: Option<Instant>, period: Duration) -> Self {
        Self { registration: TimerRegistration::new(handle), when, period }
    }

    /// Never fires, until it is set.
    pub fn never() -> Self {
        Self::new(Handle::current(), None, Duration::MAX)
    }

    /// Fires once, after a duration; one that is too long for the clock, such as [`Duration::MAX`], means never.
    pub fn after(duration: Duration) -> Self {
        let handle = Handle::current();
        let when = handle.clock().now().checked_add(duration);
        Self::new(handle, when, Duration::MAX)
    }

    /// Fires once, at an instant.
    pub fn at(instant: Instant) -> Self {
        Self::new(Handle::current(), Some(instant), Duration::MAX)
    }

    /// Fires periodically, first after one period.
    pub fn interval(period: Duration) -> Self {
        let handle = Handle::current();
        let when = handle.clock().now().checked_add(period);
        Self::new(handle, when, period)
    }

    /// Fires periodically, first at `start`.
    pub fn interval_at(start: Instant, period: Duration) -> Self {
        Self::new(Handle::current(), Some(start), period)
    }

    /// Whether it will fire.
    #[must_use]
    pub fn will_fire(&self) -> bool {
        self.when.is_some()
    }

    /// Sets it to fire once, after a duration from now.
    pub fn set_after(&mut self, duration: Duration) {
        let when = self.now().checked_add(duration);
        self.set(when, Duration::MAX);
    }

    /// Sets it to fire once, at an instant.
    pub fn set_at(&mut self, instant: Instant) {
        self.set(Some(instant), Duration::MAX);
    }

    /// Sets it to fire periodically, first after one period from now.
    pub fn set_interval(&mut self, period: Duration) {
        let when = self.now().checked_add(period);
        self.set(when, period);
    }

    /// Sets it to fire periodically, first at `start`.
    pub fn set_interval_at(&mut self, start: Instant, period: Duration) {
        self.set(Some(start), period);
    }

    /// The present instant, on the clock it goes by.
    pub(crate) fn now(&self) -> Instant {
        self.registration.handle().clock().now()
    }

    fn set(&mut self, when: Option<Instant>, period: Duration) {
        self.registration.clear();
        self.when = when;
        self.period = period;
    }

    /// Waits for the present moment, and moves on to the next.
    fn poll_moment(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let Some(when) = self.when else { return Poll::Pending };
        ready!(self.registration.poll(when, cx.waker()));
        self.registration.clear();
        self.when = when.checked_add(self.period).filter(|_| self.period != Duration::MAX);
        Poll::Ready(when)
    }
}

impl Future for Timer {
    type Output = Instant;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        self.poll_moment(cx)
    }
}

impl Stream for Timer {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_moment(cx).map(Some)
    }
}
