//! What the fuzz targets share: futures polled by hand, and the drivers' mock reactor.
//!
//! A target turns bytes into steps, applies each to the real thing and to a simple model, and compares the two after
//! every step. `docs/FUZZING.md` says what each promises.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

#[cfg(unix)]
#[path = "../../crates/tenter-driver/tests/common/mod.rs"]
pub mod mock;

/// Counts the wakes of one waker.
#[derive(Debug, Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A waker of which one can tell whether it was used since the last poll.
#[derive(Debug)]
pub struct Sleeper {
    wakes: Arc<Wakes>,
    waker: Waker,
    /// Whether the last poll was pending.
    pending: bool,
}

impl Default for Sleeper {
    fn default() -> Self {
        Self::new()
    }
}

impl Sleeper {
    /// Not waiting for anything yet.
    #[must_use]
    pub fn new() -> Self {
        let wakes = Arc::<Wakes>::default();
        Self { waker: Waker::from(wakes.clone()), wakes, pending: false }
    }

    /// Polls something. With `renew` it gets another waker than the time before, as a future that has moved to another
    /// task does; the old one no longer counts.
    pub fn poll<T>(&mut self, renew: bool, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        if renew {
            *self = Self::new();
        }
        self.wakes.0.store(0, Ordering::Relaxed);
        let polled = poll(&mut Context::from_waker(&self.waker));
        self.pending = polled.is_pending();
        polled
    }

    /// Whether it waits and was woken since.
    #[must_use]
    pub fn is_awake(&self) -> bool {
        self.pending && self.wakes() > 0
    }

    /// Whether it waits and was not woken since.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        self.pending && self.wakes() == 0
    }

    /// How often it was woken since the last poll.
    #[must_use]
    pub fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::Relaxed)
    }

    /// Waits no more.
    pub fn stop(&mut self) {
        self.pending = false;
    }
}

/// A future that is polled by hand.
pub struct Polled<T> {
    future: Pin<Box<dyn Future<Output = T>>>,
    /// Who polls it.
    pub sleeper: Sleeper,
}

impl<T> Polled<T> {
    /// Not polled yet.
    pub fn new(future: impl Future<Output = T> + 'static) -> Self {
        Self { future: Box::pin(future), sleeper: Sleeper::new() }
    }

    /// Polls it, with a new waker if `renew`.
    pub fn poll(&mut self, renew: bool) -> Poll<T> {
        self.sleeper.poll(renew, |cx| self.future.as_mut().poll(cx))
    }
}

/// How many sleep, and how many were woken.
pub fn asleep_and_awake<'a>(sleepers: impl IntoIterator<Item = &'a Sleeper>) -> (usize, usize) {
    let mut counts = (0, 0);
    for sleeper in sleepers {
        counts.0 += usize::from(sleeper.is_asleep());
        counts.1 += usize::from(sleeper.is_awake());
    }
    counts
}

/// The place that `index` stands for among `len`, if there is any.
#[must_use]
pub fn pick(index: u8, len: usize) -> Option<usize> {
    (len > 0).then(|| usize::from(index) % len)
}
