//! Tasks that compute: are all workers used?

use std::thread;
use std::time::Duration;

use crate::case::{Case, Env, Measure, Than, Unit, runtimes};
use crate::cases::work::work;
use crate::cases::{join_all, on_worker, repeat_on};
use crate::measure::{Sample, Stopwatch, repeat};
use crate::runtimes::{Nio, Runtime, Smol, Tenter, Tokio};

const SHORT: Duration = Duration::from_micros(5);
const SHORTS: usize = 20_000;
const LONG: Duration = Duration::from_millis(1);
const LONGS: usize = 100;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        runtimes!(
            Case::new("fan-out", "a task spawns 20k tasks that compute for 5 µs, and joins all; per task"),
            fan_out: Tenter, Tokio, Smol, Nio
        )
        .bound("threads", |env| repeat(env, || divided(env, SHORT, env.scale(SHORTS))))
        .goal(Measure::Wall, 0.92, Than::Tokio),
        runtimes!(
            Case::new("fan-out-1ms", "a task spawns 100 tasks that compute for 1 ms; time over that of an even division")
                .unit(Unit::Times),
            long: Tenter, Tokio, Smol, Nio
        )
        .bound("threads", |env| repeat(env, || times_ideal(env, divided(env, LONG, LONGS))))
        .goal(Measure::Wall, 1.0, Than::Best),
    ]
}

fn fan_out<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| computing(runtime, SHORT, env.scale(SHORTS)))
}

fn long<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| times_ideal(env, computing(runtime, LONG, LONGS)))
}

/// Turns nanoseconds per long task into times the ideal.
fn times_ideal(env: &Env, sample: Sample) -> Sample {
    let cpus = thread::available_parallelism().map_or(1, usize::from).min(env.workers);
    Sample { wall: sample.wall / (LONG.as_nanos() as f64 / cpus as f64), ..sample }
}

fn computing<R: Runtime>(runtime: &R, each: Duration, tasks: usize) -> Sample {
    let handle = runtime.handle();
    on_worker(runtime, async move {
        let watch = Stopwatch::start();
        let one = |_| R::spawn(&handle, async move { work(each) });
        join_all((0..tasks).map(one).collect()).await;
        watch.stop(tasks)
    })
}

/// The bound: as many threads as workers, each of which has its share from the start.
fn divided(env: &Env, each: Duration, tasks: usize) -> Sample {
    let watch = Stopwatch::start();
    thread::scope(|scope| {
        for _ in 0..env.workers {
            scope.spawn(|| (0..tasks / env.workers).for_each(|_| work(each)));
        }
    });
    watch.stop(tasks)
}
