//! Children are started, talked to, waited for, and signalled.
#![cfg(unix)]

mod common;

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;

use common::{cat, current_thread, running, two_workers};
use futures_lite::future::{or, poll_once, yield_now, zip};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use tenter_process::unix::{ChildExt, CommandExt};
use tenter_process::{Command, Stdio};
use tenter_runtime::{block_on, spawn};

#[test]
fn output_and_status_are_collected() {
    block_on(async {
        let output = Command::shell("echo out; echo err >&2; exit 3").output().await.unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!((&*output.stdout, &*output.stderr), (&b"out\n"[..], &b"err\n"[..]));
        assert_eq!(Command::new("true").status().await.unwrap().code(), Some(0));
    });
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    block_on(async {
        let error = Command::new("/no/such/program").output().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    });
}

#[test]
fn what_is_set_reaches_the_child() {
    block_on(async {
        let mut command = Command::shell("echo $0 $VALUE $PWD $UNSET");
        command.arg0("sh").env("VALUE", "set").env("UNSET", "x").env_remove("UNSET").current_dir("/");
        assert_eq!(command.output().await.unwrap().stdout, b"sh set /\n");
        // What is captured by default is not captured against one's will, and can be used again.
        command.stdout(Stdio::null());
        assert_eq!(command.output().await.unwrap().stdout, b"");
    });
}

#[test]
fn status_closes_the_childs_input() {
    block_on(async {
        let mut child = cat().spawn().unwrap();
        let status = child.status();
        assert!(child.stdin.is_none());
        assert!(status.await.unwrap().success());
    });
}

#[test]
fn the_input_can_be_closed_without_dropping_it() {
    block_on(async {
        let (mut child, mut stdin) = running(&mut cat());
        stdin.write_all(b"x").await.unwrap();
        stdin.close().await.unwrap();
        assert!(child.status().await.unwrap().success());
        assert_eq!(stdin.write(b"x").await.unwrap_err().kind(), ErrorKind::NotConnected);
        assert_eq!(stdin.into_stdio().await.unwrap_err().kind(), ErrorKind::NotConnected);
    });
}

#[test]
fn a_megabyte_goes_both_ways_without_a_deadlock() {
    let input = vec![7; 1 << 20];
    block_on(async {
        let mut command = Command::shell("tee /dev/stderr");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = child.communicate(&input).await.unwrap();
        assert!(output.stdout == input && output.stderr == input && output.status.success());
    });
}

#[test]
fn input_that_the_child_does_not_want_is_no_error() {
    block_on(async {
        let child = Command::shell("exec <&-; echo done").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = child.communicate(vec![7; 1 << 20]).await.unwrap();
        assert_eq!(output.stdout, b"done\n");
        let child = Command::new("true").spawn().unwrap();
        assert_eq!(child.communicate("for whom?").await.unwrap_err().kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn everyone_who_waits_gets_the_status() {
    two_workers().block_on(async {
        let (mut child, stdin) = running(&mut cat());
        let waiting: Vec<_> = (0..8).map(|_| spawn(child.status())).collect();
        // One that gives up takes nothing along.
        assert!(poll_once(child.status()).await.is_none());
        assert!(child.try_status().unwrap().is_none());
        drop(stdin);
        for waiting in waiting {
            assert!(waiting.await.unwrap().success());
        }
        assert!(child.status().await.unwrap().success());
        assert!(child.try_status().unwrap().unwrap().success());
    });
}

#[test]
fn a_wait_and_a_kill_need_not_agree() {
    block_on(async {
        let (mut child, _stdin) = running(&mut cat());
        let status = child.status();
        let (status, ()) = zip(status, async {
            yield_now().await;
            child.kill().unwrap();
        })
        .await;
        assert_eq!(status.unwrap().signal(), Some(9));
        child.kill().unwrap();
    });
}

#[test]
fn no_signal_is_sent_once_the_number_is_free() {
    block_on(async {
        let (mut child, _stdin) = running(&mut cat());
        // The system refuses such a signal, so it was asked.
        assert!(child.send_signal(4711).is_err());
        child.send_signal(15).unwrap();
        assert_eq!(child.status().await.unwrap().signal(), Some(15));
        child.send_signal(4711).unwrap();
        child.kill().unwrap();
    });
}

#[test]
fn pipes_go_from_child_to_child() {
    block_on(async {
        let mut first = Command::shell("sleep 0.01; echo a pipeline").stdout(Stdio::piped()).spawn().unwrap();
        // A child that finds a pipe that does not block would fail.
        let pipe = first.stdout.take().unwrap().into_stdio().await.unwrap();
        let mut second = Command::new("tr");
        second.args(["a-z", "A-Z"]).stdin(pipe);
        assert_eq!(second.output().await.unwrap().stdout, b"A PIPELINE\n");

        let mut last = cat().stdout(Stdio::piped()).spawn().unwrap();
        let pipe = last.stdin.take().unwrap().into_stdio().await.unwrap();
        let mut before = Command::new("echo");
        assert!(before.arg("backwards").stdout(pipe).status().await.unwrap().success());
        // The command has the pipe to the last one as long as it is there.
        drop(before);
        assert_eq!(last.output().await.unwrap().stdout, b"backwards\n");
    });
}

#[test]
fn a_read_that_waits_does_not_keep_others_from_the_child() {
    current_thread().block_on(async {
        let mut child = cat().stdout(Stdio::piped()).spawn().unwrap();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut text = [0; 4];
        let (read, written) = zip(stdout.read_exact(&mut text), async {
            yield_now().await;
            stdin.write_all(b"ping").await
        })
        .await;
        read.and(written).unwrap();
        assert_eq!(&text, b"ping");
        // Dropping a read loses nothing.
        let mut one = [0];
        assert!(or(async { stdout.read(&mut one).await.is_ok() }, async { false }).await.eq(&false));
        stdin.write_all(b"pong").await.unwrap();
        stdout.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b"pong");
        drop((stdin, stdout));
        assert!(child.status().await.unwrap().success());
    });
}

#[test]
fn types_can_go_wherever_they_are_needed() {
    fn everywhere<T: Send + Sync + Unpin>(_: &T) {}
    block_on(async {
        let mut command = Command::new("true");
        everywhere(&command);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        everywhere(&child);
        everywhere(child.stdin.as_ref().unwrap());
        assert!(spawn(child.wait()).await.unwrap().success());
        let debug = format!("{child:?} {command:?}");
        assert!(debug.contains(&child.id().to_string()) && debug.contains("\"true\""), "{debug}");
    });
}

#[test]
fn a_child_of_a_runtime_that_nobody_drives_can_be_waited_for_elsewhere() {
    let first = current_thread();
    let (mut child, stdin) = first.block_on(async { running(&mut cat()) });
    let status = current_thread().block_on(async {
        let status = child.status();
        drop(stdin);
        status.await
    });
    assert!(status.unwrap().success());
}
