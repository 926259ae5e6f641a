//! What is measured within one process. Each case is written once, over `Runtime`; only the measured part is between the
//! clocks.

mod bell;
mod blocking;
mod broadcast;
mod channels;
mod cold;
mod hello;
mod latency;
mod long_polls;
mod memory;
mod parallel;
mod spawn;
mod tasks;
mod timers;
mod work;

use crate::case::{Case, Env};
use crate::child::Child;
use crate::measure::Sample;
use crate::runtimes::Runtime;

/// Of what has to cost the same among few as among many.
const SIZES: [usize; 5] = [1000, 10_000, 100_000, 1_000_000, 10_000_000];

pub(crate) fn all() -> Vec<Case> {
    let parts = [
        spawn::cases(),
        tasks::cases(),
        channels::cases(),
        broadcast::cases(),
        parallel::cases(),
        latency::cases(),
        timers::cases(),
        blocking::cases(),
        long_polls::cases(),
        cold::cases(),
        memory::cases(),
        hello::cases(),
    ];
    parts.into_iter().flatten().collect()
}

/// What child processes do for these cases.
pub(crate) fn children() -> Vec<Child> {
    memory::children()
}

/// Runs `case` in a task, so that a worker measures itself, and not how long the caller takes to wake up.
fn on_worker<R: Runtime>(runtime: &R, case: impl Future<Output = Sample> + Send + 'static) -> Sample {
    runtime.block_on(R::spawn(&runtime.handle(), case))
}

async fn join_all<F: Future>(tasks: Vec<F>) {
    for task in tasks {
        task.await;
    }
}

/// Starts a runtime and runs something on it again and again.
fn repeat_on<R: Runtime>(env: &Env, mut run: impl FnMut(&R) -> Sample) -> Sample {
    let runtime = R::start(env);
    crate::measure::repeat(env, || run(&runtime))
}
