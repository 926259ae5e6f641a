//! An idle runtime, once settled, does nothing: no thread of it runs at all.
//! On Linux, where /proc tells.
#![cfg(target_os = "linux")]

use std::fs;
use std::thread;
use std::time::Duration;

use tenter::net::{TcpListener, TcpStream};
use tenter::{Builder, Timer};
use tenter_tests::backends;

/// How often each thread of the process was put to sleep or preempted: a thread that makes no system call and uses
/// no CPU keeps its numbers.
fn switches() -> Vec<(String, String)> {
    let mut all = Vec::new();
    let own = fs::read_link("/proc/thread-self").unwrap();
    for entry in fs::read_dir("/proc/self/task").unwrap() {
        let path = entry.unwrap().path();
        // The test's own threads wait with timeouts.
        let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
        if !own.ends_with(path.file_name().unwrap()) && name.starts_with("idle-rt") {
            let status = fs::read_to_string(path.join("status")).unwrap();
            let lines = status.lines().filter(|line| line.contains("ctxt_switches"));
            all.push((name, lines.collect::<Vec<_>>().join(" ")));
        }
    }
    all.sort();
    all
}

#[test]
fn a_settled_runtime_makes_no_system_calls() {
    for backend in backends() {
        let builder = Builder::new_multi_thread().worker_threads(2).thread_name("idle-rt").reactor(backend);
        let runtime = builder.build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let addr = listener.local_addr().unwrap();
        for _ in 0..10 {
            runtime.spawn(async { Timer::after(Duration::from_secs(3600)).await }).detach();
            runtime.spawn(tenter::future::pending::<()>()).detach();
        }
        let client = runtime.block_on(TcpStream::connect(addr)).unwrap();
        let waiting = client.clone();
        runtime.spawn(async move { drop(waiting.peek(&mut [0]).await) }).detach();
        runtime.spawn(async move { while listener.accept().await.is_ok() {} }).detach();
        // For a second after the last poll one of them looks after the others; on a crowded machine that takes longer.
        let mut last = Vec::new();
        let settled = (0..10).any(|_| {
            thread::sleep(Duration::from_secs(3));
            let now = switches();
            std::mem::replace(&mut last, now.clone()) == now
        });
        assert!(!last.is_empty(), "the worker threads are seen");
        assert!(settled, "on {backend} they wake again and again: {last:?}");
    }
}
