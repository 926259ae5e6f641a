//! Where a reactor watches children there are no threads for them. Alone, because threads of the whole process are counted.
#![cfg(target_os = "linux")]

mod common;

use common::{cat, running, state, threads, two_workers, until};

#[test]
fn a_dropped_child_must_be_collected_by_its_runtime() {
    let runtime = two_workers();
    let (child, stdin) = runtime.block_on(async { running(&mut cat()) });
    let id = child.id();
    drop(child);
    drop(stdin);
    until("the child is over and collected", || state(id).is_none());
    assert_eq!(threads("tenter-wait"), 0);
}
