//! What a scheduler has counted anyway, for whoever asks.

use std::sync::atomic::Ordering::Relaxed;

use crate::scheduler::Scheduler;

/// Threads and queues of a scheduler; a snapshot, whose parts are of moments that lie close together.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Counts {
    /// Worker threads there are.
    pub threads: usize,
    /// Those of them that sleep.
    pub parked: usize,
    /// Those of them that look for work.
    pub searching: usize,
    /// Tasks that have not ended.
    pub live: usize,
    /// Tasks that have waited at least once and have not ended.
    pub entered: usize,
    /// Tasks that were woken or spawned from outside and wait for a worker.
    pub injected: usize,
    /// Tasks that wait in each worker's own queues, then those in the queues of the thread in `block_on`.
    pub queued: Vec<usize>,
}

impl Scheduler {
    /// How many there are of what.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let slot = self.core.slot;
        let word = slot.idle.word();
        let queued = slot.seats.iter().map(|seat| seat.queued() + usize::from(!seat.lifo.is_empty()));
        Counts {
            threads: slot.started.load(Relaxed),
            parked: word.parked(),
            searching: word.searching(),
            live: slot.live_tasks(),
            entered: slot.entered(),
            injected: slot.inject.len(),
            queued: queued.collect(),
        }
    }
}
