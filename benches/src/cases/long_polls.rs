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
/// The short tasks of a tick meet the same fate, so of so many ticks the twentieth worst decides.
const TICKS: usize = 2000;
const SHORTS: usize = 10;

const HOG: Duration = Duration::from_millis(200);
const TIMERS: u64 = 1000;
/// So many hogs one after the other: the timers of one that are late are so for one reason.
const HOGS: usize = 10;

/// Rounds of these take two seconds on each runtime.
const ROUNDS: usize = 2;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        runtimes!(
            Case::new("mixed", "each ms another thread spawns a task of 1 ms and 10 empty ones; until an empty one has run")
                .unit(Unit::Us),
            mixed: Tenter, Tokio, Smol, Nio
        )
        .tail("p99")
        .rounds(ROUNDS)
        .goal(Measure::Tail, 1.0, Than::Best),
        runtimes!(
            Case::new("hog", "a task computes for 200 ms while 1000 timers of others become due; how late those are")
                .unit(Unit::Us),
            hog: Tenter, Tokio, Smol, Nio
        )
        .tail("p99")
        .rounds(ROUNDS)
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
    let (handle, hogs) = (runtime.handle(), env.scale(HOGS));
    runtime.block_on(R::spawn(&runtime.handle(), async move {
        // All are due while the hog runs.
        let due = |i| Duration::from_millis(15) + (HOG - Duration::from_millis(20)) * i as u32 / TIMERS as u32;
        let mut late = Vec::with_capacity(hogs * TIMERS as usize);
        let mut cpu = 0.0;
        for _ in 0..hogs {
            let timers: Vec<_> = (0..TIMERS).map(|i| R::spawn_sleep(&handle, due(i))).collect();
            R::spawn_sleep(&handle, Duration::from_millis(5)).await;
            let watch = Stopwatch::start();
            let hog = R::spawn(&handle, async { work(HOG) });
            for timer in timers {
                late.push(timer.await);
            }
            cpu += watch.cpu(TIMERS as usize) / hogs as f64;
            hog.await;
        }
        latencies(&mut late, cpu)
    }))
}
