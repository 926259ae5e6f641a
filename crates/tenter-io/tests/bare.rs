//! A scheduler that is no runtime's: it has neither driver nor pool, so what its tasks wait for is the default runtime's.

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use tenter_io::{Async, Timer, time};
use tenter_runtime::{Handle, block_on, spawn, unblock};
use tenter_scheduler::{Config, NoPark, Scheduler};

use crate::common::watched;

async fn wait_for_everything() {
    let start = Instant::now();
    Timer::after(Duration::from_millis(5)).await;
    assert!(start.elapsed() >= Duration::from_millis(5));

    let (a, b) = common::pair().unwrap();
    let (mut a, mut b) = (Async::new(a).unwrap(), Async::new(b).unwrap());
    let reading = spawn(async move {
        let mut bytes = [0; 5];
        a.read_exact(&mut bytes).await.unwrap();
        bytes
    });
    Timer::after(Duration::from_millis(1)).await;
    b.write_all(b"hello").await.unwrap();
    assert_eq!(&reading.await, b"hello");

    // A runtime's handle can be asked for what only a runtime has.
    assert!(!Handle::current().reactor_name().is_empty());
    assert_eq!(unblock(|| 1).await + block_on(async { 2 }), 3);
}

#[test]
fn tasks_of_a_bare_scheduler_wait_with_the_default_runtime() {
    watched("tasks_of_a_bare_scheduler_wait_with_the_default_runtime", || {
        for workers in 0..3 {
            let mut config = Config::default();
            config.workers = workers;
            let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
            scheduler.block_on(wait_for_everything());
            scheduler.block_on(scheduler.spawn(wait_for_everything()));
            scheduler.close();
        }
    });
}

#[test]
fn a_timer_outlives_the_bare_scheduler_that_it_was_made_in() {
    watched("a_timer_outlives_the_bare_scheduler_that_it_was_made_in", || {
        let mut config = Config::default();
        config.workers = 1;
        let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
        let start = Instant::now();
        let (short, long) = (Duration::from_millis(20), Duration::from_secs(9));
        let make = async move { (Timer::after(short), time::sleep(short), time::timeout(long, async { 1 })) };
        let (timer, sleep, timeout) = scheduler.block_on(scheduler.spawn(make));
        scheduler.close();
        drop(scheduler);
        block_on(async {
            timer.await;
            sleep.await;
            assert_eq!(timeout.await, Ok(1));
        });
        assert!(start.elapsed() >= short);
    });
}
