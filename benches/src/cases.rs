//! What is measured. Each case is written once, over [`Runtime`]; only the measured part is between the clocks.

use std::pin::pin;
use std::time::Duration;

use futures_lite::future;

use crate::load;
use crate::measure::{Sample, Stopwatch};
use crate::runtime::Runtime;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    SpawnOutside,
    SpawnWorker,
    Yield,
    PingPong,
    Echo,
    Timer,
}

#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) kind: Kind,
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "spawn-outside",
        about: "spawn tasks from a thread that isn't a worker, join all; per task",
        kind: Kind::SpawnOutside,
    },
    Case { name: "spawn-worker", about: "a task spawns tasks and joins all; per task", kind: Kind::SpawnWorker },
    Case { name: "yield", about: "1000 tasks give way to each other; per yield", kind: Kind::Yield },
    Case {
        name: "ping-pong",
        about: "16 pairs of tasks over bounded channels of one; per round trip",
        kind: Kind::PingPong,
    },
    Case { name: "echo", about: "50 connections send 64 bytes and get them back; per round trip", kind: Kind::Echo },
    Case { name: "timer", about: "create a timer of one second, poll it once, drop it; per timer", kind: Kind::Timer },
];

/// Runs a case once, on a runtime that is started for it.
pub(crate) fn run<R: Runtime>(kind: Kind, workers: usize, quick: bool) -> Sample {
    let runtime = R::start(workers);
    let scale = |n: usize| if quick { n / 10 } else { n };
    // The first tenth warms up: threads start, queues and slabs grow.
    let warm = |case: &dyn Fn(usize) -> Sample, n: usize| {
        case(n / 10);
        case(n)
    };
    match kind {
        Kind::SpawnOutside => warm(&|n| spawn_outside(&runtime, n), scale(100_000)),
        Kind::SpawnWorker => warm(&|n| spawn_worker(&runtime, n), scale(100_000)),
        Kind::Yield => warm(&|n| yields(&runtime, 1000, n), scale(200)),
        Kind::PingPong => warm(&|n| ping_pong(&runtime, 16, n), scale(5_000)),
        Kind::Timer => warm(&|n| timers(&runtime, n), scale(200_000)),
        Kind::Echo => {
            let address = runtime.block_on(R::serve_echo(&runtime.handle()));
            load::echo(address, 50, scale(1000))
        }
    }
}

fn spawn_outside<R: Runtime>(runtime: &R, n: usize) -> Sample {
    let handle = runtime.handle();
    let mut tasks = Vec::with_capacity(n);
    let watch = Stopwatch::start();
    for _ in 0..n {
        tasks.push(R::spawn(&handle, async {}));
    }
    runtime.block_on(join_all(tasks));
    watch.stop(n)
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

fn spawn_worker<R: Runtime>(runtime: &R, n: usize) -> Sample {
    let handle = runtime.handle();
    on_worker(runtime, async move {
        let mut tasks = Vec::with_capacity(n);
        let watch = Stopwatch::start();
        for _ in 0..n {
            tasks.push(R::spawn(&handle, async {}));
        }
        join_all(tasks).await;
        watch.stop(n)
    })
}

fn yields<R: Runtime>(runtime: &R, tasks: usize, n: usize) -> Sample {
    let handle = runtime.handle();
    on_worker(runtime, async move {
        let watch = Stopwatch::start();
        let one = |_| {
            R::spawn(&handle, async move {
                for _ in 0..n {
                    R::yield_now().await;
                }
            })
        };
        join_all((0..tasks).map(one).collect()).await;
        watch.stop(tasks * n)
    })
}

fn ping_pong<R: Runtime>(runtime: &R, pairs: usize, n: usize) -> Sample {
    let handle = runtime.handle();
    on_worker(runtime, async move {
        let watch = Stopwatch::start();
        let mut tasks = Vec::new();
        for _ in 0..pairs {
            let (ping, mut pinged) = R::channel();
            let (pong, mut ponged) = R::channel();
            tasks.push(R::spawn(&handle, async move {
                for i in 0..n as u64 {
                    R::send(&ping, i).await;
                    assert_eq!(R::recv(&mut ponged).await, i);
                }
            }));
            tasks.push(R::spawn(&handle, async move {
                for _ in 0..n {
                    let i = R::recv(&mut pinged).await;
                    R::send(&pong, i).await;
                }
            }));
        }
        join_all(tasks).await;
        watch.stop(pairs * n)
    })
}

/// Timers between two yields. A runtime with a cooperative budget makes a timer pend without registering it once the
/// budget is used up, so no task may create many without a break.
const TIMERS_PER_POLL: usize = 50;

fn timers<R: Runtime>(runtime: &R, n: usize) -> Sample {
    on_worker(runtime, async move {
        let watch = Stopwatch::start();
        for _ in 0..n / TIMERS_PER_POLL {
            for _ in 0..TIMERS_PER_POLL {
                let timer = pin!(R::sleep(Duration::from_secs(1)));
                assert!(future::poll_once(timer).await.is_none(), "a second can't have passed");
            }
            R::yield_now().await;
        }
        watch.stop(n / TIMERS_PER_POLL * TIMERS_PER_POLL)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_runs_on_every_runtime() {
        for column in crate::COLUMNS {
            for case in CASES {
                let sample = (column.run)(case.kind, 2, true);
                assert!(sample.wall > 0.0 && sample.wall.is_finite(), "{} on {}: {sample:?}", case.name, column.name);
            }
        }
    }
}
