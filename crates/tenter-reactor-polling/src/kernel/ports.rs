//! illumos and Solaris: event ports.

use std::io;
use std::time::Duration;

use polling::Event;
use rustix::io::Errno;
use tenter_reactor::Readiness;

use super::Interface;

/// Event ports.
pub(crate) enum Kernel {}

impl Interface for Kernel {
    const NAME: &'static str = "event ports";
    const REGULAR_FILES: bool = true;
    /// polling asks for it together with data.
    const URGENT_DATA_ALONE: bool = false;

    /// What the call takes.
    fn granularity() -> Duration {
        Duration::from_nanos(1)
    }

    fn is_unwatchable(error: &io::Error) -> bool {
        Errno::from_io_error(error) == Some(Errno::BADFD)
    }

    /// A hang-up may mean one direction or both; only the error is certain.
    fn endings(event: &Event) -> Readiness {
        if event.is_err() == Some(true) { Readiness::ERROR } else { Readiness::NONE }
    }
}
