//! The command line.

use std::path::PathBuf;

use crate::cases::{CASES, Case};
use crate::runtime::Column;

/// What the user wants.
#[derive(Debug)]
pub(crate) enum Command {
    Run(Args),
    Help,
}

#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) cases: Vec<&'static Case>,
    pub(crate) columns: Vec<Column>,
    pub(crate) rounds: usize,
    pub(crate) workers: usize,
    pub(crate) quick: bool,
    pub(crate) json: Option<PathBuf>,
}

pub(crate) fn help(columns: &[Column]) -> String {
    let mut text = format!(
        "\
Measures runtimes beside each other.

  tenter-benches [OPTION…] [CASE…]

  --peers A,B     only these runtimes ({})
  --rounds N      how often each case runs on each runtime (7)
  --workers N     worker threads of each runtime (2)
  --quick         about a tenth of the work per round
  --json FILE     also write the results to FILE
  --help          print this

Cases, all of them unless named:

",
        names(columns)
    );
    for case in CASES {
        text.push_str(&format!("  {:<15} {}\n", case.name, case.about));
    }
    text
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

impl Args {
    /// Reads the arguments that follow the program's name.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>, columns: &[Column]) -> Result<Command, String> {
        let mut args =
            Args { cases: Vec::new(), columns: columns.to_vec(), rounds: 7, workers: 2, quick: false, json: None };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--help" | "-h" => return Ok(Command::Help),
                "--quick" => args.quick = true,
                "--peers" => args.columns = select(&value()?, columns)?,
                "--rounds" => args.rounds = number(&word, &value()?, 10_000)?,
                "--workers" => args.workers = number(&word, &value()?, 1024)?,
                "--json" => args.json = Some(PathBuf::from(value()?)),
                option if option.starts_with('-') => return Err(format!("there is no option {option}")),
                name => args.cases.push(case(name)?),
            }
        }
        if args.cases.is_empty() {
            args.cases = CASES.iter().collect();
        }
        Ok(Command::Run(args))
    }
}

fn select(list: &str, columns: &[Column]) -> Result<Vec<Column>, String> {
    let find = |name: &str| {
        let column = columns.iter().find(|column| column.name == name).cloned();
        column.ok_or_else(|| format!("there is no runtime {name:?}; there are {}", names(columns)))
    };
    list.split(',').map(|name| find(name.trim())).collect()
}

fn case(name: &str) -> Result<&'static Case, String> {
    CASES.iter().find(|case| case.name == name).ok_or_else(|| {
        let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        format!("there is no case {name:?}; there are {}", names.join(", "))
    })
}

fn number(option: &str, text: &str, max: usize) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=max).contains(&n) => Ok(n),
        _ => Err(format!("{option} {text}: expected a whole number from 1 to {max}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        Args::parse(line.split_whitespace().map(str::to_owned), crate::COLUMNS)
    }

    #[test]
    fn cases_and_peers_are_selected_in_the_order_given() {
        let Ok(Command::Run(args)) = parse("yield --quick --peers smol,tokio timer") else { panic!() };
        assert_eq!(args.cases.iter().map(|case| case.name).collect::<Vec<_>>(), ["yield", "timer"]);
        assert_eq!(names(&args.columns), "smol, tokio");
        assert!(args.quick);
    }

    #[test]
    fn without_arguments_everything_runs_at_least_seven_times() {
        let Ok(Command::Run(args)) = parse("") else { panic!() };
        assert_eq!((args.cases.len(), args.columns.len()), (CASES.len(), crate::COLUMNS.len()));
        assert!(args.rounds >= 7);
    }

    #[test]
    fn mistakes_say_what_there_is() {
        for (line, part) in [
            ("nap", "spawn-outside"),
            ("--peers glommio", "tokio"),
            ("--rounds 0", "from 1 to"),
            ("--json", "needs a value"),
            ("--fast", "no option --fast"),
        ] {
            let message = parse(line).unwrap_err();
            assert!(message.contains(part), "{line}: {message}");
        }
    }
}
