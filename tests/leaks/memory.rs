//! Memory does not grow with the number of tasks that have been.
//! On Linux, where /proc tells.
#![cfg(target_os = "linux")]

use std::fs;

use tenter::Builder;
use tenter_tests::{MINUTE, within};

/// Resident memory, in bytes.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn ten_rounds_of_a_million_dropped_tasks_must_not_grow_memory() {
    within(MINUTE * 3, || {
        // Chaos has tasks freed by threads that did not make them, and the allocator keeps memory for each.
        let runtime = Builder::new_multi_thread().worker_threads(2).chaos(None).build().unwrap();
        let mut sizes = Vec::new();
        // Made once: where the allocator puts something that large is not what is measured.
        let mut tasks = Vec::with_capacity(1_000_000);
        for _ in 0..10 {
            runtime.block_on(async {
                tasks.extend((0..1_000_000).map(|_| tenter::spawn(std::future::pending::<()>())));
                // With all of them alive: what the allocator gives back afterwards, and when, is its own affair.
                sizes.push(resident());
                tasks.clear();
                while tenter::Handle::current().live_tasks() > 0 {
                    tenter::future::yield_now().await;
                }
            });
        }
        // The least of the last five: in which arena a burst ends up is the allocator's affair, and a leak is in all of them.
        let (first, last) = (sizes[0], *sizes[5..].iter().min().expect("ten rounds"));
        assert!(last <= first + first / 20, "resident bytes after each round: {sizes:?}");
    });
}
