//! The cases, who enters them, and what is expected of tenter.

use super::run::{self, Place, closed_loop};
#[cfg(target_os = "linux")]
use super::server::{Compio, Monoio};
use super::server::{Entrant, Nio, RawEpoll, Service, Smol, Tenter, TenterNoSpin, Threads, Tokio, TokioCt};
use crate::case::{Case, Env, Measure, Than, Unit};
use crate::measure::Sample;

/// Rounds of most cases: a run takes a third of a second, and there are many entrants.
const ROUNDS: usize = 5;

const ONE_WORKER: &str = "the same, one worker and its load on a CPU each";

/// A way to run a server.
trait Run {
    fn run<E: Entrant>(env: &Env) -> Sample;
}

struct Alone;
/// Echo, on `N` connections.
struct Echo<const N: usize>;
/// The same, with one worker on a CPU of its own.
struct EchoOneWorker<const N: usize>;
/// Echo, on as many connections as the sweep is at.
struct EchoSweep;
struct Bulk;
struct Churn;
struct Hello;
struct Hogged;
struct Idle;

impl Run for Alone {
    fn run<E: Entrant>(env: &Env) -> Sample {
        run::alone::<E>(env)
    }
}

impl<const N: usize> Run for Echo<N> {
    fn run<E: Entrant>(env: &Env) -> Sample {
        closed_loop::<E>(env, (Service::Echo(1024), Place::of(env)), N, ("echo 64", 1))
    }
}

impl<const N: usize> Run for EchoOneWorker<N> {
    fn run<E: Entrant>(env: &Env) -> Sample {
        closed_loop::<E>(env, (Service::Echo(1024), Place::one_worker()), N, ("echo 64", 1))
    }
}

impl Run for EchoSweep {
    fn run<E: Entrant>(env: &Env) -> Sample {
        closed_loop::<E>(env, (Service::Echo(1024), Place::of(env)), env.size, ("echo 64", 1))
    }
}

impl Run for Bulk {
    fn run<E: Entrant>(env: &Env) -> Sample {
        closed_loop::<E>(env, (Service::Echo(16 * 1024), Place::of(env)), 8, ("echo 16384", 16))
    }
}

impl Run for Churn {
    fn run<E: Entrant>(env: &Env) -> Sample {
        run::churn::<E>(env)
    }
}

impl Run for Hello {
    fn run<E: Entrant>(env: &Env) -> Sample {
        closed_loop::<E>(env, (Service::Hello, Place::of(env)), 64, ("http", 1))
    }
}

impl Run for Hogged {
    fn run<E: Entrant>(env: &Env) -> Sample {
        run::beside_a_hog::<E>(env)
    }
}

impl Run for Idle {
    fn run<E: Entrant>(env: &Env) -> Sample {
        run::idle::<E>(env)
    }
}

fn on<E: Entrant, R: Run>(case: Case) -> Case {
    case.entrant(E::NAME, E::ROLE, R::run::<E>)
}

/// The runtimes that can have several workers.
fn multi<R: Run>(case: Case) -> Case {
    let case = on::<Tokio, R>(on::<Tenter, R>(case));
    on::<Nio, R>(on::<Smol, R>(case))
}

/// All runtimes.
fn all_runtimes<R: Run>(case: Case) -> Case {
    let case = on::<TokioCt, R>(multi::<R>(case));
    #[cfg(target_os = "linux")]
    let case = on::<Compio, R>(on::<Monoio, R>(case));
    case
}

/// All runtimes and the loop by hand.
fn everyone<R: Run>(case: Case) -> Case {
    on::<RawEpoll, R>(all_runtimes::<R>(case))
}

/// The judged values of an echo case.
fn judged(case: Case) -> Case {
    let case = case.unit(Unit::Us).tail("p99").goal(Measure::Cpu, 1.03, Than::Bound);
    case.judged(Measure::Wall).goal(Measure::Tail, 1.0, Than::Best)
}

