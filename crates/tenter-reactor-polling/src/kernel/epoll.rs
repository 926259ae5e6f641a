//! Linux: epoll, with a timerfd for the timeouts.

use std::io;
use std::time::Duration;

use polling::Event;
use rustix::io::Errno;
use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
use tenter_reactor::Readiness;

use super::Interface;

/// epoll.
pub(crate) enum Kernel {}

impl Interface for Kernel {
    const NAME: &'static str = "epoll";

    /// Without timerfds, which sandboxes forbid, polling passes milliseconds to `epoll_wait`.
    fn granularity() -> Duration {
        let precise = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC).is_ok();
        if precise { Duration::from_nanos(1) } else { Duration::from_millis(1) }
    }

    /// The file has no `poll` of its own: a regular file, a directory.
    fn is_unwatchable(error: &io::Error) -> bool {
        Errno::from_io_error(error) == Some(Errno::PERM)
    }

    fn endings(event: &Event) -> Readiness {
        let mut readiness = Readiness::NONE;
        if event.is_interrupt() {
            readiness |= Readiness::READ | Readiness::READ_CLOSED | Readiness::WRITE | Readiness::WRITE_CLOSED;
        }
        if event.is_err() == Some(true) {
            readiness |= Readiness::ERROR;
        }
        readiness
    }
}
