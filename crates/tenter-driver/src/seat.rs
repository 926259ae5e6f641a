//! The seat: the role of the one thread that waits in the reactor.

use std::fmt;
use std::io;
use std::task::Waker;
use std::time::Duration;

use crate::Driver;
use crate::driver::as_nanos;
use crate::lock::lock;
use crate::timer::{NEVER, Nanos, SharedWheel};

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
        let driver = self.driver;
        let mut events = lock(driver.events());
        events.clear();
        let waited = if timeout == Some(Duration::ZERO) {
            driver.reactor().wait(&mut events, timeout)
        } else {
            let timeout = self.fall_asleep(timeout);
            let waited = driver.reactor().wait(&mut events, timeout);
            driver.sleeping_until().awake();
            waited
        };
        for event in &*events {
            driver.dispatch(*event, out);
        }
        drop(events);
        self.fire_visible(out);
        waited.or_else(|error| if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) })
    }

    /// Announces the sleep, and gives the timeout that brings it to an end in time.
    ///
    /// The remote deadline is read once more after the announcement: a foreign timer is either seen here, or its
    /// thread sees the announcement and wakes the reactor.
    fn fall_asleep(&self, timeout: Option<Duration>) -> Option<Duration> {
        let driver = self.driver;
        let remote = driver.remote();
        let known = driver.visible_wheels().map(SharedWheel::next_deadline).fold(remote.next_deadline(), Nanos::min);
        // The time is asked for only if there is something to compare it with.
        let mut now = (timeout.is_some() || known != NEVER).then(|| driver.now());
        let until = match (timeout, now) {
            (Some(timeout), Some(now)) => known.min(now.saturating_add(as_nanos(timeout))),
            _ => known,
        };
        driver.sleeping_until().announce(until);
        match until.min(remote.next_deadline()) {
            NEVER => None,
            until => Some(Duration::from_nanos(until.saturating_sub(*now.get_or_insert_with(|| driver.now())))),
        }
    }

    /// Fires what is due; asks for the time only if there is a timer at all.
    fn fire_visible(&self, out: &mut Vec<Waker>) {
        let driver = self.driver;
        let mut now: Option<Nanos> = None;
        for wheel in driver.visible_wheels().chain([driver.remote()]) {
            if wheel.next_deadline() != NEVER {
                wheel.fire(*now.get_or_insert_with(|| driver.now()), out);
            }
        }
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
