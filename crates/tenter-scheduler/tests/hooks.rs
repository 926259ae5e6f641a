//! Thread hooks that panic.
#![cfg(not(tenter_loom))]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use common::{config, within};
use tenter_scheduler::{NoPark, Scheduler};

/// Runs one task without `block_on`, so that only a worker can.
fn runs_a_task(scheduler: &Scheduler) {
    let (send, ran) = mpsc::channel();
    scheduler.spawn(async move { send.send(()).unwrap() }).detach();
    ran.recv_timeout(Duration::from_secs(30)).expect("no worker ran the task");
}

#[test]
fn a_panicking_start_hook_must_not_lose_the_worker() {
    within(120, || {
        let mut config = config(1);
        config.on_thread_start = Some(Arc::new(|| panic!("start hook, on purpose")));
        let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
        runs_a_task(&scheduler);
        runs_a_task(&scheduler);
        scheduler.close();
    });
}

#[test]
fn a_panicking_stop_hook_must_not_spoil_the_slot_for_its_next_runtime() {
    within(120, || {
        let stops = Arc::new(AtomicUsize::new(0));
        for round in 1..=5 {
            let mut config = config(1);
            let seen = stops.clone();
            config.on_thread_stop = Some(Arc::new(move || {
                seen.fetch_add(1, SeqCst);
                panic!("stop hook, on purpose");
            }));
            let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
            runs_a_task(&scheduler);
            scheduler.close();
            assert_eq!(stops.load(SeqCst), round);
        }
    });
}
