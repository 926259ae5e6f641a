//! Memory does not grow with the number of tasks that have been.
//! On Linux, where /proc tells.
#![cfg(target_os = "linux")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use tenter::Builder;
use tenter_tests::{MINUTE, within};

/// The system's allocator; counts the bytes that the program holds.
struct Counted;

static HELD: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counted = Counted;

// SAFETY: everything is the system allocator's; the count touches no memory of anyone's.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        HELD.fetch_add(size, Relaxed);
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(ptr, layout, size) }
    }
}

/// Resident memory, in bytes.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

const TASKS: usize = 1_000_000;

/// What the registry's shards and the queues may keep for later, whatever has been: 24 shards of 4096 places, and some.
const KEPT: usize = 2 << 20;

/// What a task that waits has in the registry, and its share of unused places, in bytes.
const PLACE: usize = 24;

#[test]
fn ten_rounds_of_a_million_dropped_tasks_must_not_grow_memory() {
    within(MINUTE * 3, || {
        // Chaos has tasks freed by threads that did not make them, and the allocator keeps memory for each.
        let runtime = Builder::new_multi_thread().worker_threads(2).chaos(None).build().unwrap();
        let (mut sizes, mut held) = (Vec::new(), Vec::new());
        // Made once: where the allocator puts something that large is not what is measured.
        let mut tasks = Vec::with_capacity(TASKS);
        for _ in 0..10 {
            runtime.block_on(async {
                tasks.extend((0..TASKS).map(|_| tenter::spawn(std::future::pending::<()>())));
                // With all of them alive: what the allocator gives back afterwards, and when, is its own affair.
                sizes.push(resident());
                tasks.clear();
                while tenter::Handle::current().live_tasks() > 0 {
                    tenter::future::yield_now().await;
                }
            });
            // The last tasks are gone, but maybe not yet their memory. What the first rounds leave is not known before.
            let (limit, patience) = match held.get(1) {
                Some(second) => (second + KEPT, Duration::from_secs(10)),
                None => (0, Duration::from_millis(100)),
            };
            let start = Instant::now();
            while HELD.load(Relaxed) > limit && start.elapsed() < patience {
                thread::sleep(Duration::from_millis(5));
            }
            held.push(HELD.load(Relaxed));
        }
        let most = held[2..].iter().max().expect("ten rounds");
        assert!(*most <= held[1] + KEPT, "bytes held after each round: {held:?}");
        // How many tasks have their first poll before the measurement, and in which thread's arena their places are, differs from
        // round to round, and the allocator keeps memory for the most of each. The least of the last five: a leak is in all of them.
        let (first, last) = (sizes[0], *sizes[5..].iter().min().expect("ten rounds"));
        assert!(last <= first + first / 20 + TASKS * PLACE, "resident bytes after each round: {sizes:?}");
        println!("held {held:?}, resident {sizes:?}");
    });
}
