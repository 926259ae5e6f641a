//! CPU time on Unix.

use std::io;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What this process has used so far, user and system.
pub(crate) fn cpu_time() -> io::Result<Duration> {
    clock_gettime(ClockId::ProcessCPUTime).try_into().map_err(io::Error::other)
}
