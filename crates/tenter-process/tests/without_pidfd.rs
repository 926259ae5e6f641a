//! A system without descriptors for processes, and a reactor that does not watch what it is given: a thread waits.
#![cfg(target_os = "linux")]

mod common;
#[path = "../../tenter-reactor-uring/tests/seccomp/mod.rs"]
mod seccomp;

use std::io::{self, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::Duration;

use common::{cat, current_thread, running, state, threads, two_workers, until};
use futures_lite::future::poll_once;
use seccomp::without;
use tenter_process::{Command, Stdio};
use tenter_reactor::{Capabilities, Events, Interest, Reactor, ReactorError, Source, Token};
use tenter_runtime::{Builder, Runtime, spawn};

/// On a thread that can't have such descriptors, with runtimes of each kind; this thread is the one that starts the children.
fn forbidden(act: impl Fn(Runtime) + Send + Sync) {
    for errno in [libc::ENOSYS, libc::EPERM] {
        without(libc::SYS_pidfd_open, errno, || [two_workers(), current_thread()].into_iter().for_each(&act));
    }
}

#[test]
fn a_thread_must_wait_instead_and_end_with_the_child() {
    forbidden(|runtime| {
        runtime.block_on(async {
            let (mut child, stdin) = running(&mut cat());
            until("a thread waits", || threads("tenter-wait") == 1);
            let waiting = [spawn(child.status()), spawn(child.status())];
            assert!(poll_once(child.status()).await.is_none());
            assert!(child.try_status().unwrap().is_none());
            drop(stdin);
            for waiting in waiting {
                assert!(waiting.await.unwrap().success());
            }
            assert!(child.status().await.unwrap().success());
            until("the thread ends", || threads("tenter-wait") == 0);
            let output = Command::shell("echo out").output().await.unwrap();
            assert_eq!(output.stdout, b"out\n");
        });
    });
}

#[test]
fn a_child_must_be_killed_and_collected_without_a_descriptor() {
    forbidden(|runtime| {
        let (mut child, stdin) = runtime.block_on(async { running(&mut cat()) });
        child.kill().unwrap();
        assert_eq!(runtime.block_on(child.status()).unwrap().signal(), Some(9));
        drop(stdin);

        let (child, stdin) = runtime.block_on(async { running(&mut cat()) });
        let id = child.id();
        drop(child);
        assert!(matches!(state(id), Some('R' | 'S' | 'D')), "dropping does not end it");
        drop(stdin);
        until("the child is collected", || state(id).is_none());

        let (child, _stdin) = runtime.block_on(async { running(cat().kill_on_drop(true)) });
        let id = child.id();
        drop(child);
        until("the child is killed and collected", || state(id).is_none());
    });
}

#[test]
fn a_hung_child_must_not_hold_up_the_end_of_its_runtime() {
    forbidden(|runtime| {
        let (mut child, _stdin) = runtime.block_on(async { running(&mut cat()) });
        let id = child.id();
        runtime.spawn(child.status()).detach();
        drop(runtime);
        assert!(matches!(state(id), Some('R' | 'S' | 'D')));
        child.kill().unwrap();
        assert!(current_thread().block_on(child.status()).is_ok());
    });
}

#[test]
fn a_signal_that_can_not_go_by_descriptor_goes_by_number() {
    for errno in [libc::ENOSYS, libc::EPERM] {
        without(libc::SYS_pidfd_send_signal, errno, || {
            current_thread().block_on(async {
                let (mut child, _stdin) = running(&mut cat());
                child.kill().unwrap();
                assert_eq!(child.status().await.unwrap().signal(), Some(9));
            });
        });
    }
}

/// A reactor that refuses everything.
#[derive(Debug)]
struct Refusing(Arc<dyn Reactor>);

impl Reactor for Refusing {
    fn name(&self) -> &'static str {
        "refusing"
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    // Nothing is registered.
    unsafe fn register(&self, _: Source<'_>, _: Token) -> io::Result<()> {
        Err(ReactorError::Unwatchable.into())
    }

    fn arm(&self, _: Source<'_>, _: Token, _: Interest) -> io::Result<()> {
        Err(ReactorError::NotRegistered.into())
    }

    fn deregister(&self, _: Source<'_>, _: Token) -> io::Result<()> {
        Err(ReactorError::NotRegistered.into())
    }

    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        self.0.wait(events, timeout)
    }

    fn wake(&self) -> io::Result<()> {
        self.0.wake()
    }
}

#[test]
fn a_reactor_that_refuses_must_be_an_error_for_pipes_and_a_thread_for_children() {
    let make = |config: &_| Ok(Arc::new(Refusing(tenter_reactor_poll::new(config)?)) as Arc<dyn Reactor>);
    let runtime = Builder::new_current_thread().reactor_with(make).faulty(None).build().unwrap();
    runtime.block_on(async {
        let started = format!("{}/started", env!("CARGO_TARGET_TMPDIR"));
        let _ = std::fs::remove_file(&started);
        let mut command = Command::shell(r#"echo $$ >"$STARTED.part"; mv "$STARTED.part" "$STARTED"; sleep 60"#);
        command.env("STARTED", &started).stdout(Stdio::piped());
        let error = command.spawn().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        // It had begun, or had not, and is no more.
        if let Ok(id) = std::fs::read_to_string(&started) {
            assert_eq!(state(id.trim().parse().unwrap()), None);
        }
        assert_eq!(Command::shell("exit 4").status().await.unwrap().code(), Some(4));
    });
}

#[test]
fn a_system_that_forbids_waiting_is_an_error_and_no_endless_loop() {
    without(libc::SYS_pidfd_open, libc::ENOSYS, || {
        without(libc::SYS_waitid, libc::EPERM, || {
            current_thread().block_on(async {
                let (mut child, stdin) = running(&mut cat());
                assert_eq!(child.status().await.unwrap_err().raw_os_error(), Some(libc::EPERM));
                drop(stdin);
                until("the child is over", || state(child.id()) == Some('Z'));
                assert!(child.status().await.unwrap().success());
            });
        });
    });
}

#[test]
fn a_child_that_something_else_has_collected_is_not_killed_by_its_number() {
    forbidden(|runtime| {
        let (mut child, stdin) = runtime.block_on(async { running(&mut cat()) });
        drop(stdin);
        // SAFETY: a number, and no place for the status.
        let collected = unsafe { libc::waitpid(child.id() as libc::pid_t, std::ptr::null_mut(), 0) };
        assert_eq!(collected, child.id() as libc::pid_t);
        assert_eq!(runtime.block_on(child.status()).unwrap_err().raw_os_error(), Some(libc::ECHILD));
        child.kill().unwrap();
    });
}
