//! What is dropped leaves nothing behind. One test, because it counts what the whole process has.

use std::time::{Duration, Instant};

use tenter::net::{TcpListener, TcpStream};
use tenter::{Builder, Timer};
use tenter_tests::{MINUTE, backends, entries, within};

/// Waits for threads that have been told to end, and are not joined, to be gone.
fn settled(directory: &str, expected: usize) -> usize {
    let start = Instant::now();
    while entries(directory) > expected && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(5));
    }
    entries(directory)
}

fn use_and_drop_a_runtime(builder: Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let accepted = tenter::spawn(async move { listener.accept().await.unwrap() });
        let _client = TcpStream::connect(addr).await.unwrap();
        accepted.await;
        tenter::spawn(async { Timer::never().await }).detach();
        tenter::unblock(|| ()).await;
        Timer::after(Duration::from_micros(100)).await;
    });
}

#[test]
fn a_hundred_runtimes_leave_threads_and_descriptors_where_they_were() {
    within(MINUTE, || {
        for backend in backends() {
            let make = |round: usize| match round % 3 {
                0 => Builder::new_current_thread().reactor(backend),
                workers => Builder::new_multi_thread().worker_threads(workers).reactor(backend),
            };
            (0..3).for_each(|round| use_and_drop_a_runtime(make(round)));
            let before = (settled("/proc/self/task", 0), settled("/proc/self/fd", 0));
            (0..100).for_each(|round| use_and_drop_a_runtime(make(round)));
            let after = (settled("/proc/self/task", before.0), settled("/proc/self/fd", before.1));
            assert_eq!(after, before, "threads and open files on {backend}");
        }
    });
}
