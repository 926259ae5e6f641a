//! Tasks that hold their worker for long, and what becomes of the others meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, Env, Measure, Than, Unit, runtimes};
use crate::cases::join_all;
use crate::cases::work::work;
use crate::measure::{Sample, Stopwatch, latencies};
use crate::runtimes::{Nio, Runtime, Smol, Tenter, Tokio};

/// A tick of the mixed load: one long task, and short ones behind it.
const TICK: Duration = Duration::from_millis(1);
const TICKS: usize = 200;
const SHORTS: usize = 10;

const HOG: Duration = Duration::from_millis(200);
const TIMERS: u64 = 1000;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        runtimes!(
            Case::new("mixed", "each ms another thread spawns a task of 1 ms and 10 empty ones; until an empty one has run")
                .unit(Unit::Us),
            mixed: Tenter, Tokio, Smol, Nio
        )
        .tail("p99")
        .goal(Measure::Tail, 1.0, Than::Best),
        runtimes!(
            Case::new("hog", "a task computes for 200 ms while 1000 timers of others become due; how late those are")
                .unit(Unit::Us),
            hog: Tenter, Tokio, Smol, Nio
        )
        .tail("p99")
        .goal(Measure::Tail, 2000.0, Than::Absolute),
    ]
}

fn mixed<R: Runtime>(env: &Env) -> Sample {
    let runtime = R::start(env);
    let handle = runtime.handle();
    let watch = Stopwatch::start();
    let (mut long, mut short) = (Vec::new(), Vec::new());
    let ticks = env.scale(TICKS);
    for _ in 0..ticks {
        let start = Instant::now();
        long.push(R::spawn(&handle, async { work(Duration::from_millis(1)) }));
        for _ in 0..SHORTS {
            let spawned = Instant::now();
            short.push(R::spawn(&handle, async move { spawned.elapsed() }));
        }
        thread::sleep(TICK.saturating_sub(start.elapsed()));
    }
    runtime.block_on(async {
        join_all(long).await;
        let mut times = Vec::with_capacity(short.len());
        for task in short {
            times.push(task.await);
        }
        let cpu = watch.cpu(times.len());
        latencies(&mut times, cpu)
    })
}

fn hog<R: Runtime>(env: &Env) -> Sample {
    let runtime = R::start(env);
    let handle = runtime.handle();
    runtime.block_on(R::spawn(&runtime.handle(), async move {
        // All are due while the hog runs.
        let due = |i| Duration::from_millis(15) + (HOG - Duration::from_millis(20)) * i as u32 / TIMERS as u32;
        let timers: Vec<_> = (0..TIMERS).map(|i| R::spawn_sleep(&handle, due(i))).collect();
        R::spawn_sleep(&handle, Duration::from_millis(5)).await;
        let watch = Stopwatch::start();
        let hog = R::spawn(&handle, async { work(HOG) });
        let mut late = Vec::with_capacity(timers.len());
        for timer in timers {
            late.push(timer.await);
        }
        let cpu = watch.cpu(late.len());
        hog.await;
        latencies(&mut late, cpu)
    }))
}
