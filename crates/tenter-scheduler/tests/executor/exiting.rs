//! A process that exits in the midst of a task.

use std::future::pending;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tenter_core::park::block_on;
use tenter_scheduler::LocalExecutor;

/// Exiting runs the destructors of thread-locals on top of the task that exits.
#[test]
fn a_task_of_a_thread_local_executor_may_exit_the_process() {
    const CHILD: &str = "TENTER_TEST_EXIT_IN_TASK";
    thread_local! {
        static EXECUTOR: LocalExecutor<'static> = const { LocalExecutor::new() };
    }
    if std::env::var_os(CHILD).is_some() {
        EXECUTOR.with(|executor| {
            executor.spawn(pending::<()>()).detach();
            let exits = executor.spawn(async { std::process::exit(42) });
            block_on(executor.run(exits));
        });
    }
    let name = "exiting::a_task_of_a_thread_local_executor_may_exit_the_process";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--test-threads=1"])
        .env(CHILD, "1")
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() > deadline => {
                child.kill().unwrap();
                panic!("the process did not exit");
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    assert_eq!(status.code(), Some(42));
}
