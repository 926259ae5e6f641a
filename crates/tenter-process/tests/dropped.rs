//! What is dropped leaves nothing behind: no zombies, no descriptors, whatever became of the runtime.
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::process::Command as Std;

use common::{cat, current_thread, running, state, threads, two_workers, until};
use futures_lite::future::poll_once;
use tenter_process::{Child, Command, Stdio};
use tenter_runtime::{Runtime, block_on};

fn until_gone(id: u32) {
    until("the child is over and collected", || state(id).is_none());
}

/// Drops a running child, lets it end, and waits until it is collected.
fn drops_a_running_child(runtime: &Runtime) {
    let (child, stdin) = runtime.block_on(async { running(&mut cat()) });
    let id = child.id();
    drop(child);
    assert!(matches!(state(id), Some('R' | 'S' | 'D')), "dropping does not end it");
    drop(stdin);
    until_gone(id);
}

#[test]
fn a_dropped_child_must_be_collected() {
    drops_a_running_child(&two_workers());
}

#[test]
fn a_dropped_child_must_be_collected_also_if_nobody_drives() {
    drops_a_running_child(&current_thread());
}

#[test]
fn a_child_that_is_over_when_it_is_dropped_must_be_collected() {
    block_on(async {
        let child = Command::new("true").spawn().unwrap();
        let id = child.id();
        until("the child is over", || state(id) == Some('Z'));
        drop(child);
        assert_eq!(state(id), None);
    });
}

#[test]
fn a_dropped_child_must_be_collected_also_if_its_runtime_ends_first() {
    for runtime in [two_workers(), current_thread()] {
        let (child, stdin) = runtime.block_on(async { running(&mut cat()) });
        let id = child.id();
        drop(child);
        drop(runtime);
        drop(stdin);
        until_gone(id);
    }
    until("no thread stays", || threads("tenter-wait") == 0);
}

#[test]
fn a_child_that_outlives_its_runtime_can_be_waited_for_in_another() {
    for first in [two_workers(), current_thread()] {
        let (mut child, stdin) = first.block_on(async { running(&mut cat()) });
        let early = child.status();
        drop(first);
        drop(stdin);
        assert!(current_thread().block_on(early).unwrap().success());
        assert!(block_on(child.status()).unwrap().success());
        assert_eq!(state(child.id()), None);
    }
}

#[test]
fn a_wait_goes_on_when_the_childs_runtime_ends() {
    let first = two_workers();
    let (mut child, stdin) = first.block_on(async { running(&mut cat()) });
    let mut status = Box::pin(child.status());
    let second = current_thread();
    assert!(second.block_on(poll_once(&mut status)).is_none());
    drop(first);
    drop(stdin);
    assert!(second.block_on(status).unwrap().success());
}

#[test]
fn a_child_is_left_to_the_program_if_it_says_so() {
    let id = block_on(async { Command::new("true").reap_on_drop(false).spawn().unwrap().id() });
    until("it is over", || state(id) == Some('Z'));
    // SAFETY: no pointers but one that may be null.
    assert_eq!(unsafe { libc::waitpid(id as i32, std::ptr::null_mut(), 0) }, id as i32);
}

#[test]
fn a_child_is_killed_when_it_is_dropped_if_it_says_so() {
    for runtime in [two_workers(), current_thread()] {
        let (mut child, _stdin) = runtime.block_on(async { running(cat().kill_on_drop(true)) });
        let id = child.id();
        let mut status = Box::pin(child.status());
        drop(child);
        assert!(runtime.block_on(poll_once(&mut status)).is_none(), "who waits keeps it");
        drop(status);
        until_gone(id);
    }
}

#[test]
fn dropping_output_half_way_drops_the_child() {
    block_on(async {
        let child = cat().stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let id = child.id();
        let mut output = Box::pin(child.communicate(vec![0; 1 << 20]));
        let _ = poll_once(&mut output).await;
        drop(output);
        until_gone(id);
    });
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn a_thousand_children_leave_no_descriptor_and_no_zombie() {
    // On a reactor of choice, which is tested beside others, two hundred.
    let rounds = if std::env::var_os("TENTER_REACTOR").is_some() { 5 } else { 25 };
    let runtime = two_workers();
    runtime.block_on(async {
        let forty = || async {
            let mut piped = Command::new("true");
            piped.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut children: Vec<Child> = (0..40).map(|_| piped.spawn().unwrap()).collect();
            let ids: Vec<u32> = children.iter().map(Child::id).collect();
            // Of each kind: waited for, collected, and dropped.
            for child in children.drain(..10) {
                child.output().await.unwrap();
            }
            for child in &mut children[..10] {
                child.status().await.unwrap();
            }
            drop(children);
            ids.into_iter().for_each(until_gone);
        };
        forty().await;
        let before = descriptors();
        for _ in 1..rounds {
            forty().await;
        }
        // A task that has collected a child may be about to drop its descriptor.
        until("all descriptors are closed", || descriptors() <= before);
    });
}

#[test]
fn nothing_of_ours_reaches_a_child() {
    let open = |command: Command| block_on(async move { { command }.output().await.unwrap().stdout });
    // What this process was born with it may leave to its children.
    let before = Std::new("ls").arg("/proc/self/fd").output().unwrap().stdout;
    let (_other, _stdin) = block_on(async { running(cat().stdout(Stdio::piped())) });
    let mut list = Command::new("ls");
    list.arg("/proc/self/fd");
    assert_eq!(open(list), before);
}
