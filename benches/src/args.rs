//! The command line.

use std::path::PathBuf;

use crate::case::{Case, Role};

/// What the user wants.
#[derive(Debug)]
pub(crate) enum Command {
    Run(Args),
    Help,
}

#[derive(Debug)]
pub(crate) struct Args {
    /// Names of cases or sweeps; empty means all of them.
    cases: Vec<String>,
    /// Names of peers; `None` means all of them.
    peers: Option<Vec<String>>,
    /// `None` means as many as usual.
    rounds: Option<usize>,
    pub(crate) workers: usize,
    pub(crate) quick: bool,
    pub(crate) pinned: bool,
    pub(crate) json: Option<PathBuf>,
    pub(crate) plot: Option<PathBuf>,
}

const HELP: &str = "\
Measures tenter beside its peers.

  tenter-benches [OPTION…] [CASE…]

  --quick         about a tenth of the work per round, and no slow cases
  --peers A,B     only these peers beside tenter and the bounds; none: no peer
  --rounds N      how often each case runs on each of them (5; quick: 3)
  --workers N     worker threads of each runtime (2)
  --pinned        sockets: the server on one CPU, the load on another
  --json FILE     also write all results to FILE
  --plot DIR      also draw a chart of each case into DIR (SVG)
  --help          print this

Cases, all of them unless named:

";

pub(crate) fn help(cases: &[Case]) -> String {
    let mut text = HELP.to_owned();
    for case in cases {
        let slow = if case.slow { "; not in quick runs" } else { "" };
        text.push_str(&format!("  {:<22} {}{slow}\n", case.name, case.about));
    }
    text.push_str(&format!("\nPeers: {}\n", peers(cases).join(", ")));
    text
}

/// All peers of all cases, each once.
fn peers(cases: &[Case]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for entrant in cases.iter().flat_map(|case| &case.entrants) {
        if entrant.role == Role::Peer && !names.contains(&entrant.name) {
            names.push(entrant.name);
        }
    }
    names
}

impl Args {
    /// Reads the arguments that follow the program's name.
    pub(crate) fn parse(words: &[String], cases: &[Case]) -> Result<Command, String> {
        let mut args = Args {
            cases: Vec::new(),
            peers: None,
            rounds: None,
            workers: 2,
            quick: false,
            pinned: false,
            json: None,
            plot: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--help" | "-h" => return Ok(Command::Help),
                "--quick" => args.quick = true,
                "--pinned" => args.pinned = true,
                "--peers" => args.peers = Some(select(value()?, cases)?),
                "--rounds" => args.rounds = Some(number(word, value()?, 10_000)?),
                "--workers" => args.workers = number(word, value()?, 255)?,
                "--json" => args.json = Some(PathBuf::from(value()?)),
                "--plot" => args.plot = Some(PathBuf::from(value()?)),
                option if option.starts_with('-') => return Err(format!("there is no option {option}")),
                name if cases.iter().any(|case| names(case, name)) => args.cases.push(name.to_owned()),
                name => return Err(unknown("case", name, cases.iter().map(|case| case.name.as_str()))),
            }
        }
        Ok(Command::Run(args))
    }

    pub(crate) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 3 } else { 5 })
    }

    /// Leaves the cases and entrants that the user asked for, in the order of the cases.
    pub(crate) fn select(&self, mut cases: Vec<Case>) -> Vec<Case> {
        // Who names a slow case wants it, quick or not.
        cases.retain(|case| match self.cases.is_empty() {
            true => !(self.quick && case.slow),
            false => self.cases.iter().any(|name| names(case, name)),
        });
        if let Some(peers) = &self.peers {
            for case in &mut cases {
                case.entrants.retain(|entrant| entrant.role != Role::Peer || peers.iter().any(|p| p == entrant.name));
            }
        }
        cases
    }
}

/// Does the name stand for this case, or for the sweep it belongs to?
fn names(case: &Case, name: &str) -> bool {
    case.name == name || case.sweep.is_some_and(|(sweep, _)| sweep == name)
}

fn select(list: &str, cases: &[Case]) -> Result<Vec<String>, String> {
    if list == "none" {
        return Ok(Vec::new());
    }
    let known = peers(cases);
    let find = |name: &str| match known.contains(&name) {
        true => Ok(name.to_owned()),
        false => Err(unknown("peer", name, known.iter().copied())),
    };
    list.split(',').map(|name| find(name.trim())).collect()
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    format!("there is no {what} {name:?}; there are {}", known.collect::<Vec<_>>().join(", "))
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
    use crate::cases;
    use crate::measure::Sample;

    fn parse(line: &str) -> Result<Command, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Args::parse(&words, &cases::all())
    }

    fn selected(line: &str, cases: Vec<Case>) -> Vec<Case> {
        let Ok(Command::Run(args)) = parse(line) else { panic!("{line} is no command to run") };
        args.select(cases)
    }

    #[test]
    fn cases_and_peers_are_selected() {
        let cases = selected("spawn-worker --peers smol,tokio spawn-outside", cases::all());
        assert_eq!(cases.iter().map(|case| case.name.as_str()).collect::<Vec<_>>(), ["spawn-outside", "spawn-worker"]);
        assert_eq!(peers(&cases), ["tokio", "smol"]);
        assert!(cases.iter().all(|case| case.entrants.iter().any(|entrant| entrant.name == "tenter")));
        assert!(peers(&selected("--peers none", cases::all())).is_empty());
    }

    #[test]
    fn slow_cases_are_not_for_quick_runs_unless_named() {
        let some = || {
            let run = |_: &_| Sample::default();
            let entrant = |case: Case| case.entrant("tenter", Role::Tenter, run);
            vec![entrant(Case::new("spawn-outside", "")).slow(), entrant(Case::new("spawn-worker", ""))]
        };
        assert_eq!(selected("", some()).len(), 2);
        assert_eq!(selected("--quick", some()).len(), 1);
        assert_eq!(selected("--quick spawn-outside", some())[0].name, "spawn-outside");
    }

    #[test]
    fn without_arguments_everything_runs_at_least_five_times() {
        let Ok(Command::Run(args)) = parse("") else { panic!("that runs") };
        assert!(args.rounds() >= 5);
        assert_eq!(args.select(cases::all()).len(), cases::all().len());
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
