//! What the tests of children share.
#![allow(dead_code, reason = "each test has a part of it")]

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use tenter_process::{Child, ChildStdin, Command, Stdio};
use tenter_runtime::{Builder, Runtime};

/// Far more than anything here takes, far less than a hang.
const MINUTE: Duration = Duration::from_secs(60);

/// Waits until something is so.
///
/// # Panics
/// If it is not after a minute.
pub(crate) fn until(what: &str, so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < MINUTE, "still not: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// What the system says that a process does: `R`, `S`, …, `Z` for a zombie; `None` if there is no such process.
pub(crate) fn state(id: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// How many threads of this process have this name.
pub(crate) fn threads(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("a proc file system");
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|found| found.trim_end() == name).count()
}

/// A child that is there until its input is closed.
pub(crate) fn cat() -> Command {
    let mut cat = Command::new("cat");
    cat.stdin(Stdio::piped()).stdout(Stdio::null());
    cat
}

/// Starts [`cat`], and takes its input.
pub(crate) fn running(command: &mut Command) -> (Child, ChildStdin) {
    let mut child = command.spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

pub(crate) fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}
