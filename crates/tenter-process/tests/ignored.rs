//! A program that ignores `SIGCHLD`: the system collects its children. Alone, because that is so for the whole process.
#![cfg(target_os = "linux")]

mod common;

use common::{cat, running};
use tenter_process::unix::ChildExt;
use tenter_runtime::block_on;

#[test]
fn a_child_that_the_system_collects_must_end_the_wait() {
    // SAFETY: to ignore a signal needs no handler.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    block_on(async {
        let (mut child, stdin) = running(&mut cat());
        let status = child.status();
        drop(stdin);
        assert_eq!(status.await.unwrap_err().raw_os_error(), Some(libc::ECHILD));
        // The number may be somebody else's; nobody is asked.
        child.send_signal(4711).unwrap();
        child.kill().unwrap();
        assert_eq!(
            child.status().await.unwrap_err().raw_os_error(),
            Some(libc::ECHILD),
            "the same answer, without a question"
        );
    });
}
