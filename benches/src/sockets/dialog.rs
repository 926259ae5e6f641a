//! Child processes that answer each line with a line, for as long as their parent keeps asking.
//!
//! An answer starts with `ok` or `err`. A child ends when its standard input does, so none outlives its parent, unless it
//! is in the middle of an order, and those are bounded.

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::str::FromStr;

use crate::child;

/// A child process, seen by its parent. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Dialog {
    process: std::process::Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Dialog {
    /// Starts a child, with a variable more in its environment if one is given, and waits for its first answer.
    pub(super) fn start(name: &str, args: &[&str], variable: Option<(&str, &str)>) -> io::Result<(Self, String)> {
        let mut process = child::command(name).args(args).envs(variable).stdin(Stdio::piped()).spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (input, output) = pipes.ok_or_else(|| io::Error::other("a child without pipes"))?;
        let mut dialog = Dialog { process, input, output: BufReader::new(output) };
        let first = dialog.answer()?;
        Ok((dialog, first))
    }

    /// Gives an order and waits for the answer to it.
    pub(super) fn ask(&mut self, order: &str) -> io::Result<String> {
        writeln!(self.input, "{order}")?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the child process is gone"));
        }
        let line = line.trim_end();
        match line.split_once(' ').unwrap_or((line, "")) {
            ("ok", rest) => Ok(rest.to_owned()),
            (_, rest) => Err(io::Error::other(rest.to_owned())),
        }
    }
}

impl Drop for Dialog {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

/// Is such a child: prints the first answer, then one for each order, until standard input ends.
pub(super) fn obey(first: io::Result<String>, mut answer: impl FnMut(&str) -> io::Result<String>) -> ! {
    let started = first.is_ok();
    let mut alive = reply(first).is_ok() && started;
    let mut orders = io::stdin().lines();
    while alive {
        let Some(Ok(order)) = orders.next() else { break };
        alive = reply(answer(&order)).is_ok();
    }
    // Not by returning: servers have threads that never end.
    std::process::exit(0)
}

fn reply(answer: io::Result<String>) -> io::Result<()> {
    let (verdict, rest) = match answer {
        Ok(rest) => ("ok", rest),
        Err(error) => ("err", error.to_string().replace('\n', " ")),
    };
    let mut output = io::stdout().lock();
    writeln!(output, "{verdict} {rest}")?;
    output.flush()
}

/// The next word of an order, parsed.
pub(super) fn word<'a, T>(words: &mut impl Iterator<Item = &'a str>, name: &str) -> io::Result<T>
where
    T: FromStr,
    T::Err: Display,
{
    let word = words.next().ok_or_else(|| io::Error::other(format!("{name} is missing")))?;
    word.parse().map_err(|error| io::Error::other(format!("{name} {word:?}: {error}")))
}
