//! The handshake between the thread that sleeps in the reactor and a foreign thread that adds a timer.
//!
//! Prose and proof are in this crate's `README.md`.

use tenter_core::sync::atomic::{AtomicU64, Ordering, fence};

use crate::timer::Nanos;

/// Until when the holder of the seat sleeps: 0 while it is awake (or there is none), `NEVER` for a sleep without
/// end. Written by the holder alone.
#[derive(Debug)]
pub(crate) struct SleepingUntil(AtomicU64);

impl SleepingUntil {
    const AWAKE: Nanos = 0;

    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(Self::AWAKE))
    }

    /// The holder says until when it will sleep. Deadlines that it reads after this and finds earlier it must obey;
    /// earlier ones that it does not see yet will be followed by a wake.
    pub(crate) fn announce(&self, until: Nanos) {
        self.0.store(until, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// The holder is back.
    pub(crate) fn awake(&self) {
        self.0.store(Self::AWAKE, Ordering::Relaxed);
    }

    /// Whether the holder would sleep past `deadline`, which the caller has published before.
    pub(crate) fn is_beyond(&self, deadline: Nanos) -> bool {
        fence(Ordering::SeqCst);
        deadline < self.0.load(Ordering::Relaxed)
    }
}
