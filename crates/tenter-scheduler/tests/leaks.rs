//! What is dropped leaves nothing behind, as Linux counts it.
#![cfg(all(target_os = "linux", not(tenter_loom)))]

mod common;

use std::future::pending;
use std::sync::Arc;
use std::thread;

use common::{config, scheduler, within, yield_now};
use tenter_scheduler::{NoPark, Scheduler};

#[test]
fn a_million_dropped_tasks_leave_no_memory_behind() {
    fn resident_pages() -> usize {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        statm.split(' ').nth(1).unwrap().parse().unwrap()
    }
    within(120, || {
        let scheduler = scheduler(0);
        let mut first = 0;
        for round in 0..10 {
            let tasks: Vec<_> = (0..100_000).map(|_| scheduler.spawn(pending::<()>())).collect();
            assert_eq!(scheduler.live_tasks(), 100_000);
            drop(tasks);
            scheduler.block_on(async {
                while scheduler.live_tasks() > 0 {
                    yield_now().await;
                }
            });
            if round == 1 {
                first = resident_pages();
            }
        }
        let grown = resident_pages().saturating_sub(first);
        // A leak of one word per task would be 8 × 800 000 bytes, 1562 pages of 4 KiB.
        assert!(grown < 1_000, "{grown} pages more than after the second round");
        scheduler.close();
    });
}

#[test]
fn a_hundred_schedulers_leave_no_thread() {
    fn threads() -> usize {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let names = tasks.map(|task| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default());
        names.filter(|name| name.starts_with("leave-none")).count()
    }
    within(120, || {
        for round in 0..100 {
            let mut config = config(round % 3 + 1);
            config.thread_name = "leave-none".to_owned();
            let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
            let tasks: Vec<_> = (0..10).map(|_| scheduler.spawn(yield_now())).collect();
            scheduler.block_on(async {
                for task in tasks {
                    task.await;
                }
            });
            assert!(threads() > 0);
            scheduler.close();
            // The system lists a thread for a moment after it was joined.
            while threads() > 0 {
                thread::yield_now();
            }
        }
    });
}
