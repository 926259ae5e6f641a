//! The seat: the role of the one thread that waits in the reactor.

use std::fmt;
use std::io;
use std::task::Waker;
use std::time::Duration;

use crate::Driver;
use crate::driver::as_nanos;
use crate::lock::lock;
use crate::timer::{NEVER, Nanos, SharedWheel};

/// The most events that one [`Seat::turn`] takes in: enough to spread the price of the system call, few enough
/// that timers and local tasks are looked after in between.
pub const MOST_EVENTS: usize = 256;

/// The role of the thread that waits; given back when it is dropped. Made by [`Driver::try_seat`].
pub struct Seat<'a> {
    driver: &'a Driver,
}

impl<'a> Seat<'a> {
    /// For [`Driver::try_seat`], which has taken the role.
    pub(crate) fn new(driver: &'a Driver) -> Self {
        Self { driver }
    }

    /// Waits for events, a [wake](Driver::wake), the timeout (`None`: no timeout), or the earliest deadline of the
    /// remote wheel and of all workers' wheels that are not [self-timed](Driver::set_self_timed). Then moves the
    /// wakers of ready sources and of due timers into `out`, in this order; it wakes nobody itself.
    ///
    /// A timeout of zero only polls.
    ///
    /// # Errors
    /// What the reactor's wait says, except that an interrupted wait counts as one without events. Timers that are
    /// due have been moved into `out` nevertheless.
    pub fn turn(&mut self, timeout: Option<Duration>, out: &mut Vec<Waker>) -> io::Result<()> {
        self.turn_at_most(MOST_EVENTS, timeout, out)
    }

    /// As [`turn`](Self::turn), but takes at most `most` events in (at least one, at most [`MOST_EVENTS`]). The rest stay
    /// with the reactor, in its order: for who has no room for the tasks that they wake.
    ///
    /// # Errors
    /// As `turn`.
    pub fn turn_at_most(&mut self, most: usize, timeout: Option<Duration>, out: &mut Vec<Waker>) -> io::Result<()> {
        let driver = self.driver;
        let mut events = lock(driver.events());
        events.clear();
        events.set_capacity(most.clamp(1, MOST_EVENTS));
        let mut now = None;
        let waited = if timeout == Some(Duration::ZERO) {
            driver.reactor().wait(&mut events, timeout)
        } else {
            let sleep = self.fall_asleep(timeout);
            let waited = driver.reactor().wait(&mut events, sleep.as_ref().map(Sleep::timeout));
            driver.sleeping_until().awake();
            now = sleep.filter(|sleep| events.is_empty() && sleep.until > sleep.now).map(|sleep| sleep.is_over(driver));
            waited
        };
        for event in &*events {
            driver.dispatch(*event, out);
        }
        drop(events);
        self.fire_visible(now, out);
        waited.or_else(|error| if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) })
    }

    /// Announces the sleep; gives until when it may last, if it may not last for ever.
    ///
    /// The remote deadline is read once more after the announcement: a foreign timer is either seen here, or its
    /// thread sees the announcement and wakes the reactor.
    fn fall_asleep(&self, timeout: Option<Duration>) -> Option<Sleep> {
        let driver = self.driver;
        let remote = driver.remote();
        let known = driver.visible_wheels().map(SharedWheel::next_deadline).fold(remote.next_deadline(), Nanos::min);
        // The time is asked for only if there is something to compare it with.
        let mut now = (timeout.is_some() || known != NEVER).then(|| driver.now());
        let end = match (timeout, now) {
            (Some(timeout), Some(now)) => now.saturating_add(as_nanos(timeout)),
            _ => NEVER,
        };
        driver.sleeping_until().announce(known.min(end));
        match known.min(end).min(remote.next_deadline()) {
            NEVER => None,
            first => {
                let now = *now.get_or_insert_with(|| driver.now());
                let until = Driver::gathered(first, driver.visible_wheels().chain([remote])).min(end);
                Some(Sleep { now, until, asked: driver.before(until).max(now) })
            }
        }
    }

    /// Fires what is due; asks for the time only if there is a timer at all.
    fn fire_visible(&self, mut now: Option<Nanos>, out: &mut Vec<Waker>) {
        let driver = self.driver;
        for wheel in driver.visible_wheels().chain([driver.remote()]) {
            if wheel.next_deadline() != NEVER {
                wheel.fire(*now.get_or_insert_with(|| driver.now()), out);
            }
        }
    }
}

/// A sleep with an end.
#[derive(Debug)]
struct Sleep {
    now: Nanos,
    until: Nanos,
    /// What the system is asked for, so that it ends then.
    asked: Nanos,
}

impl Sleep {
    fn timeout(&self) -> Duration {
        // Not zero, which would be no sleep: what is due is past, not soon.
        Duration::from_nanos((self.asked - self.now).max(self.until.saturating_sub(self.now).min(1)))
    }

    /// After it, if it was one and there was no event; gives the time.
    fn is_over(&self, driver: &Driver) -> Nanos {
        driver.wake_up(self.asked, self.until)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.driver.leave_seat();
    }
}

impl fmt::Debug for Seat<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("reactor", &self.driver.reactor().name()).finish()
    }
}
