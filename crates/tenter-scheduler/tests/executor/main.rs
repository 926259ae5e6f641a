//! `Executor` and `LocalExecutor` as plain values: running, sleeping, being dropped while others wake.

#![cfg(not(tenter_loom))]

#[path = "../common/mod.rs"]
mod common;
mod dropping;
// Miri starts no processes.
#[cfg(not(miri))]
mod exiting;
mod local;
mod running;
mod sleeping;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use common::{within, yield_now};

/// Counts its wakes.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A waker with its count.
fn counting() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), Waker::from(count))
}

fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// A place where a task leaves its waker, and the task that then waits until it is polled for the second time.
#[derive(Clone, Default)]
struct Door(Arc<Mutex<Option<Waker>>>);

impl Door {
    async fn pass(self) {
        let mut first = true;
        poll_fn(|cx| {
            if !std::mem::replace(&mut first, false) {
                return Poll::Ready(());
            }
            *self.0.lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn take(&self) -> Option<Waker> {
        self.0.lock().unwrap().take()
    }

    /// Wakes the task once it has left its waker.
    fn wake_soon(&self) {
        let waker = loop {
            match self.take() {
                Some(waker) => break waker,
                None => thread::yield_now(),
            }
        };
        waker.wake();
    }
}
