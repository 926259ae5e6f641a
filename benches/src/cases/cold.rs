//! From nothing to nothing: a runtime is made, used once, dropped.

use std::thread;

use crate::case::{Case, Env, Measure, Unit, runtimes};
use crate::measure::{Sample, Stopwatch, repeat};
use crate::runtimes::{Runtime, Smol, Tenter, TenterCt, Tokio, TokioCt};

const TIMES: usize = 10;

/// nio's threads can't be stopped.
pub(crate) fn cases() -> Vec<Case> {
    vec![
        runtimes!(
            Case::new("cold-start", "a runtime is made, runs one task, is dropped; each").unit(Unit::Us),
            start: Tenter, Tokio, Smol
        )
        .bound("threads", |env| repeat(env, || threads(env)))
        .judged(Measure::Wall),
        runtimes!(
            Case::new("cold-start-ct", "a runtime on one thread is made, runs one task, is dropped; each").unit(Unit::Us),
            start: TenterCt, TokioCt
        )
        .row(TenterCt::NAME, Measure::Wall, None),
    ]
}

fn start<R: Runtime>(env: &Env) -> Sample {
    repeat(env, || {
        let watch = Stopwatch::start();
        for _ in 0..TIMES {
            R::start(env).enter_spawn_await();
        }
        in_microseconds(watch.stop(TIMES))
    })
}

/// The bound: as many threads as workers are started and joined.
fn threads(env: &Env) -> Sample {
    let watch = Stopwatch::start();
    for _ in 0..TIMES {
        let threads: Vec<_> = (0..env.workers).map(|_| thread::spawn(|| {})).collect();
        for thread in threads {
            thread.join().expect("it does nothing");
        }
    }
    in_microseconds(watch.stop(TIMES))
}

fn in_microseconds(sample: Sample) -> Sample {
    Sample { wall: sample.wall / 1000.0, ..sample }
}
