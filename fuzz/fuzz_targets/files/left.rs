//! What a run may not leave behind: descriptors, and buffers of a size that little else has.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The sizes that are counted.
pub(crate) const SIZES: Range<usize> = 5_000..9_000;

/// More than the end of a job or of a write takes.
pub(crate) const LONG: Duration = Duration::from_secs(10);

static LIVE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: the system's allocator, which counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(usize::from(SIZES.contains(&layout.size())), Ordering::Relaxed);
        // SAFETY: the caller's word goes on to the system.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(usize::from(SIZES.contains(&layout.size())), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux lists them").count()
}

/// How many there are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Left {
    descriptors: usize,
    buffers: usize,
}

impl Left {
    pub(crate) fn now() -> Self {
        Self { descriptors: descriptors(), buffers: LIVE.load(Ordering::Relaxed) }
    }

    /// Waits until there are as many again: jobs of the pool that had begun when its runtime ended are not waited for.
    pub(crate) fn expect_again(&self) {
        let end = Instant::now() + LONG;
        while *self != Self::now() {
            assert!(Instant::now() < end, "there were {self:?}, and are {:?}", Self::now());
            thread::sleep(Duration::from_micros(50));
        }
    }
}
