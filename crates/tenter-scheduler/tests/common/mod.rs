//! What several tests share.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::future::poll_fn;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tenter_scheduler::{Config, NoPark, Scheduler};

/// A configuration with so many workers.
pub(crate) fn config(workers: usize) -> Config {
    let mut config = Config::default();
    config.workers = workers;
    config.chaos = chaos();
    config
}

/// The seed that `TENTER_CHAOS` gives to all tests.
pub(crate) fn chaos() -> Option<u64> {
    let text = std::env::var("TENTER_CHAOS").ok().filter(|text| !text.trim().is_empty())?;
    Some(text.trim().parse().expect("TENTER_CHAOS is a seed, a number from 0 to 2^64 - 1"))
}

/// A scheduler that drives nothing.
pub(crate) fn scheduler(workers: usize) -> Scheduler {
    Scheduler::new(config(workers), Arc::new(NoPark)).unwrap()
}

/// Gives way once.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Fails instead of hanging for ever.
pub(crate) fn within(seconds: u64, run: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let thread = thread::spawn(move || {
        run();
        done.send(()).unwrap();
    });
    match finished.recv_timeout(Duration::from_secs(seconds)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("still not done after {seconds} s"),
        _ => thread.join().unwrap(),
    }
}

/// Long enough for a thread with nothing to do to be asleep; nothing fails if it is not.
pub(crate) fn settle() {
    thread::sleep(Duration::from_millis(2));
}
