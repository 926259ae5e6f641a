//! Children on Windows: by the reactor on IOCP and polling, by a thread on poll and select.
#![cfg(windows)]

use std::io::ErrorKind;
use std::os::windows::io::AsRawHandle;

use futures_lite::future::{poll_once, zip};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use tenter_process::windows::CommandExt;
use tenter_process::{Child, ChildStdin, Command, Stdio};
use tenter_runtime::{Builder, Runtime, block_on, spawn};

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// A child that writes those lines of its input that have an x.
fn find() -> Command {
    let mut find = Command::shell(r#"find "x""#);
    find.stdin(Stdio::piped()).stdout(Stdio::piped());
    find
}

/// Starts [`find`], and takes its input, at whose end it ends.
fn running() -> (Child, ChildStdin) {
    let mut child = find().spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

#[test]
fn output_and_status_are_collected() {
    block_on(async {
        let output = Command::shell(r#"echo "a b"& echo err>&2& exit 3"#).output().await.unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!((&*output.stdout, &*output.stderr), (&b"\"a b\"\r\n"[..], &b"err\r\n"[..]));
        let mut quiet = Command::new("cmd");
        quiet.arg("/c").raw_arg("exit 4").creation_flags(0x0800_0000);
        assert_eq!(quiet.status().await.unwrap().code(), Some(4));
    });
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let error = block_on(async { Command::new("no such program").output().await.unwrap_err() });
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn much_goes_both_ways_without_a_deadlock() {
    let input = "x marks a line of some length\r\n".repeat(10_000);
    let output = block_on(async { find().spawn().unwrap().communicate(&input).await.unwrap() });
    assert!(output.stdout == input.as_bytes(), "{} of {} bytes", output.stdout.len(), input.len());
}

#[test]
fn everyone_who_waits_gets_the_status() {
    for runtime in [two_workers(), current_thread()] {
        runtime.block_on(async {
            let (mut child, mut stdin) = running();
            assert!(!child.as_raw_handle().is_null());
            let waiting: Vec<_> = (0..4).map(|_| spawn(child.status())).collect();
            assert!(poll_once(child.status()).await.is_none());
            assert!(child.try_status().unwrap().is_none());
            stdin.write_all(b"x\r\n").await.unwrap();
            stdin.close().await.unwrap();
            let mut text = String::new();
            child.stdout.take().unwrap().read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "x\r\n");
            for waiting in waiting {
                assert_eq!(waiting.await.unwrap().code(), Some(0));
            }
            assert!(child.try_status().unwrap().is_some());
        });
    }
}

#[test]
fn a_wait_and_a_kill_need_not_agree() {
    block_on(async {
        let (mut child, _stdin) = running();
        let (status, ()) = zip(child.status(), async { child.kill().unwrap() }).await;
        assert!(!status.unwrap().success());
        child.kill().unwrap();
    });
}

#[test]
fn a_pipe_goes_from_child_to_child() {
    block_on(async {
        let mut first = Command::shell("echo x").stdout(Stdio::piped()).spawn().unwrap();
        let pipe = first.stdout.take().unwrap().into_stdio().await.unwrap();
        let output = find().stdin(pipe).output().await.unwrap();
        assert_eq!(output.stdout, b"x\r\n");
    });
}

#[test]
fn a_child_may_outlive_its_runtime() {
    for first in [two_workers(), current_thread()] {
        let (mut child, stdin) = first.block_on(async { running() });
        let early = child.status();
        first.spawn(child.status()).detach();
        drop(first);
        drop(stdin);
        // There was no line with an x.
        assert_eq!(current_thread().block_on(early).unwrap().code(), Some(1));
        assert_eq!(block_on(child.status()).unwrap().code(), Some(1));
    }
}

#[test]
fn a_child_is_killed_when_it_is_dropped_if_it_says_so() {
    block_on(async {
        let mut child = find().kill_on_drop(true).spawn().unwrap();
        let (_stdin, mut stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        drop(child);
        // The pipe ends with the child.
        assert_eq!(stdout.read_to_end(&mut Vec::new()).await.unwrap(), 0);
    });
}
