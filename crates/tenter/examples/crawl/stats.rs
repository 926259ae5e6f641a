//! Clocks.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::serve::Server;

/// What a crawl cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    pub(crate) wall: Duration,
    /// The process's CPU time, user and system, without the server's.
    pub(crate) cpu: Duration,
}

/// A measurement under way.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    cpu: Duration,
    server_cpu: Duration,
}

impl Clock {
    pub(crate) fn start(server: &Server) -> Self {
        Clock { started: Instant::now(), cpu: process_cpu_time(), server_cpu: server.cpu_time() }
    }

    pub(crate) fn stop(self, server: &Server) -> Spent {
        let wall = self.started.elapsed();
        let served = server.cpu_time().saturating_sub(self.server_cpu);
        Spent { wall, cpu: process_cpu_time().saturating_sub(self.cpu).saturating_sub(served) }
    }
}

fn process_cpu_time() -> Duration {
    duration(clock_gettime(ClockId::ProcessCPUTime))
}

/// The CPU time of the calling thread.
pub(crate) fn thread_cpu_time() -> Duration {
    duration(clock_gettime(ClockId::ThreadCPUTime))
}

fn duration(time: Timespec) -> Duration {
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}
