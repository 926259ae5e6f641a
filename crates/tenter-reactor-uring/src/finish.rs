//! The end of a desk: what the kernel still has is waited for, and never freed under it.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use tenter_reactor::Abandoned;

use crate::desk::Desk;
use crate::kernel::{Command, Kernel, Name};
use crate::state::State;

/// How long writes may take to end by themselves, and then everything to be cancelled.
const PATIENCE: Duration = Duration::from_secs(2);

impl<K: Kernel> Drop for Desk<K> {
    /// Closing the ring would not do: the kernel cancels what is under way later, in the background, and uses the buffers
    /// until then.
    fn drop(&mut self) {
        let Self { kernel, state, .. } = self;
        let state = state.get_mut().unwrap_or_else(PoisonError::into_inner);
        for writes in [Abandoned::Finished, Abandoned::Cancelled] {
            let cancelled = state.operations.abandon_all(writes);
            state.commands.extend(cancelled.into_iter().map(|number| Command::Cancel(Name::Operation(number))));
            if finish(kernel, state) {
                return;
            }
        }
        // A disk that does not answer: the kernel keeps the memory, so nobody else may have it.
        state.operations.leak();
    }
}

/// Waits for the end of what is under way, for a while. Whether all of it has ended.
fn finish<K: Kernel>(kernel: &K, state: &mut State) -> bool {
    let end = Instant::now() + PATIENCE;
    while state.operations.under_way() > 0 {
        while let Some(command) = state.commands.front().copied() {
            if kernel.push(command) {
                state.commands.pop_front();
            } else if !kernel.submit().unwrap_or(false) {
                break;
            }
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || kernel.wait(Some(left)).is_err() {
            return false;
        }
        kernel.reap(&mut |answer| state.answer(answer));
    }
    true
}
