//! Sleeping, timeouts and intervals, as in tokio.

use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use crate::timer::Moment;

/// Waits for a duration; [`Duration::MAX`] means for ever.
///
/// ```
/// use std::time::Duration;
///
/// tenter_runtime::block_on(tenter_io::time::sleep(Duration::from_millis(2)));
/// ```
///
/// # Panics
/// If there is no runtime and the default one can't be made.
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { end: Moment::after(duration) }
}

/// Waits until an instant.
///
/// # Panics
/// As [`sleep`].
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { end: Moment::at(deadline) }
}

/// Waits for a moment; made by [`sleep`] and [`sleep_until`].
///
/// # Cancel safety
/// Nothing is lost.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Sleep {
    end: Moment,
}

impl Sleep {
    /// Sets another moment.
    pub fn reset(&mut self, deadline: Instant) {
        self.end.set(Some(deadline));
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.end.poll_spending(cx).map(drop)
    }
}

/// Gives a future that much time.
///
/// ```
/// use std::future::pending;
/// use std::time::Duration;
/// use tenter_io::time::timeout;
///
/// tenter_runtime::block_on(async {
///     assert_eq!(timeout(Duration::from_secs(9), async { 1 }).await, Ok(1));
///     assert!(timeout(Duration::from_millis(2), pending::<()>()).await.is_err());
/// });
/// ```
///
/// # Errors
/// [`Elapsed`] if the time is over first; the future is polled before the time is looked at.
///
/// # Cancel safety
/// As the future's.
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), end: Moment::after(duration) }
}

/// Gives a future until an instant.
///
/// # Errors
/// As [`timeout`].
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), end: Moment::at(deadline) }
}

pin_project! {
    /// A future with a deadline; made by [`timeout`] and [`timeout_at`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        end: Moment,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        // Not an operation of the task: a future that always uses the task's budget up must not put off its own end.
        this.end.poll(cx.waker()).map(|_| Err(Elapsed(())))
    }
}

/// The time given to a future was over before it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline has passed")
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}

/// What an [`Interval`] does about ticks that nobody waited for in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Gives them all at once, until it has caught up.
    #[default]
    Burst,
    /// Starts anew from the late one.
    Delay,
    /// Leaves them out, and goes on at the next multiple of the period.
    Skip,
}

/// Ticks at once, and then once every period.
///
/// # Panics
/// If the period is zero, or as [`sleep`].
pub fn interval(period: Duration) -> Interval {
    Interval::new(Moment::after(Duration::ZERO), period)
}

/// Ticks at `start`, and then once every period.
///
/// # Panics
/// As [`interval`].
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    Interval::new(Moment::at(start), period)
}

/// A clock that ticks; made by [`interval`] and [`interval_at`].
#[derive(Debug)]
pub struct Interval {
    next: Moment,
    period: Duration,
    missed: MissedTickBehavior,
}

impl Interval {
    fn new(next: Moment, period: Duration) -> Self {
        assert!(!period.is_zero(), "the period of an interval must not be zero");
        Self { next, period, missed: MissedTickBehavior::Burst }
    }

    /// Waits for the next tick and gives the instant it was due at.
    ///
    /// # Cancel safety
    /// No tick is lost.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// As [`tick`](Self::tick), for use in a `poll` function.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let due = std::task::ready!(self.next.poll_spending(cx));
        let planned = due.checked_add(self.period);
        self.next.set(planned.map(|planned| self.after_miss(planned)));
        Poll::Ready(due)
    }

    /// The tick that comes in place of the planned one, which may be past already.
    fn after_miss(&self, planned: Instant) -> Instant {
        let now = self.next.now();
        if planned > now || self.missed == MissedTickBehavior::Burst {
            return planned;
        }
        let into = match self.missed {
            MissedTickBehavior::Skip => (now - planned).as_nanos() % self.period.as_nanos(),
            _ => 0,
        };
        // `into` is less than the lateness, which fits.
        now.checked_add(self.period - Duration::from_nanos(into as u64)).unwrap_or(now)
    }

    /// Starts the present period anew.
    pub fn reset(&mut self) {
        self.next.set_after(self.period);
    }

    /// The period.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// What it does about missed ticks.
    #[must_use]
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Sets what it does about missed ticks.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }
}
