//! Benchmarks of tenter beside its peers.
//!
//! ```text
//! cargo run --release -p tenter-benches -- --quick
//! cargo run --release -p tenter-benches -- yield echo --peers tokio --rounds 15 --json out.json
//! ```
//!
//! Every case runs on every runtime in turn, round after round (A B C, B C A, …), each time on a fresh runtime with the
//! same number of worker threads, so that what the machine does meanwhile hits all of them. What is compared is the median
//! over the rounds; the least and the most show how much to believe it.
//!
//! | module | what it does |
//! |---|---|
//! | `args` | the command line |
//! | `runtime` | what a runtime has to offer to be measured |
//! | `rt_*` | one runtime each |
//! | `cases` | what is measured, written once for all runtimes |
//! | `load` | the client of the echo case: the same for all runtimes |
//! | `measure`, `report` | clocks and medians, tables and JSON |

#![forbid(unsafe_code)]

mod args;
mod cases;
mod load;
mod measure;
mod report;
mod rt_smol;
mod rt_tenter;
mod rt_tokio;
mod runtime;

use std::process::ExitCode;

use crate::args::{Args, Command};
use crate::cases::Case;
use crate::report::CaseResult;
use crate::runtime::Column;

/// All runtimes, in the order of the tables.
const COLUMNS: &[Column] =
    &[Column::of::<rt_tenter::Tenter>(), Column::of::<rt_tokio::Tokio>(), Column::of::<rt_smol::Smol>()];

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1), COLUMNS) {
        Ok(Command::Run(args)) => args,
        Ok(Command::Help) => {
            print!("{}", args::help(COLUMNS));
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("tenter-benches: {message}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    println!("{} rounds, {} worker threads{}", args.rounds, args.workers, if args.quick { ", quick" } else { "" });
    let results: Vec<CaseResult> = args.cases.iter().map(|case| run(case, &args)).collect();
    if let Some(file) = &args.json {
        if let Err(error) = std::fs::write(file, report::json(&results, &args)) {
            eprintln!("tenter-benches: can't write {}: {error}", file.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Runs one case on all runtimes and prints its table.
fn run(case: &'static Case, args: &Args) -> CaseResult {
    let mut result = CaseResult::new(case, &args.columns);
    for round in 0..args.rounds {
        // Whoever comes first in a round may find a colder machine: it isn't always the same one.
        for i in 0..args.columns.len() {
            let column = (round + i) % args.columns.len();
            result.add(column, (args.columns[column].run)(case.kind, args.workers, args.quick));
        }
    }
    print!("{}", result.table());
    result
}
