//! CPU time on NetBSD, of which rustix knows no clocks: none is told.

use std::time::Duration;

pub(crate) fn process_cpu_time() -> Duration {
    Duration::ZERO
}

/// The CPU time of the calling thread.
pub(crate) fn thread_cpu_time() -> Duration {
    Duration::ZERO
}
