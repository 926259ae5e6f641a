//! What is dropped leaves nothing behind. One test, because it counts what the whole process has.
//! On Linux, where /proc tells.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use tenter::net::{TcpListener, TcpStream};
use tenter::{Builder, Timer};
use tenter_tests::{MINUTE, backends, entries, within};

/// What the process has once threads that were told to end, and are not joined, have done so: at most `expected`
/// threads, or whatever is left after ten seconds.
fn settled(expected: usize) -> (usize, usize) {
    let start = Instant::now();
    while entries("/proc/self/task") > expected && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(5));
    }
    (entries("/proc/self/task"), entries("/proc/self/fd"))
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
        let threads = entries("/proc/self/task");
        for backend in backends() {
            let make = |round: usize| match round % 3 {
                0 => Builder::new_current_thread().reactor(backend),
                workers => Builder::new_multi_thread().worker_threads(workers).reactor(backend),
            };
            let before = settled(threads);
            (0..100).for_each(|round| use_and_drop_a_runtime(make(round)));
            assert_eq!(settled(threads), before, "threads and open files on {backend}");
        }
    });
}
