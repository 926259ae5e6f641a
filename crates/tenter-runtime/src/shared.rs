//! What a runtime has besides its scheduler, and how the scheduler waits in it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use tenter_blocking::Pool;
use tenter_driver::Driver;
use tenter_scheduler::Park;

use crate::{ReactorReport, timer};

/// How long the driver's thread pauses after its reactor failed, so that a broken one does not burn a CPU.
const PAUSE: Duration = Duration::from_millis(10);

/// Driver, blocking pool, and how the reactor was chosen.
pub(crate) struct Shared {
    pub(crate) driver: Arc<Driver>,
    pub(crate) pool: Pool,
    pub(crate) report: ReactorReport,
    /// Set after the first failure of the reactor was printed.
    complained: AtomicBool,
}

impl Shared {
    pub(crate) fn new(driver: Arc<Driver>, pool: Pool, report: ReactorReport) -> Self {
        Self { driver, pool, report, complained: AtomicBool::new(false) }
    }

    /// What a scheduler waits in, if it is a runtime's.
    #[inline]
    pub(crate) fn find(park: &dyn Park) -> Option<&Self> {
        park.as_any().downcast_ref()
    }

    /// What a runtime's scheduler waits in.
    #[inline]
    pub(crate) fn of(park: &dyn Park) -> &Self {
        Self::find(park).expect("a runtime's scheduler waits in its `Shared`")
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("driver", &self.driver).field("reactor", &self.report.name).finish()
    }
}

impl Park for Shared {
    fn drive(
        &self,
        most: usize,
        timeout: Option<Duration>,
        enter: &mut dyn FnMut() -> bool,
        out: &mut Vec<Waker>,
    ) -> bool {
        let Some(mut seat) = self.driver.try_seat() else { return false };
        if !enter() {
            return true;
        }
        if let Err(error) = seat.turn_at_most(most, timeout, out) {
            if !self.complained.swap(true, Relaxed) {
                eprintln!("tenter: the reactor '{}' fails: {error}", self.report.name);
            }
            thread::sleep(PAUSE);
        }
        true
    }

    fn is_driven(&self) -> bool {
        self.driver.is_seated()
    }

    fn wake(&self) {
        self.driver.wake();
    }

    fn fire(&self, wheel: usize, out: &mut Vec<Waker>) {
        if self.driver.next_deadline(wheel).is_some() {
            self.driver.fire(wheel, self.driver.clock().now(), out);
        }
    }

    fn fire_after_sleep(&self, wheel: usize, asked: Instant, out: &mut Vec<Waker>) {
        self.driver.fire_after_sleep(wheel, asked, out);
    }

    fn next_deadline(&self, wheel: usize) -> Option<Instant> {
        self.driver.next_deadline(wheel)
    }

    fn wake_time(&self, wheel: usize) -> Option<Instant> {
        self.driver.wake_time(wheel)
    }

    fn set_self_timed(&self, wheel: usize, on: bool) {
        self.driver.set_self_timed(wheel, on);
    }

    fn settle(&self) -> bool {
        timer::remove_gone()
    }

    fn is_needed(&self) -> bool {
        self.driver.source_count() > 0 || self.driver.timer_count() > 0
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
