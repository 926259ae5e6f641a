//! What is told to nobody must be found nevertheless, also when the watch had gone to sleep before.
#![cfg(not(any(tenter_loom, miri)))]

mod common;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::{scheduler, within, yield_now};

/// Longer than the watch goes on ticking when nobody polls.
const LONG_IDLE: Duration = Duration::from_millis(1500);

#[test]
fn a_push_beside_a_worker_that_was_brisk_before_it_slept_must_be_run() {
    within(20, || {
        let scheduler = scheduler(2);
        let brisk = scheduler.spawn(async {
            for _ in 0..5000 {
                yield_now().await;
            }
        });
        tenter_core::park::block_on(brisk);
        thread::sleep(LONG_IDLE);
        assert_eq!(tenter_core::park::block_on(scheduler.spawn(async { 7 })), 7);
        scheduler.close();
    });
}

#[test]
fn a_push_late_in_a_long_poll_of_block_on_must_be_run() {
    within(20, || {
        let scheduler = scheduler(2);
        scheduler.block_on(async {
            scheduler.spawn(async {}).detach();
            thread::sleep(LONG_IDLE);
            let (tell, told) = mpsc::channel();
            scheduler.spawn(async move { tell.send(7).unwrap() }).detach();
            assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(7));
        });
        scheduler.close();
    });
}
