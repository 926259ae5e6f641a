//! A runtime in numbers.

use std::fmt;

use super::json::Json;
use crate::Handle;

/// A runtime in numbers, as they are now; made by [`Handle::metrics`].
///
/// All of them are kept anyway: asking costs some loads, not asking nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Metrics {
    /// The name of its reactor.
    pub reactor: &'static str,
    /// The most worker threads it may have.
    pub workers: usize,
    /// Worker threads there are; they are started when there is work for them.
    pub threads: usize,
    /// Worker threads that sleep.
    pub parked: usize,
    /// Worker threads that look for work.
    pub searching: usize,
    /// Tasks that have not ended.
    pub live_tasks: usize,
    /// Of these, tasks that have waited at least once.
    pub waited_tasks: usize,
    /// Tasks that were woken or spawned from outside of the runtime and wait for a worker.
    pub injected: usize,
    /// Tasks that wait in each worker's own queues; the last number is that of the thread in `block_on`.
    pub queued: Vec<usize>,
    /// Sockets and other sources that are registered.
    pub sources: usize,
    /// Timers that have not fired.
    pub timers: usize,
    /// Threads of the blocking pool.
    pub blocking_threads: usize,
    /// Those of them that have nothing to do.
    pub blocking_idle: usize,
    /// Jobs that wait for a thread of the blocking pool.
    pub blocking_queued: usize,
}

impl Metrics {
    pub(super) fn of(handle: &Handle) -> Self {
        let (counts, driver, pool) = (handle.scheduler().counts(), handle.driver(), &handle.shared().pool);
        Self {
            reactor: handle.reactor_name(),
            workers: handle.worker_threads(),
            threads: counts.threads,
            parked: counts.parked,
            searching: counts.searching,
            live_tasks: counts.live,
            waited_tasks: counts.entered,
            injected: counts.injected,
            queued: counts.queued,
            sources: driver.source_count(),
            timers: driver.timer_count(),
            blocking_threads: pool.threads(),
            blocking_idle: pool.idle_threads(),
            blocking_queued: pool.queued(),
        }
    }

    /// Each number with its name.
    fn numbers(&self) -> [(&'static str, usize); 12] {
        [
            ("workers", self.workers),
            ("threads", self.threads),
            ("parked", self.parked),
            ("searching", self.searching),
            ("live_tasks", self.live_tasks),
            ("waited_tasks", self.waited_tasks),
            ("injected", self.injected),
            ("sources", self.sources),
            ("timers", self.timers),
            ("blocking_threads", self.blocking_threads),
            ("blocking_idle", self.blocking_idle),
            ("blocking_queued", self.blocking_queued),
        ]
    }

    /// As one line of JSON: an object whose members have the fields' names.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = Json::new();
        json.object(|object| {
            object.text("reactor", self.reactor);
            for (name, number) in self.numbers() {
                object.plain(name, number);
            }
            object.member("queued").list(&self.queued, |json, queued| json.plain(queued));
        });
        json.finish()
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "reactor           {}", self.reactor)?;
        for (name, number) in self.numbers() {
            writeln!(f, "{name:<16}  {number}")?;
        }
        let queued: Vec<_> = self.queued.iter().map(usize::to_string).collect();
        write!(f, "queued            {}", queued.join(" "))
    }
}
