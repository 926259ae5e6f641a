//! A thread that waits for one child, where no reactor can.

use std::io;
use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tenter_core::wait_list::WaitList;

use crate::exit;

/// Its name, by which tests and users find it.
const NAME: &str = "tenter-wait";

/// It makes a system call and wakes; the wakers are the deepest of that.
const STACK: usize = 128 << 10;

/// What the thread and those who wait for it share.
///
/// The thread only looks whether the child is over, and leaves collecting it to others: its number is its own as long as
/// the thread may ask for it, because everyone else collects only when it `is_over`.
#[derive(Debug, Default)]
pub(crate) struct WaitThread {
    state: Mutex<State>,
    waiters: WaitList,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) over: bool,
    /// Why the thread could not wait: a number of the system's.
    failed: Option<i32>,
    /// Nobody's any more: the thread collects it.
    pub(crate) orphan: Option<Child>,
}

impl WaitThread {
    /// Starts the thread.
    pub(crate) fn start(waited: exit::Waited) -> io::Result<Arc<Self>> {
        let shared = Arc::new(Self::default());
        let thread = shared.clone();
        let run = move || {
            thread.finish(exit::block(&waited));
        };
        thread::Builder::new().name(NAME.to_owned()).stack_size(STACK).spawn(run)?;
        Ok(shared)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state().over
    }

    /// Waits until the child can be collected.
    ///
    /// # Errors
    /// If the thread could not wait; then nobody knows.
    pub(crate) async fn over(&self) -> io::Result<()> {
        self.waiters.wait_until(|| self.is_over().then_some(())).await;
        self.state().failed.map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(code)))
    }

    fn finish(&self, waited: io::Result<()>) {
        let mut state = self.state();
        state.over = true;
        state.failed = waited.err().and_then(|error| error.raw_os_error());
        let (orphan, failed) = (state.orphan.take(), state.failed.is_some());
        drop(state);
        match orphan {
            // This call may be allowed.
            Some(mut orphan) if failed => drop(orphan.wait()),
            Some(orphan) => collect(orphan),
            None => {}
        }
        self.waiters.notify_all();
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the status of an orphan is, or why there is none, nobody asks.
pub(crate) fn collect(mut orphan: Child) {
    let _ = orphan.try_wait();
}
