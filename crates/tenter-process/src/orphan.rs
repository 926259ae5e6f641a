//! Children that were dropped before their end, and are to leave no zombie.

use std::process::Child;
use std::sync::Arc;

use crate::exit::{Exit, Waited};
use crate::guard::Watch;
use crate::wait_thread::{WaitThread, collect};

/// Collects a child that nobody has any more, as soon as it is over.
pub(crate) fn reap(mut child: Child, watch: &Watch) {
    match watch {
        Watch::Thread(thread) => adopted_by(thread, child),
        Watch::Reactor(exit) => {
            if is_running(&mut child) {
                Orphan(Some(child)).reaped_by(exit.clone());
            }
        }
    }
}

/// Collects a child that is not watched, as soon as it is over.
pub(crate) fn abandon(child: Child) {
    drop(Orphan(Some(child)));
}

/// Collects it when it is over.
fn adopted_by(thread: &WaitThread, child: Child) {
    let mut state = thread.state();
    if state.over {
        drop(state);
        collect(child);
    } else {
        state.orphan = Some(child);
    }
}

/// Collects it if it is not.
fn is_running(child: &mut Child) -> bool {
    matches!(child.try_wait(), Ok(None))
}

/// A child for which a task of its runtime waits, or, if that is cancelled because its runtime ends, a thread.
struct Orphan(Option<Child>);

impl Orphan {
    fn reaped_by(self, exit: Arc<Exit>) {
        let handle = exit.handle().clone();
        // One without workers runs tasks only while somebody is in its `block_on`.
        if handle.worker_threads() > 0 {
            let wait = async move {
                let _ = exit.over().await;
                drop(self);
            };
            handle.task().name("tenter-reap").spawn(wait).detach();
        }
    }
}

impl Drop for Orphan {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        if is_running(&mut child) {
            // Without a thread it is a zombie, once it is over, until this program ends.
            if let Ok(thread) = Waited::new(&child).and_then(WaitThread::start) {
                adopted_by(&thread, child);
            }
        }
    }
}
