//! The table of `docs/REACTORS.md`: what each reactor does on each system, measured here and reported from elsewhere.
//!
//! ```text
//! cargo run --release -p tenter-benches -- reactors --write
//! ```
//!
//! On this system every reactor that works is measured: the conformance suite, an echo server under load, how many
//! sources it can watch. What else is known comes from result files ([`results`]): the whole test suite on each reactor
//! (`.ci/run` leaves them in `target`), and runs on other systems (in `docs/measurements`). What is in neither was
//! compiled and not run, or is not there: nothing is guessed.

mod conformance;
mod results;
mod sources;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tenter::Backend;

use self::results::{Column, Results};
use crate::case::Env;
use crate::child::Child;
use crate::measure::{Sample, median};
use crate::sockets;

/// Connections of the echo server.
const CONNECTIONS: usize = 50;

/// This system, as the table calls it.
const HERE: &str = "Linux";

/// What child processes do for this.
pub(crate) fn children() -> Vec<Child> {
    vec![Child { name: sources::CHILD, run: sources::main }]
}

/// The options of the command.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    rounds: usize,
    quick: bool,
    write: bool,
    files: Vec<PathBuf>,
}

const HELP: &str = "\
cargo run --release -p tenter-benches -- reactors [--rounds N] [--quick] [--write] [RESULT FILE…]

  --rounds N   echo runs of each reactor, interleaved (5)
  --quick      shorter runs, less exact
  --write      put the table into docs/REACTORS.md, in the place of the one that is there
  RESULT FILE  also take in what was measured elsewhere, besides docs/measurements/reactors-*.txt and what
               .ci/run has left in target/reactors-*.txt
";

impl Options {
    fn parse(words: &[String]) -> Result<Self, String> {
        let mut options = Self { rounds: 5, quick: false, write: false, files: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => options.quick = true,
                "--write" => options.write = true,
                "--rounds" => {
                    let number = words.next().and_then(|number| number.parse().ok());
                    options.rounds = number
                        .filter(|number| (1..=100).contains(number))
                        .ok_or("--rounds takes a number, 1 to 100")?;
                }
                option if option.starts_with('-') => return Err(format!("there is no option {option}\n\n{HELP}")),
                file => options.files.push(PathBuf::from(file)),
            }
        }
        Ok(options)
    }
}

/// Measures, and prints or writes the table.
pub(crate) fn main(words: &[String]) -> ExitCode {
    match Options::parse(words).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("tenter-benches: {message}");
            ExitCode::FAILURE
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn run(options: &Options) -> Result<(), String> {
    let mut known = Vec::new();
    for file in files(options)? {
        let text = fs::read_to_string(&file).map_err(|error| format!("can't read {}: {error}", file.display()))?;
        known.push(text.parse::<Results>().map_err(|error| format!("{}: {error}", file.display()))?);
    }
    known.push(measured(options));
    let table = table::table(&known);
    if !options.write {
        print!("{table}");
        return Ok(());
    }
    let guide = root().join("docs/REACTORS.md");
    let text = fs::read_to_string(&guide).map_err(|error| format!("can't read {}: {error}", guide.display()))?;
    let text = table::replaced(&text, &table).ok_or("docs/REACTORS.md has no place for the table")?;
    fs::write(&guide, text).map_err(|error| format!("can't write {}: {error}", guide.display()))
}

/// The result files: those that were named, and those that lie where they are left.
fn files(options: &Options) -> Result<Vec<PathBuf>, String> {
    let mut found = options.files.clone();
    for folder in ["docs/measurements", "target"] {
        let Ok(entries) = fs::read_dir(root().join(folder)) else { continue };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        found.extend(paths.filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
            name.starts_with("reactors-") && name.ends_with(".txt")
        }));
    }
    found.sort();
    Ok(found)
}

/// What can be measured here.
fn measured(options: &Options) -> Results {
    let backends = Backend::working();
    let mut results = Results::new(HERE, &setting(options));
    for &backend in &backends {
        eprintln!("{backend}: conformance, sources");
        results.add(backend.name(), Column::Conformance, conformance::verdict(backend));
        results.add(backend.name(), Column::Sources, sources::verdict(backend));
    }
    let env = Env { workers: 2, quick: options.quick, pinned: false, size: 0 };
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); backends.len()];
    for round in 0..options.rounds {
        eprintln!("echo, round {} of {}", round + 1, options.rounds);
        for i in 0..backends.len() {
            let which = (round + i) % backends.len();
            samples[which].push(sockets::echo_on(backends[which], &env, CONNECTIONS));
        }
    }
    for (backend, samples) in backends.iter().zip(samples) {
        let Sample { wall, cpu, .. } = median(&samples);
        // Microseconds per request, nanoseconds per request.
        results.add(backend.name(), Column::Echo, format!("{:.0}", 1e6 / wall));
        results.add(backend.name(), Column::Cpu, format!("{:.2} µs", cpu / 1e3));
    }
    results
}

fn setting(options: &Options) -> String {
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let quick = if options.quick { ", quick" } else { "" };
    format!(
        "{HERE} {} with {cpus} CPUs; echo of 64 bytes on {CONNECTIONS} connections, two workers, load on the same CPUs, \
         medians of {} interleaved runs{quick}",
        kernel.trim(),
        options.rounds
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_mistakes_named() {
        let parse = |line: &str| Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let options = parse("--rounds 3 wine.txt --write").unwrap();
        assert_eq!((options.rounds, options.write, options.files), (3, true, vec![PathBuf::from("wine.txt")]));
        assert!(parse("--rounds 0").unwrap_err().contains("1 to 100"));
        assert!(parse("--fast").unwrap_err().contains("--fast"));
    }

    #[test]
    fn everything_that_works_here_is_measured() {
        for backend in Backend::working() {
            assert!(conformance::verdict(backend).contains(" passed"), "{backend}");
        }
    }
}
