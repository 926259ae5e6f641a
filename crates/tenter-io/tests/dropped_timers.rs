//! A dropped timer's waker may be kept for a moment, but not beyond what its thread does next.

mod common;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use tenter_io::Timer;
use tenter_runtime::Builder;

use crate::common::{each, on_each, watched};

struct Quiet;

impl Wake for Quiet {
    fn wake(self: Arc<Self>) {}
}

/// A timer that holds the second count of what its waker is.
fn entered(waker: &Arc<Quiet>) -> Timer {
    let mut timer = Timer::after(Duration::from_secs(3600));
    let waker = Waker::from(waker.clone());
    assert!(Pin::new(&mut timer).poll(&mut Context::from_waker(&waker)).is_pending());
    timer
}

#[test]
fn a_timer_that_is_dropped_on_another_thread_must_not_keep_its_waker() {
    each(|| async {
        let waker = Arc::new(Quiet);
        let timer = entered(&waker);
        assert_eq!(Arc::strong_count(&waker), 2);
        thread::spawn(move || drop(timer)).join().unwrap();
        assert_eq!(Arc::strong_count(&waker), 1);
    });
}

#[test]
fn the_last_dropped_timer_of_a_block_on_must_not_keep_its_waker() {
    on_each(|runtime| {
        let waker = Arc::new(Quiet);
        runtime.block_on(async { drop(entered(&waker)) });
        assert_eq!(Arc::strong_count(&waker), 1);
    });
}

#[test]
fn the_last_dropped_timer_before_a_nested_block_on_must_not_keep_its_waker() {
    each(|| async {
        let waker = Arc::new(Quiet);
        drop(entered(&waker));
        let other = Builder::new_current_thread().build().unwrap();
        other.block_on(async { assert_eq!(Arc::strong_count(&waker), 1) });
    });
}

/// The runtime has woken all who waited for its timers before; whoever keeps a handle keeps its wheels.
#[test]
fn the_last_dropped_timer_of_a_worker_that_ends_must_not_keep_its_waker() {
    watched("a runtime that is dropped within", || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let handle = runtime.handle().clone();
        let waker = Arc::new(Quiet);
        let own = waker.clone();
        let task = handle.spawn(async move {
            drop(runtime);
            drop(entered(&own));
        });
        task.detach();
        let start = Instant::now();
        while Arc::strong_count(&waker) > 1 {
            assert!(start.elapsed() < Duration::from_secs(60), "it is kept");
            thread::sleep(Duration::from_millis(1));
        }
        drop(handle);
    });
}
