//! `tenter ps`, `pstree` and `stat` about a process that runs: this one.
#![cfg(unix)]

use std::future::pending;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::mpsc;

use tenter::{Builder, Runtime};

fn tenter(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tenter")).args(arguments).output().unwrap()
}

/// What it printed; it has to succeed.
fn printed(arguments: &[&str]) -> String {
    let output = tenter(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn inspected(name: &str) -> (Runtime, PathBuf) {
    let path = std::env::temp_dir().join(format!("tenter-cli-test-{name}-{}", std::process::id()));
    (Builder::new_multi_thread().worker_threads(1).debug(true).inspect_at(&path).build().unwrap(), path)
}

#[test]
fn a_process_is_found_by_its_number() {
    let runtime = Builder::new_current_thread().debug(true).inspect(true).build().unwrap();
    let pid = std::process::id().to_string();
    let _task = runtime.task().name("by number").spawn(pending::<()>());
    assert!(printed(&["ps", &pid]).contains("by number"));
    // Both are told of.
    let _other = Builder::new_current_thread().debug(true).inspect(true).build().unwrap();
    assert_eq!(printed(&["stat", &pid, "--json"]).lines().count(), 2);
    drop(runtime);
}

#[test]
fn tasks_are_told_of_while_the_only_worker_is_stuck() {
    let (runtime, path) = inspected("stuck");
    let path = path.to_str().unwrap();
    let ((stuck, is_stuck), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
    let handle = runtime.handle().clone();
    let task = runtime.task().name("stuck").spawn(async move {
        handle.task().name("child \u{1b}[31m").spawn(pending::<()>()).detach();
        stuck.send(()).unwrap();
        let _ = released.recv();
    });
    is_stuck.recv().unwrap();
    let text = printed(&["pstree", "--socket", path]);
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].starts_with("└── ") && lines[0].contains("'stuck'") && lines[0].contains("running on worker 0"),
        "{text}"
    );
    assert!(lines[1].starts_with("    └── ") && lines[1].contains("'child \\u{1b}[31m'"), "{text}");
    assert_eq!(lines[2], "2 tasks");
    let json = printed(&["ps", "--socket", path, "--json"]);
    assert!(json.starts_with(r#"{"debug":true,"live":2,"#) && json.contains(r#""name":"stuck""#), "{json}");
    drop(release);
    runtime.block_on(task);
}

#[test]
fn a_process_without_a_socket_gives_advice() {
    let output = tenter(&["ps", "5000000000"]);
    assert_eq!(output.status.code(), Some(2));
    let output = tenter(&["ps", "4194304000"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("TENTER_INSPECT=1") && output.stdout.is_empty(), "{error}");
    let output = tenter(&["ps", "--socket", "/nonexistent/socket"]);
    assert_eq!(output.status.code(), Some(1));
}
