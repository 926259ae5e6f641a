//! The pool for what blocks.

use crate::case::{Case, Env, Measure, Than, runtimes};
use crate::cases::{join_all, on_worker, repeat_on};
use crate::measure::{Sample, Stopwatch};
use crate::runtimes::{Nio, Runtime, Smol, Tenter, TenterCt, TenterNoSpin, Tokio, TokioCt};

const IN_FLIGHT: usize = 64;
const TIMES: usize = 50;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        runtimes!(
            Case::new("blocking", "64 tasks call empty closures on the pool for blocking ones; per call"),
            calls: Tenter, TenterCt, TenterNoSpin, Tokio, TokioCt, Smol, Nio
        )
        .goal(Measure::Wall, 0.15, Than::Tokio),
        runtimes!(
            Case::new("blocking-1", "one task calls empty closures on the pool for blocking ones; per call"),
            one_by_one: Tenter, TenterCt, TenterNoSpin, Tokio, TokioCt, Smol, Nio
        )
        .judged(Measure::Wall),
    ]
}

fn calls<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| round_trips(runtime, IN_FLIGHT, TIMES))
}

fn one_by_one<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| round_trips(runtime, 1, 200))
}

fn round_trips<R: Runtime>(runtime: &R, tasks: usize, times: usize) -> Sample {
    let handle = runtime.handle();
    on_worker(runtime, async move {
        let watch = Stopwatch::start();
        let caller = |_| {
            let inner = handle.clone();
            R::spawn(&handle, async move {
                for _ in 0..times {
                    R::unblock(&inner, || {}).await;
                }
            })
        };
        join_all((0..tasks).map(caller).collect()).await;
        watch.stop(tasks * times)
    })
}
