//! `Timer`: a future, and a stream, of moments.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use futures_core::Stream;
use tenter_core::coop;
use tenter_runtime::TimerRegistration;

/// A timer that is made for at least this long does not ask for the time when it is first polled, which is nearly
/// always at once: a reading of the clock is a fifth of what a timer costs.
const WELL_AHEAD: Duration = Duration::from_millis(1);

/// A moment that can be waited for; what `Timer`, `Sleep`, `Timeout` and `Interval` are made of.
#[derive(Debug)]
pub(crate) struct Moment {
    registration: TimerRegistration,
    /// `None`: never.
    when: Option<Instant>,
}

impl Moment {
    #[inline]
    pub(crate) fn never() -> Self {
        Self { registration: TimerRegistration::current(false), when: None }
    }

    #[inline]
    pub(crate) fn after(duration: Duration) -> Self {
        // At once: what is set field by field has to be put together again to be moved.
        let registration = TimerRegistration::current(duration >= WELL_AHEAD);
        let when = registration.clock().now().checked_add(duration);
        Self { registration, when }
    }

    pub(crate) fn at(instant: Instant) -> Self {
        Self { when: Some(instant), ..Self::never() }
    }

    #[inline]
    pub(crate) fn set_after(&mut self, duration: Duration) {
        self.when = self.now().checked_add(duration);
        if duration >= WELL_AHEAD {
            self.registration.assume_ahead();
        } else {
            self.registration.clear();
        }
    }

    pub(crate) fn set(&mut self, when: Option<Instant>) {
        self.registration.clear();
        self.when = when;
    }

    pub(crate) fn when(&self) -> Option<Instant> {
        self.when
    }

    /// The present instant, on the clock it goes by.
    #[inline]
    pub(crate) fn now(&self) -> Instant {
        self.registration.clock().now()
    }

    /// Whether the moment has come; it has done so once, then it is never.
    #[inline]
    pub(crate) fn poll(&mut self, waker: &Waker) -> Poll<Instant> {
        let Some(when) = self.when else { return Poll::Pending };
        ready!(self.registration.poll(when, waker));
        self.when = None;
        Poll::Ready(when)
    }

    /// As [`poll`](Self::poll), as an operation of the task: it spends a unit of the task's budget.
    #[inline]
    pub(crate) fn poll_spending(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let unit = ready!(coop::poll_proceed(cx));
        let when = ready!(self.poll(cx.waker()));
        unit.made_progress();
        Poll::Ready(when)
    }
}

/// A future that ends at a moment, or a stream of moments.
///
/// It binds to the ambient runtime when it is made (in a scheduler that is no runtime's to the default one), and is entered
/// in a timer wheel at its first pending poll. It never fires early. Of timers due within 66 µs any may be the first.
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
    next: Moment,
    /// From one moment to the next, as a stream.
    period: Duration,
}

impl Timer {
    /// Never fires, until it is set.
    pub fn never() -> Self {
        Self { next: Moment::never(), period: Duration::MAX }
    }

    /// Fires once, after a duration; one that is too long for the clock, such as [`Duration::MAX`], means never.
    pub fn after(duration: Duration) -> Self {
        Self { next: Moment::after(duration), period: Duration::MAX }
    }

    /// Fires once, at an instant.
    pub fn at(instant: Instant) -> Self {
        Self { next: Moment::at(instant), period: Duration::MAX }
    }

    /// Fires periodically, first after one period.
    pub fn interval(period: Duration) -> Self {
        Self { next: Moment::after(period), period }
    }

    /// Fires periodically, first at `start`.
    pub fn interval_at(start: Instant, period: Duration) -> Self {
        Self { next: Moment::at(start), period }
    }

    /// Whether it will fire.
    #[must_use]
    pub fn will_fire(&self) -> bool {
        self.next.when().is_some()
    }

    /// Sets it to fire once, after a duration from now.
    pub fn set_after(&mut self, duration: Duration) {
        self.next.set_after(duration);
        self.period = Duration::MAX;
    }

    /// Sets it to fire once, at an instant.
    pub fn set_at(&mut self, instant: Instant) {
        self.next.set(Some(instant));
        self.period = Duration::MAX;
    }

    /// Sets it to fire periodically, first after one period from now.
    pub fn set_interval(&mut self, period: Duration) {
        self.next.set_after(period);
        self.period = period;
    }

    /// Sets it to fire periodically, first at `start`.
    pub fn set_interval_at(&mut self, start: Instant, period: Duration) {
        self.next.set(Some(start));
        self.period = period;
    }

    /// Sets it to never fire, until it is set again.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenter_io::Timer;
    ///
    /// let mut timer = Timer::after(Duration::from_secs(1));
    /// timer.clear();
    /// assert!(!timer.will_fire());
    /// ```
    pub fn clear(&mut self) {
        self.next.set(None);
        self.period = Duration::MAX;
    }

    /// Waits for the present moment, and moves on to the next.
    fn poll_moment(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let when = ready!(self.next.poll_spending(cx));
        if self.period != Duration::MAX {
            self.next.set(when.checked_add(self.period));
        }
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
