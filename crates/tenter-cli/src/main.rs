//! The command `tenter`.
//!
//! `tenter doctor` tells which reactors work on this machine and why others do not, which limits will bite, how late
//! timers are, and whether there is a second CPU. `tenter ps`, `pstree` and `stat` ask a process that runs about its tasks and
//! runtimes. See the crate's `README.md`.

#![forbid(unsafe_code)]

#[cfg(unix)]
mod ask;
#[cfg(not(unix))]
#[path = "no_ask.rs"]
mod ask;
mod doctor;
mod facts;
mod findings;
mod json;
mod text;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use ask::Whom;

const USAGE: &str = "\
usage: tenter doctor [--json]
       tenter ps|pstree|stat PID|--socket PATH [--json] [--watch SECONDS]

  doctor   what a runtime finds here: reactors, limits, CPUs, how late timers are; takes about a second
  ps       the tasks of a process that was started with TENTER_INSPECT=1; with TENTER_DEBUG=1 all about them
  pstree   the same by who spawned whom, and tasks that wait for each other in a circle
  stat     its runtimes in numbers
  --socket PATH    the process has its socket there
  --watch SECONDS  again and again
  --json           for programs

exit codes: 0 a reactor works here, whatever else was found; the process has answered
            1 no reactor works here; the process has not answered
            2 the command line is wrong; 3 the report could not be written
";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
enum Ask {
    Doctor { json: bool },
    Process { command: &'static str, whom: Whom, json: bool, watch: Option<Duration> },
    Help,
    Version,
}

const COMMANDS: [&str; 4] = ["doctor", "ps", "pstree", "stat"];

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Ask, String> {
    let (mut command, mut json, mut whom, mut watch) = (None, false, None, None);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        let known = COMMANDS.into_iter().find(|name| *name == argument);
        match &*argument {
            "--json" => json = true,
            "-h" | "--help" | "help" => return Ok(Ask::Help),
            "-V" | "--version" => return Ok(Ask::Version),
            "--socket" if whom.is_none() => whom = Some(Whom::Socket(value()?.into())),
            "--watch" if watch.is_none() => watch = Some(seconds(&value()?)?),
            _ if command.is_none() && known.is_some() => command = known,
            pid if whom.is_none() && pid.parse().is_ok_and(|pid: u32| pid > 0) => {
                whom = pid.parse().ok().map(Whom::Process);
            }
            _ => return Err(format!("'{argument}' is not understood here")),
        }
    }
    match (command, whom, watch) {
        (None, ..) => Err(format!("there is no subcommand; there are {}", COMMANDS.join(", "))),
        (Some("doctor"), None, None) => Ok(Ask::Doctor { json }),
        (Some("doctor"), ..) => Err("doctor asks no process, and is not repeated".to_owned()),
        (Some(command), Some(whom), watch) => Ok(Ask::Process { command, whom, json, watch }),
        (Some(command), None, _) => Err(format!("{command} needs the number of a process, or --socket PATH")),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|time| !time.is_zero()).ok_or_else(|| format!("'{text}' is no time to wait; give seconds, as 0.5"))
}

fn main() -> ExitCode {
    // What is not Unicode is no argument of ours.
    let arguments = env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let (text, code) = match parse(arguments) {
        Ok(Ask::Help) => (USAGE.to_owned(), 0),
        Ok(Ask::Version) => (format!("tenter {}\n", env!("CARGO_PKG_VERSION")), 0),
        Ok(Ask::Doctor { json }) => {
            let report = doctor::examine();
            let text = if json { format!("{}\n", doctor::as_json(&report)) } else { text::as_text(&report) };
            (text, u8::from(!doctor::can_run(&report)))
        }
        Ok(Ask::Process { command, whom, json, watch }) => return ask_process(command, &whom, json, watch),
        Err(error) => {
            // Nobody to be told if that fails.
            let _ = write!(io::stderr(), "tenter: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match print(&text) {
        Ok(_) => ExitCode::from(code),
        Err(failed) => failed,
    }
}

/// Asks a process, once or again and again until it or the reader is gone.
fn ask_process(command: &str, whom: &Whom, json: bool, watch: Option<Duration>) -> ExitCode {
    loop {
        let text = match ask::ask(whom, command, json) {
            Ok(text) => text,
            Err(error) => {
                let _ = writeln!(io::stderr(), "tenter: {error}");
                return ExitCode::from(1);
            }
        };
        match (print(&text), watch) {
            (Ok(true), Some(pause)) => thread::sleep(pause),
            (Ok(_), _) => return ExitCode::SUCCESS,
            (Err(failed), _) => return failed,
        }
        if !json && print("\n").is_err() {
            return ExitCode::SUCCESS;
        }
    }
}

/// Prints a report; `false` if its reader went away, who has seen enough.
fn print(text: &str) -> Result<bool, ExitCode> {
    match write_out(text) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => {
            let _ = writeln!(io::stderr(), "tenter: the report could not be written: {error}");
            Err(ExitCode::from(3))
        }
    }
}

fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Ask, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn command_lines_are_understood_or_refused() {
        assert_eq!(parsed("doctor"), Ok(Ask::Doctor { json: false }));
        assert_eq!(parsed("--json doctor"), Ok(Ask::Doctor { json: true }));
        assert_eq!(parsed("doctor --help"), Ok(Ask::Help));
        assert_eq!(parsed("-V"), Ok(Ask::Version));
        let process = |command, json, watch| Ask::Process { command, whom: Whom::Process(7), json, watch };
        assert_eq!(parsed("ps 7"), Ok(process("ps", false, None)));
        assert_eq!(parsed("pstree --json 7"), Ok(process("pstree", true, None)));
        assert_eq!(parsed("stat 7 --watch 0.5"), Ok(process("stat", false, Some(Duration::from_millis(500)))));
        let whom = Whom::Socket("/run/a".into());
        assert_eq!(parsed("ps --socket /run/a"), Ok(Ask::Process { command: "ps", whom, json: false, watch: None }));
        let processes =
            ["ps", "ps 0", "ps -1", "ps 1 2", "ps 1 --socket a", "ps --socket", "ps 1 --watch", "ps 1 --watch -1"];
        let others = [
            "",
            "--json",
            "doctor doctor",
            "doctor --jsno",
            "physician",
            "doctor 1",
            "ps 1 --watch 0",
            "ps 1 --watch 1e99",
        ];
        for wrong in processes.into_iter().chain(others) {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
