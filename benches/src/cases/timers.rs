//! Sleeps and timeouts.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, Env, Measure, Than, Unit, runtimes};
use crate::cases::{SIZES, on_worker, repeat_on};
use crate::measure::{Sample, Stopwatch, latencies, repeat};
use crate::runtimes::{Nio, Runtime, Smol, Tenter, TenterCt, Tokio, TokioCt};

const MANY: usize = 200_000;
const SPREAD: usize = 2000;
const TIMEOUTS: usize = 20_000;
const OUTSTANDING: usize = 10_000;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        runtimes!(
            Case::new("sleeps", "200k tasks sleep 1 to 100 ms; CPU per task"),
            many: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .bound("heap", |_| heap(MANY, |i| random(i, 100_000)).0)
        .goal(Measure::Cpu, 0.28, Than::Tokio),
        runtimes!(
            Case::new("sleeps-spread", "2000 tasks, one of which has slept enough every 0.1 ms; how late they are, median")
                .unit(Unit::Us),
            spread: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .bound("heap", |_| heap(SPREAD, |i| Duration::from_micros(100 * i as u64)).1)
        .tail("p99")
        .goal(Measure::Wall, 100.0, Than::Absolute)
        .goal(Measure::Cpu, 1.0, Than::Tokio),
        runtimes!(
            Case::new("timeout", "a future that is dropped pending, under a timeout of a second; per timeout"),
            timeouts: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .bound("heap", |env| repeat(env, || heap_timeouts(0)))
        .goal(Measure::Wall, 0.5, Than::Tokio),
        runtimes!(
            Case::new("timeout-10k", "the same while 10k tasks sleep; per timeout"),
            timeouts_among: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .bound("heap", |env| repeat(env, || heap_timeouts(OUTSTANDING)))
        .goal(Measure::Wall, 0.5, Than::Tokio),
    ];
    cases.extend(Case::sweep("timers-size", &SIZES, |case, size| {
        let case = case.about("a task starts so many timers and then drops them all; per timer");
        let case = runtimes!(case, sized: Tenter, Tokio, Smol, Nio)
            .bound("heap", |env| repeat(env, || heap_timers(env.size)))
            .judged(Measure::Wall);
        match size {
            0..=100_000 => case,
            100_001..=1_000_000 => case.slow().rounds(3),
            _ => case.slow().rounds(1).among(&["tenter", "tokio"]),
        }
    }));
    cases
}

/// From 1 ms to so many microseconds, without a pattern.
fn random(i: usize, most: u64) -> Duration {
    let hash = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    Duration::from_micros(1000 + hash % (most - 1000))
}

fn many<R: Runtime>(env: &Env) -> Sample {
    sleeps::<R>(R::start(env), MANY, |i| random(i, 100_000)).0
}

fn spread<R: Runtime>(env: &Env) -> Sample {
    sleeps::<R>(R::start(env), SPREAD, |i| Duration::from_micros(100 * i as u64)).1
}

/// Costs per task, and how late they are.
fn sleeps<R: Runtime>(runtime: R, count: usize, how_long: fn(usize) -> Duration) -> (Sample, Sample) {
    let handle = runtime.handle();
    runtime.block_on(R::spawn(&runtime.handle(), async move {
        let watch = Stopwatch::start();
        let tasks: Vec<_> = (1..=count).map(|i| R::spawn_sleep(&handle, how_long(i))).collect();
        let mut late = Vec::with_capacity(count);
        for task in tasks {
            late.push(task.await);
        }
        let costs = watch.stop(count);
        (costs, latencies(&mut late, costs.cpu))
    }))
}

/// The bound: a thread with a heap.
fn heap(count: usize, how_long: fn(usize) -> Duration) -> (Sample, Sample) {
    let watch = Stopwatch::start();
    let mut late = Vec::with_capacity(count);
    let mut heap: BinaryHeap<_> = (1..=count).map(|i| Reverse((Instant::now() + how_long(i), i))).collect();
    while let Some(Reverse((due, i))) = heap.pop() {
        let now = Instant::now();
        if now < due {
            thread::sleep(due - now);
        }
        black_box(i);
        late.push(due.elapsed());
    }
    let costs = watch.stop(count);
    (costs, latencies(&mut late, costs.cpu))
}

fn timeouts<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| some_timeouts(runtime))
}

fn some_timeouts<R: Runtime>(runtime: &R) -> Sample {
    let handle = runtime.handle();
    on_worker(runtime, async move {
        let watch = Stopwatch::start();
        R::spawn_timeouts(&handle, TIMEOUTS).await;
        watch.stop(TIMEOUTS)
    })
}

fn timeouts_among<R: Runtime>(env: &Env) -> Sample {
    let runtime = R::start(env);
    let handle = runtime.handle();
    let far = |i| Duration::from_secs(100) + random(i, 10_000_000);
    let sleeping: Vec<_> = (0..OUTSTANDING).map(|i| R::spawn_sleep(&handle, far(i))).collect();
    let sample = repeat(env, || some_timeouts(&runtime));
    sleeping.into_iter().for_each(R::cancel);
    sample
}

/// The bound: a clock is read, a heap takes a deadline and gives back its earliest one.
fn heap_timeouts(outstanding: usize) -> Sample {
    let start = Instant::now();
    let mut heap: BinaryHeap<_> = (0..outstanding).map(|i| Reverse((start + random(i, 10_000_000), i))).collect();
    let watch = Stopwatch::start();
    for i in 0..TIMEOUTS {
        heap.push(Reverse((Instant::now() + Duration::from_secs(1), i)));
        black_box(heap.pop());
    }
    watch.stop(TIMEOUTS)
}

fn sized<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| {
        let (handle, count) = (runtime.handle(), env.size);
        on_worker(runtime, async move {
            let watch = Stopwatch::start();
            R::spawn_timers(&handle, count).await;
            watch.stop(count)
        })
    })
}

/// The bound: a heap takes deadlines and gives all of them back in order.
fn heap_timers(count: usize) -> Sample {
    let watch = Stopwatch::start();
    let mut heap = BinaryHeap::with_capacity(count);
    for i in 0..count {
        heap.push(Reverse((Instant::now() + random(i, 60_000_000), i)));
    }
    while let Some(first) = heap.pop() {
        black_box(first);
    }
    watch.stop(count)
}
