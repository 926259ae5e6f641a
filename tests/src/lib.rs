//! What the tests of this package share; the tests themselves live beside it, a folder per promise.

#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

pub use system::{Local, pair};
use tenter::{Backend, Builder, Runtime, Timer};

/// Runs a test on a thread of its own, and fails it instead of letting it hang for ever.
///
/// # Panics
/// If `test` panics or is not done in time.
pub fn within(limit: Duration, test: impl FnOnce() + Send + 'static) {
    let (done, finished) = channel();
    let thread = thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    match finished.recv_timeout(limit) {
        Err(RecvTimeoutError::Timeout) => panic!("still not done after {limit:?}"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => thread.join().expect("the test passes"),
    }
}

/// One minute: far more than any test needs, far less than a hang.
pub const MINUTE: Duration = Duration::from_secs(60);

/// The reactors to test on: the one that `TENTER_REACTOR` names, else all.
///
/// # Panics
/// If the name is none of those that are compiled in.
#[must_use]
pub fn backends() -> Vec<Backend> {
    match std::env::var("TENTER_REACTOR") {
        Ok(name) if !name.trim().is_empty() => vec![name.parse().expect("TENTER_REACTOR names a reactor")],
        _ => Backend::compiled_in().to_vec(),
    }
}

/// Runtimes of every kind on one reactor: without workers, with one, with two.
pub fn builders(backend: Backend) -> [(&'static str, Builder); 3] {
    [
        ("current thread", Builder::new_current_thread().reactor(backend)),
        ("one worker", Builder::new_multi_thread().worker_threads(1).reactor(backend)),
        ("two workers", Builder::new_multi_thread().worker_threads(2).reactor(backend)),
    ]
}

/// Runs a test on every reactor and every kind of runtime.
///
/// # Panics
/// If the test does.
pub fn everywhere(test: impl Fn(Runtime)) {
    for backend in backends() {
        for (kind, builder) in builders(backend) {
            eprintln!("{backend}, {kind}");
            test(builder.build().expect("a compiled-in reactor works here"));
        }
    }
}

/// A timer of a runtime that was polled there, and was not over, however long the thread had to wait for a processor.
pub fn begun_timer(runtime: &Runtime, after: Duration) -> Timer {
    loop {
        let mut timer = runtime.enter(|| Timer::after(after));
        if runtime.block_on(tenter::future::poll_once(&mut timer)).is_none() {
            return timer;
        }
    }
}

/// How many entries a directory has: threads in `/proc/self/task`, open files in `/proc/self/fd`.
///
/// # Panics
/// If it can't be read.
#[must_use]
pub fn entries(directory: &str) -> usize {
    std::fs::read_dir(directory).expect("a proc file system").count()
}
