//! Benchmarks of tenter beside its peers.
//!
//! ```text
//! cargo run --release -p tenter-benches -- --quick
//! cargo run --release -p tenter-benches -- yield wake --peers tokio --rounds 15 --json out.json --plot charts
//! ```
//!
//! Every case runs on everyone in turn, round after round (A B C, B C A, …), each time on a fresh runtime with the same
//! number of worker threads, so that what the machine does meanwhile hits all of them. Compared are the medians of the
//! rounds' ratios; the least and the most of the rounds show how much to believe. `README.md` says what each case means.
//!
//! | module | what it does |
//! |---|---|
//! | `args` | the command line |
//! | `case` | what a case is, who enters it, what is expected |
//! | `cases`, `sockets` | the cases |
//! | `runtimes` | what a runtime has to offer to be measured, and the runtimes |
//! | `child` | work in a process of its own |
//! | `watchdog` | ends a run that hangs |
//! | `measure` | clocks, medians, percentiles |
//! | `reactors` | a command of its own: the table of `docs/REACTORS.md` |
//! | `report` | results as tables, summary, JSON and charts |

#![forbid(unsafe_code)]

mod args;
mod case;
mod cases;
mod child;
mod measure;
mod reactors;
mod report;
mod runtimes;
mod sockets;
mod watchdog;

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use crate::args::{Args, Command};
use crate::case::{Case, Env};
use crate::report::CaseResult;
use crate::watchdog::Watchdog;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let children: Vec<_> =
        cases::children().into_iter().chain(sockets::children()).chain(reactors::children()).collect();
    if let Some(code) = child::dispatch(&words, &children) {
        return code;
    }
    if let Some(("reactors", words)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return reactors::main(words);
    }
    let cases: Vec<Case> = cases::all().into_iter().chain(sockets::all()).collect();
    let args = match Args::parse(&words, &cases) {
        Ok(Command::Run(args)) => args,
        Ok(Command::Help) => {
            print!("{}", args::help(&cases));
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("tenter-benches: {message}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    match measure_all(&args, cases) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("tenter-benches: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs what was asked for, prints the tables, writes the files.
fn measure_all(args: &Args, cases: Vec<Case>) -> Result<(), String> {
    // A place that can't be written to should be known before the work, not after it.
    if let Some(file) = &args.json {
        write(file, "")?;
    }
    if let Some(folder) = &args.plot {
        std::fs::create_dir_all(folder).map_err(|error| cannot("create", folder, error))?;
    }
    let setting = report::Setting::new(args);
    println!("{setting}");
    let watchdog = Watchdog::start();
    let cases = args.select(cases);
    let results: Vec<CaseResult> = cases.into_iter().map(|case| run(case, args, &watchdog)).collect();
    print!("{}", report::summary(&results));
    if let Some(file) = &args.json {
        write(file, &report::json(&results, &setting))?;
    }
    if let Some(folder) = &args.plot {
        for (name, svg) in report::charts(&results) {
            write(&folder.join(format!("{name}.svg")), &svg)?;
        }
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|error| cannot("write", file, error))
}

fn cannot(what: &str, path: &Path, error: io::Error) -> String {
    format!("can't {what} {}: {error}", path.display())
}

/// Runs one case on everyone and prints its table.
fn run(case: Case, args: &Args, watchdog: &Watchdog) -> CaseResult {
    let size = case.sweep.map_or(0, |(_, size)| size);
    let env = Env { workers: args.workers, quick: args.quick, pinned: args.pinned, size };
    let mut result = CaseResult::new(case);
    let start = Instant::now();
    let entrants = result.case.entrants.clone();
    for round in 0..args.rounds().min(result.case.rounds) {
        // Whoever comes first in a round may find a colder machine: it isn't always the same one.
        for i in 0..entrants.len() {
            let who = (round + i) % entrants.len();
            let name = format!("{} on {}", result.case.name, entrants[who].name);
            result.add(who, watchdog.guard(name, || (entrants[who].run)(&env)));
        }
    }
    result.took = start.elapsed();
    print!("{}", report::table(&result));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What runs in a child needs the program itself, which a test isn't.
    const CHILDREN: [&str; 2] = ["idle-task", "burst"];

    #[test]
    fn every_case_runs_on_everyone() {
        for case in cases::all().into_iter().filter(|case| !CHILDREN.contains(&case.name.as_str()) && !case.slow) {
            let env = Env { workers: 2, quick: true, pinned: false, size: case.sweep.map_or(0, |(_, size)| size) };
            for entrant in &case.entrants {
                let sample = (entrant.run)(&env);
                assert!(sample.wall > 0.0 && sample.wall.is_finite(), "{} on {}: {sample:?}", case.name, entrant.name);
            }
        }
    }

    #[test]
    fn names_are_unique_and_every_row_has_its_entrant() {
        let cases: Vec<Case> = cases::all().into_iter().chain(sockets::all()).collect();
        for (at, case) in cases.iter().enumerate() {
            assert!(cases[..at].iter().all(|other| other.name != case.name), "{} is there twice", case.name);
            assert!(!case.rows.is_empty() && !case.about.is_empty(), "{} has no row or no description", case.name);
            for row in &case.rows {
                assert!(case.entrants.iter().any(|entrant| entrant.name == row.who), "{}: {}", case.name, row.who);
            }
        }
    }
}
