//! The figures of `docs/REACTORS.md` that any system can give: on each reactor that works there, an echo server under
//! load and how many sources are watched.
//!
//! ```text
//! cargo run --release -p tenter-portable-benches >reactors-here.txt
//! ```
//!
//! With `--quick` after `--`, less of both: whether it works, not how well. What it prints is a result file for `tenter-benches reactors`, which measures Linux itself, with less noise: the load
//! is one loop there, and a thread for each connection here. Every process that is started here ends with its parent.

#[cfg(unix)]
#[path = "cpu_time/unix.rs"]
mod cpu_time;
#[cfg(windows)]
#[path = "cpu_time/windows.rs"]
mod cpu_time;
mod echo;
mod sources;

use std::env;
use std::io;
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use tenter::Backend;

use self::echo::Echo;

/// How much is done.
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// Echo runs of each reactor, interleaved.
    rounds: usize,
    /// Not more sources than that are tried, so that a machine without limits is not filled up.
    sources: usize,
    /// The option that says so.
    option: &'static str,
}

impl Extent {
    const FULL: Self = Self { rounds: 3, sources: 20_000, option: "--full" };
    const QUICK: Self = Self { rounds: 1, sources: 1_000, option: "--quick" };
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tenter-portable-benches: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> io::Result<()> {
    let (words, extent) = match words {
        [words @ .., last] if last == Extent::QUICK.option => (words, Extent::QUICK),
        [words @ .., last] if last == Extent::FULL.option => (words, Extent::FULL),
        words => (words, Extent::FULL),
    };
    match words {
        [] => everything(extent),
        [child, reactor] => work(child, reactor.parse().map_err(io::Error::other)?, extent),
        _ => Err(wrong()),
    }
}

/// Does what a child process is for.
fn work(child: &str, backend: Backend, extent: Extent) -> io::Result<()> {
    match child {
        echo::CHILD => echo::serve(backend),
        sources::CHILD => sources::watch(backend, extent),
        _ => Err(wrong()),
    }
}

fn wrong() -> io::Error {
    io::Error::other("takes --full or --quick, or nothing")
}

/// This program again, as a child process that does one thing on one reactor. Its input and output are pipes.
fn child(name: &str, backend: Backend, extent: Extent) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([name, backend.name(), extent.option]).stdin(Stdio::piped()).stdout(Stdio::piped());
    Ok(command)
}

/// This system, as the table calls it.
fn system() -> &'static str {
    match env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        "freebsd" | "netbsd" => "FreeBSD, NetBSD",
        "windows" => "Windows",
        other => other,
    }
}

fn everything(extent: Extent) -> io::Result<()> {
    let backends = Backend::working();
    println!("system: {}", system());
    println!(
        "setting: every source is awaited; echo of 64 bytes on {} connections with a thread each, two workers, load on the \
         same {} CPUs, medians of {} interleaved runs; CPU time of the server's process",
        echo::CONNECTIONS,
        thread::available_parallelism().map_or(0, usize::from),
        extent.rounds,
    );
    // Before there was any load: Wine's server looks through all polls that it ever took on.
    for &backend in &backends {
        println!("{backend} | sources | {}", sources::verdict(backend, extent)?);
    }
    let mut echoes = vec![Vec::new(); backends.len()];
    for round in 0..extent.rounds {
        for i in 0..backends.len() {
            let which = (round + i) % backends.len();
            echoes[which].push(echo::measure(backends[which], extent)?);
        }
    }
    for (backend, echoes) in backends.iter().zip(&echoes) {
        println!("{backend} | echo | {:.0}", median(echoes, |echo| echo.per_second));
        println!("{backend} | cpu | {:.2} µs", median(echoes, |echo| echo.cpu_micros));
    }
    Ok(())
}

/// The middle of an odd number of runs.
fn median(echoes: &[Echo], value: fn(&Echo) -> f64) -> f64 {
    let mut values: Vec<f64> = echoes.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
