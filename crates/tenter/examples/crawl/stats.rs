//! Clocks.

#[cfg_attr(windows, path = "stats/windows.rs")]
#[cfg_attr(target_os = "netbsd", path = "stats/netbsd.rs")]
#[cfg_attr(not(any(windows, target_os = "netbsd")), path = "stats/posix.rs")]
mod cpu;

use std::time::{Duration, Instant};

use self::cpu::process_cpu_time;
pub(crate) use self::cpu::thread_cpu_time;
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
