//! One run: a server, a load, a sample.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tenter::Backend;

use super::dialog::Dialog;
use super::generator::{self, Report};
use super::server::{Entrant, HOGGED, Server, Service, Tenter};
use super::system::Cpu;
use crate::case::Env;
use crate::measure::{Sample, per};

/// How many workers a server has, and where it and its load run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    workers: usize,
    server: Cpu,
    load: Cpu,
    /// The reactor that `TENTER_REACTOR` names to the server.
    reactor: Option<Backend>,
}

impl Place {
    /// What the user asked for.
    pub(super) fn of(env: &Env) -> Self {
        if env.pinned {
            Place { workers: env.workers, ..Place::one_worker() }
        } else {
            Place { workers: env.workers, server: Cpu::Any, load: Cpu::Any, reactor: None }
        }
    }

    /// One worker, on the first CPU; the load on the second.
    pub(super) fn one_worker() -> Self {
        Place { workers: 1, server: Cpu::Only(0), load: Cpu::Only(1), reactor: None }
    }
}

/// The generator, once there is one. It is left behind when the program ends, and ends by itself then.
static GENERATOR: Mutex<Option<Dialog>> = Mutex::new(None);

/// A server, and a generator to load it.
#[derive(Debug)]
struct Pair<'a> {
    server: Server,
    generator: &'a mut Dialog,
}

/// Starts a server and takes a sample of it.
///
/// # Panics
/// If that fails twice.
fn measure<E: Entrant>(service: Service, place: Place, sample: impl Fn(&mut Pair<'_>) -> io::Result<Sample>) -> Sample {
    let attempt = || {
        let mut slot = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
        // Out of the slot until all went well: after an error nobody knows what it is doing.
        let mut generator = match slot.take() {
            Some(generator) => generator,
            None => Dialog::start(generator::CHILD, &[], None)?.0,
        };
        generator.ask(&format!("bind {}", place.load.word()))?;
        let server = Server::start::<E>(service, place.workers, place.server, place.reactor)?;
        let mut pair = Pair { server, generator: &mut generator };
        let sample = sample(&mut pair)?;
        pair.generator.ask("close")?;
        drop(pair);
        *slot = Some(generator);
        Ok::<_, io::Error>(sample)
    };
    let sample = attempt().or_else(|error| {
        eprintln!("tenter-benches: {} {service:?}: {error}; once more", E::NAME);
        attempt()
    });
    sample.unwrap_or_else(|error| panic!("{} {service:?}: {error}", E::NAME))
}

impl Pair<'_> {
    fn connect(&mut self, connections: usize, exchange: &str) -> io::Result<()> {
        let order = format!("connect {} {connections} {exchange}", self.server.address);
        self.generator.ask(&order).map(drop)
    }

    /// Lets the generator do something, and measures the server's CPU time meanwhile.
    fn load(&mut self, order: &str) -> io::Result<(Report, Duration)> {
        let before = self.server.cpu_time()?;
        let report = self.generator.ask(order)?.parse()?;
        Ok((report, self.server.cpu_time()?.saturating_sub(before)))
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// How long a load lasts, without its warming up.
///
/// A thread that the system interrupts for some milliseconds delays one request of each connection. Of 500 that is a hundredth of
/// what is answered in 300 ms: whether the slowest hundredth is of the server or of the system then hangs on one interruption.
fn duration(env: &Env, connections: usize) -> Duration {
    Duration::from_millis(match (env.quick, connections) {
        (true, ..2_000) => 60,
        (false, ..200) => 300,
        (false, 200..2_000) => 1_000,
        (true, _) => 200,
        (false, _) => 500,
    })
}

/// Requests without a pause on each of some connections. Costs are those of `per_request` units.
pub(super) fn closed_loop<E: Entrant>(
    env: &Env,
    (service, place): (Service, Place),
    connections: usize,
    (exchange, per_request): (&str, usize),
) -> Sample {
    let duration = duration(env, connections);
    measure::<E>(service, place, |pair| {
        pair.connect(connections, exchange)?;
        pair.load(&format!("run {}", duration.as_millis() / 5))?;
        let (report, cpu) = pair.load(&format!("run {}", duration.as_millis()))?;
        let units = report.count as usize * per_request;
        let wall = micros(report.elapsed) / units.max(1) as f64;
        Ok(Sample { wall, cpu: per(cpu, units), tail: Some(micros(report.p99)) })
    })
}

/// Echo on a reactor of choice.
pub(super) fn echo_on(backend: Backend, env: &Env, connections: usize) -> Sample {
    let place = Place { reactor: Some(backend), ..Place::of(env) };
    closed_loop::<Tenter>(env, (Service::Echo(1024), place), connections, ("echo 64", 1))
}

/// The same with one connection: the latency is what matters.
pub(super) fn alone<E: Entrant>(env: &Env) -> Sample {
    let duration = duration(env, 1);
    measure::<E>(Service::Echo(1024), Place::of(env), |pair| {
        pair.connect(1, "echo 64")?;
        pair.load(&format!("run {}", duration.as_millis() / 5))?;
        let (report, cpu) = pair.load(&format!("run {}", duration.as_millis()))?;
        let cpu = per(cpu, report.count as usize);
        Ok(Sample { wall: micros(report.p50), cpu, tail: Some(micros(report.p99)) })
    })
}

/// Connections that the server closes as soon as it has accepted them.
pub(super) fn churn<E: Entrant>(env: &Env) -> Sample {
    let n = if env.quick { 400 } else { 2_000 };
    measure::<E>(Service::Close, Place::of(env), |pair| {
        let address = pair.server.address;
        pair.load(&format!("churn {address} {} 16", n / 10))?;
        let (report, cpu) = pair.load(&format!("churn {address} {n} 16"))?;
        let wall = micros(report.elapsed) / report.count.max(1) as f64;
        Ok(Sample { wall, cpu: per(cpu, report.count as usize), tail: Some(micros(report.p99)) })
    })
}

/// Some connections with 5000 requests a second between them, while a task computes.
pub(super) fn beside_a_hog<E: Entrant>(env: &Env) -> Sample {
    let millis = if env.quick { 250 } else { 800 };
    measure::<E>(Service::HoggedEcho, Place::of(env), |pair| {
        pair.connect(HOGGED, "echo 64")?;
        let (report, cpu) = pair.load(&format!("pace {millis} 5000"))?;
        let cpu = per(cpu, report.count as usize);
        Ok(Sample { wall: micros(report.p50), cpu, tail: Some(micros(report.p99)) })
    })
}

/// What a connection costs in memory, with its task and a buffer of 512 bytes.
pub(super) fn idle<E: Entrant>(env: &Env) -> Sample {
    let n = if env.quick { 1_000 } else { 5_000 };
    // The first ones make threads, slabs and the allocator's arenas start.
    let first = 200;
    measure::<E>(Service::Echo(512), Place::of(env), |pair| {
        pair.connect(first, "echo 64")?;
        let before = pair.server.resident_bytes()?;
        pair.connect(first + n, "echo 64")?;
        let grown = pair.server.resident_bytes()?.saturating_sub(before);
        Ok(Sample { wall: grown as f64 / n as f64, cpu: 0.0, tail: None })
    })
}
