//! Files dropped at any moment: no descriptor and no buffer is left, and none is used after it was freed.
#![cfg(all(target_os = "linux", not(miri)))]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::poll_fn;
use std::io::{ErrorKind, Write};
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use common::Scratch;
use fastrand::Rng;
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use tenter_fs::{File, OpenOptions};
use tenter_runtime::{Backend, Builder, Handle, Runtime};

/// The size of the buffers of these tests, which nothing else has.
const SIZE: usize = 7_777;

/// What freed buffers are filled with.
const FREED: u8 = 0xdd;

/// How many freed buffers are kept, to see whether somebody writes into them.
const KEPT: usize = 64;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static SPOILT: AtomicUsize = AtomicUsize::new(0);

/// Freed buffers, by address.
static GRAVES: Mutex<([usize; KEPT], usize)> = Mutex::new(([0; KEPT], 0));

struct Watching;

// SAFETY: the system's allocator, but that it gets freed buffers of one size later.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() == SIZE {
            LIVE.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's word goes on to the system.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if layout.size() != SIZE {
            // SAFETY: as above.
            unsafe { System.dealloc(pointer, layout) };
            return;
        }
        LIVE.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: the caller has freed it, so it is ours until it is given to the system.
        unsafe { pointer.write_bytes(FREED, SIZE) };
        let mut graves = GRAVES.lock().unwrap();
        let place = graves.1 % KEPT;
        graves.1 += 1;
        let oldest = std::mem::replace(&mut graves.0[place], pointer as usize);
        drop(graves);
        if oldest != 0 {
            // SAFETY: of the same size, freed a while ago, and nobody else's.
            unsafe { bury(oldest as *mut u8, layout) };
        }
    }
}

/// Gives a freed buffer to the system, after a look at what it has become.
///
/// # Safety
/// It is a freed buffer that is in no grave any more.
unsafe fn bury(pointer: *mut u8, layout: Layout) {
    // SAFETY: the system does not have it yet, and its bytes were all written when it was freed.
    let bytes = unsafe { std::slice::from_raw_parts(pointer, SIZE) };
    if bytes.iter().any(|byte| *byte != FREED) {
        SPOILT.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: it came from there with this layout.
    unsafe { System.dealloc(pointer, layout) };
}

#[global_allocator]
static ALLOCATOR: Watching = Watching;

/// One test at a time, with the looks at which reactors work: what they count is the process's.
static ALONE: Mutex<()> = Mutex::new(());

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Runs `test` on new runtimes, and looks at what is left when they are gone.
fn leaves_nothing(backend: Backend, test: impl AsyncFn(u64)) {
    let before = (descriptors(), LIVE.load(Ordering::Relaxed));
    for seed in 0..10 {
        let runtime = if seed % 2 == 0 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
        let runtime: Runtime = runtime.worker_threads(2).reactor(backend).build().unwrap();
        runtime.block_on(test(seed));
    }
    // Jobs of the pool that had begun are not waited for.
    let end = Instant::now() + Duration::from_secs(60);
    while before != (descriptors(), LIVE.load(Ordering::Relaxed)) && Instant::now() < end {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(before, (descriptors(), LIVE.load(Ordering::Relaxed)), "descriptors and buffers on {backend}");
    // Pushes what was freed last out of its grave.
    (0..KEPT).for_each(|_| drop(std::hint::black_box(vec![0_u8; SIZE])));
    assert_eq!(
        SPOILT.swap(0, Ordering::Relaxed),
        0,
        "buffers that were written into after they were freed, on {backend}"
    );
}

/// Polls a future so many times and drops it.
async fn polled<F: Future>(polls: usize, future: F) {
    let mut future = pin!(future);
    for _ in 0..polls {
        if poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await.is_ready() {
            return;
        }
        future::yield_now().await;
    }
}

#[test]
fn a_file_dropped_at_any_poll_must_leave_nothing() {
    let _alone = ALONE.lock();
    let backends = Backend::working().into_iter().filter(|backend| matches!(backend, Backend::Uring | Backend::Poll));
    for backend in backends {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        std::fs::write(&path, vec![1; 10 * SIZE]).unwrap();
        leaves_nothing(backend, async |seed| {
            let mut random = Rng::with_seed(seed);
            for _ in 0..100 {
                let mut options = OpenOptions::new();
                let opening = options.read(true).write(true).open(&path);
                if random.bool() {
                    polled(random.usize(..3), opening).await;
                    continue;
                }
                let mut file: File = opening.await.unwrap();
                let mut buffer = vec![2; SIZE];
                for _ in 0..random.usize(1..4) {
                    if random.bool() {
                        polled(random.usize(..4), file.read(&mut buffer)).await;
                    } else {
                        polled(random.usize(..4), file.write(&buffer)).await;
                    }
                }
            }
        });
    }
}

/// A pipe into which nobody writes: the read is with the kernel when it is dropped.
#[test]
fn a_read_that_the_kernel_has_must_be_cancelled_with_its_file() {
    let _alone = ALONE.lock();
    if !Backend::working().contains(&Backend::Uring) {
        return;
    }
    leaves_nothing(Backend::Uring, async |seed| {
        assert!(Handle::current().has_completions());
        let mut random = Rng::with_seed(seed);
        for _ in 0..30 {
            let (reader, mut writer) = std::io::pipe().unwrap();
            let mut file = File::from(std::os::fd::OwnedFd::from(reader));
            let mut buffer = vec![0; SIZE];
            for _ in 0..random.usize(1..3) {
                polled(random.usize(1..5), file.read(&mut buffer)).await;
            }
            drop(file);
            if random.bool() {
                // The runtime is dropped, or goes on, with that under way.
                continue;
            }
            // What a read had taken is lost with its file; but there is an end to the reading.
            let end = Instant::now() + Duration::from_secs(60);
            while let Ok(()) = writer.write_all(&[3; 16]) {
                assert!(Instant::now() < end, "somebody still holds the reading end");
                future::yield_now().await;
            }
            assert_eq!(writer.write(&[3]).unwrap_err().kind(), ErrorKind::BrokenPipe);
        }
    });
}
