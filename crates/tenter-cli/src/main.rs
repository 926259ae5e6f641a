//! The command `tenter`.
//!
//! `tenter doctor` tells which reactors work on this machine and why others do not, which limits will bite, how late
//! timers are, and whether there is a second CPU; see the crate's `README.md`.

#![forbid(unsafe_code)]

mod doctor;
mod facts;
mod findings;
mod json;
mod text;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

const USAGE: &str = "\
usage: tenter doctor [--json]

  doctor   what a runtime finds here: reactors, limits, CPUs, how late timers are; takes about a second
  --json   for programs

exit codes: 0 a reactor works here, whatever else was found; 1 none does;
            2 the command line is wrong; 3 the report could not be written
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Ask {
    Doctor { json: bool },
    Help,
    Version,
}

fn parse(arguments: impl Iterator<Item = String>) -> Result<Ask, String> {
    let (mut json, mut doctor) = (false, false);
    for argument in arguments {
        match &*argument {
            "doctor" if !doctor => doctor = true,
            "--json" => json = true,
            "-h" | "--help" | "help" => return Ok(Ask::Help),
            "-V" | "--version" => return Ok(Ask::Version),
            _ => return Err(format!("'{argument}' is not understood here")),
        }
    }
    if doctor { Ok(Ask::Doctor { json }) } else { Err("there is no subcommand; the only one is 'doctor'".to_owned()) }
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
        Err(error) => {
            // Nobody to be told if that fails.
            let _ = write!(io::stderr(), "tenter: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match write_out(&text) {
        Ok(()) => ExitCode::from(code),
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(code),
        Err(error) => {
            let _ = writeln!(io::stderr(), "tenter: the report could not be written: {error}");
            ExitCode::from(3)
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
        for wrong in ["", "--json", "doctor doctor", "doctor --jsno", "physician"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
