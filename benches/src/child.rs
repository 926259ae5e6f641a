//! Work in a process of its own: the same program, called with `--child NAME ARGUMENT…`. What it finds out it writes to
//! its standard output.

use std::io;
use std::process::{Command, ExitCode, Stdio};

/// Something that is done in a child process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Child {
    pub(crate) name: &'static str,
    /// What it does with its arguments; the result is printed.
    pub(crate) run: fn(&[String]) -> String,
}

/// A command that starts a child of that name; arguments may be added. Its output is a pipe.
pub(crate) fn command(name: &str) -> Command {
    let program = std::env::current_exe().expect("the program knows where it is");
    let mut command = Command::new(program);
    command.args(["--child", name]).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// Runs a child to its end and reads the numbers that it printed.
///
/// # Errors
/// If it can't be started, fails, or prints something else.
pub(crate) fn numbers(name: &str, arguments: &[String]) -> io::Result<Vec<f64>> {
    let output = command(name).args(arguments).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("the child {name} {arguments:?} ended with {}", output.status)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let number = |word: &str| word.parse().map_err(|_| io::Error::other(format!("{name} printed {word:?}, no number")));
    text.split_whitespace().map(number).collect()
}

/// Is this process a child? Then does its work.
pub(crate) fn dispatch(words: &[String], children: &[Child]) -> Option<ExitCode> {
    let [flag, name, arguments @ ..] = words else { return None };
    if flag != "--child" {
        return None;
    }
    let Some(child) = children.iter().find(|child| child.name == name) else {
        eprintln!("tenter-benches: there is no child {name:?}");
        return Some(ExitCode::from(2));
    };
    println!("{}", (child.run)(arguments));
    Some(ExitCode::SUCCESS)
}