pub(super) fn all() -> Vec<Case> {
    let echo = |name, about| judged(Case::new(name, about).rounds(ROUNDS));
    let mut cases = vec![
        on::<Threads, Alone>(on::<TenterNoSpin, Alone>(everyone::<Alone>(
            Case::new("echo-1", "one connection sends 64 bytes and gets them back; latency")
                .unit(Unit::Us)
                .tail("p99")
                .rounds(ROUNDS)
                .judged(Measure::Wall)
                .judged(Measure::Cpu)
                .row("tenter-nospin", Measure::Cpu, None),
        ))),
        on::<Threads, Echo<50>>(on::<TenterNoSpin, Echo<50>>(everyone::<Echo<50>>(echo(
            "echo-50",
            "echo on 50 connections; per request",
        )))),
        everyone::<Echo<500>>(echo("echo-500", "echo on 500 connections; per request")),
        everyone::<Echo<5000>>(echo("echo-5000", "echo on 5000 connections; per request").slow().rounds(3)),
        everyone::<EchoOneWorker<50>>(echo("echo-50-pinned", ONE_WORKER).slow()),
        everyone::<EchoOneWorker<500>>(echo("echo-500-pinned", ONE_WORKER)),
        everyone::<EchoOneWorker<5000>>(echo("echo-5000-pinned", ONE_WORKER).slow().rounds(3)),
    ];
    cases.extend(others());
    cases.extend(sweep(&[10, 100, 1_000, 5_000], 3, |case| case));
    cases.extend(sweep(&[10_000, 15_000], 3, Case::slow));
    cases
}

fn others() -> Vec<Case> {
    vec![
        on::<Threads, Bulk>(everyone::<Bulk>(
            Case::new("echo-16k", "8 connections send 16 KiB and get them back; per KiB")
                .rounds(ROUNDS)
                .unit(Unit::Us)
                .tail("p99")
                .goal(Measure::Cpu, 0.9, Than::Tokio)
                .judged(Measure::Wall),
        )),
        on::<Threads, Churn>(on::<TenterNoSpin, Churn>(everyone::<Churn>(
            Case::new("accept", "a server accepts and closes, in a task each; per connection")
                .unit(Unit::Us)
                .tail("p99")
                .goal(Measure::Cpu, 0.9, Than::Tokio)
                .judged(Measure::Wall)
                .row("tenter-nospin", Measure::Cpu, None),
        ))),
        on::<RawEpoll, Hello>(multi::<Hello>(
            Case::new("hyper", "hyper's hello world on 64 connections that stay open; per request")
                .unit(Unit::Us)
                .tail("p99")
                .goal(Measure::Cpu, 0.92, Than::Tokio)
                .judged(Measure::Wall),
        )),
        multi::<Hogged>(
            Case::new("long-poll", "1000 connections while one task computes for 200 ms at a time; latency")
                .unit(Unit::Us)
                .tail("p99")
                .rounds(ROUNDS)
                .goal(Measure::Tail, 2_000.0, Than::Absolute)
                .judged(Measure::Wall),
        ),
        all_runtimes::<Idle>(
            Case::new("idle-connection", "memory of an idle connection, its task and a buffer of 512 bytes")
                .unit(Unit::Bytes)
                .rounds(3)
                .goal(Measure::Wall, 700.0, Than::Absolute),
        ),
    ]
}

fn sweep(sizes: &[usize], rounds: usize, with: fn(Case) -> Case) -> Vec<Case> {
    Case::sweep("connections", sizes, |case, _| {
        let case = case.about("echo on so many connections; per request").unit(Unit::Us).tail("p99").rounds(rounds);
        let case = on::<Tokio, EchoSweep>(on::<Tenter, EchoSweep>(with(case)));
        on::<RawEpoll, EchoSweep>(on::<Smol, EchoSweep>(case)).judged(Measure::Cpu)
    })
}
