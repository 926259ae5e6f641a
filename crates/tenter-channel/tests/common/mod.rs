//! Polling by hand: a waker that counts, and a box that holds one future.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A future with a waker of its own, polled by hand.
pub struct Task<F> {
    future: Pin<Box<F>>,
    counter: Arc<Counter>,
    waker: Waker,
    /// Wakes counted when the last poll began.
    seen: usize,
}

impl<F: Future> Task<F> {
    pub fn new(future: F) -> Self {
        let counter = Arc::new(Counter::default());
        Self { future: Box::pin(future), waker: Waker::from(counter.clone()), counter, seen: 0 }
    }

    /// A task that has been polled once and is pending.
    pub fn pending(future: F) -> Self {
        let mut task = Self::new(future);
        assert!(task.poll().is_pending());
        task
    }

    pub fn poll(&mut self) -> Poll<F::Output> {
        self.seen = self.wakes();
        self.future.as_mut().poll(&mut Context::from_waker(&self.waker))
    }

    pub fn wakes(&self) -> usize {
        self.counter.0.load(Ordering::Relaxed)
    }

    /// Whether it has been woken since the last poll.
    pub fn woken(&self) -> bool {
        self.wakes() != self.seen
    }
}

/// The result of a poll that must be ready.
#[track_caller]
pub fn ready<T>(poll: Poll<T>) -> T {
    match poll {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future is pending"),
    }
}
