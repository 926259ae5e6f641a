//! Spawning tasks that do nothing, and waiting for them.

use std::collections::VecDeque;
use std::hint::black_box;

use crate::case::{Case, Env, Measure, Than, runtimes};
use crate::cases::{SIZES, join_all, on_worker, repeat_on};
use crate::measure::{Sample, Stopwatch, repeat};
use crate::runtimes::{Nio, Runtime, Smol, Tenter, TenterCt, Tokio, TokioCt};

const MANY: usize = 100_000;
const BATCH: usize = 1000;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        runtimes!(
            Case::new("spawn-outside", "a thread that isn't a worker spawns 100k tasks and joins all; per task"),
            outside: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .bound("run loop", |env| repeat(env, || run_loop(MANY)))
        .goal(Measure::Wall, 0.30, Than::Tokio),
        runtimes!(
            Case::new("spawn-worker", "a task spawns 100k tasks and joins all; per task"),
            many: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .bound("run loop", |env| repeat(env, || run_loop(MANY)))
        .goal(Measure::Wall, 0.28, Than::Tokio),
        runtimes!(
            Case::new("spawn-batches", "a task spawns 1000 tasks and joins them, again and again; per task"),
            batches: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .bound("run loop", |env| repeat(env, || run_loop(BATCH)))
        .goal(Measure::Wall, 0.28, Than::Tokio),
    ];
    cases.extend(Case::sweep("spawn-size", &SIZES, |case, size| {
        let case = case.about("a task spawns so many tasks and joins all; per task");
        let case = runtimes!(case, sized: Tenter, Tokio, Smol, Nio)
            .bound("run loop", |env| repeat(env, || run_loop(env.size)))
            .judged(Measure::Wall);
        match size {
            0..=100_000 => case,
            100_001..=1_000_000 => case.slow().rounds(3),
            _ => case.slow().rounds(1).among(&["tenter", "tokio"]),
        }
    }));
    cases
}

fn outside<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| {
        let handle = runtime.handle();
        let mut tasks = Vec::with_capacity(MANY);
        let watch = Stopwatch::start();
        for _ in 0..MANY {
            tasks.push(R::spawn(&handle, async {}));
        }
        runtime.block_on(join_all(tasks));
        watch.stop(MANY)
    })
}

fn many<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| from_worker(runtime, MANY, 1))
}

fn batches<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| from_worker(runtime, BATCH, 20))
}

fn sized<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| from_worker(runtime, env.size, 1))
}

fn from_worker<R: Runtime>(runtime: &R, tasks: usize, times: usize) -> Sample {
    let handle = runtime.handle();
    on_worker(runtime, async move {
        let watch = Stopwatch::start();
        for _ in 0..times {
            let mut joins = Vec::with_capacity(tasks);
            for _ in 0..tasks {
                joins.push(R::spawn(&handle, async {}));
            }
            join_all(joins).await;
        }
        watch.stop(tasks * times)
    })
}

/// The bound: a queue of boxed closures on one thread; nobody waits, wakes or cancels.
fn run_loop(tasks: usize) -> Sample {
    let watch = Stopwatch::start();
    let mut queue: VecDeque<Box<dyn FnOnce()>> = VecDeque::with_capacity(tasks);
    for i in 0..tasks {
        queue.push_back(Box::new(move || {
            black_box(i);
        }));
    }
    while let Some(task) = queue.pop_front() {
        task();
    }
    watch.stop(tasks)
}
