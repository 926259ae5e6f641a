//! The command line.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tenter::Backend;
use url::Url;

use crate::web;

pub(crate) const HELP: &str = "\
Crawls an embedded web site, one page at a time and on every backend, and compares; or, with --url, a real one.

  --reactor NAME     only this backend, beside the blocking crawler
  --pages N          pages of the site; with --url, the most pages asked for (160)
  --concurrency N    pages fetched at a time (32; with --url, 4)
  --think-time MS    how long the server waits before each page, in milliseconds (20)
  --timeout MS       how long one attempt at a page may take, in milliseconds (1000; with --url, 10000)
  --retries N        further attempts at a page that fails to come (1)
  --root DIR         the folder to serve (this repository)
  --skip-bad         leave out the pages that misbehave
  --json FILE        also write the results to FILE
  --help             print this

  --url URL          crawl this site instead: its host only, breadth first, as robots.txt allows; http:// alone
  --depth N          with --url: as many links away from there at most (8)
  --delay MS         with --url: from one request to the next at least, in milliseconds (200)

Exit codes: 0 all is well, or Ctrl-C; 1 the crawlers disagree, or no page came; 2 the command line is wrong.
";

/// What the user wants.
#[derive(Debug)]
pub(crate) enum Command {
    Crawl(Box<Args>),
    Help,
}

#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) reactor: Option<Backend>,
    pub(crate) pages: usize,
    concurrency: Option<usize>,
    pub(crate) think_time: Duration,
    timeout: Option<Duration>,
    pub(crate) retries: usize,
    pub(crate) root: PathBuf,
    pub(crate) skip_bad: bool,
    pub(crate) json: Option<PathBuf>,
    pub(crate) url: Option<Url>,
    pub(crate) depth: usize,
    pub(crate) delay: Duration,
}

impl Default for Args {
    fn default() -> Self {
        Args {
            reactor: None,
            pages: 160,
            concurrency: None,
            think_time: Duration::from_millis(20),
            timeout: None,
            retries: 1,
            root: repository(),
            skip_bad: false,
            json: None,
            url: None,
            depth: 8,
            delay: Duration::from_millis(200),
        }
    }
}

/// The folder this example was built in, or the current one if it has gone.
fn repository() -> PathBuf {
    let built_in = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    built_in.canonicalize().unwrap_or_else(|_| PathBuf::from("."))
}

impl Args {
    /// Reads the arguments that follow the program's name: `--option value` or `--option=value`.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Command, String> {
        let mut args = Args::default();
        while let Some(word) = words.next() {
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (word, None),
            };
            match name.as_str() {
                "--help" | "-h" => return Ok(Command::Help),
                "--skip-bad" if inline.is_some() => return Err("--skip-bad takes no value".to_owned()),
                "--skip-bad" => args.skip_bad = true,
                _ => {
                    let mut value = || {
                        let value = inline.clone().or_else(|| words.next());
                        value.ok_or_else(|| format!("{name} needs a value"))
                    };
                    args.set(&name, &mut value)?;
                }
            }
        }
        Ok(Command::Crawl(Box::new(args)))
    }

    /// Pages fetched at a time. A site that is not ours is asked for fewer.
    pub(crate) fn concurrency(&self) -> usize {
        self.concurrency.unwrap_or(if self.url.is_some() { 4 } else { 32 })
    }

    /// How long one attempt at a page may take. A site that is not ours is further away.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(if self.url.is_some() { 10 } else { 1 }))
    }

    fn set(&mut self, name: &str, value: &mut dyn FnMut() -> Result<String, String>) -> Result<(), String> {
        match name {
            "--reactor" => self.reactor = Some(backend(&value()?)?),
            "--pages" => self.pages = number(name, &value()?, 1, 1_000_000)?,
            "--concurrency" => self.concurrency = Some(number(name, &value()?, 1, 10_000)?),
            "--think-time" => self.think_time = milliseconds(name, &value()?, 0)?,
            "--timeout" => self.timeout = Some(milliseconds(name, &value()?, 1)?),
            "--retries" => self.retries = number(name, &value()?, 0, 100)?,
            "--root" => self.root = PathBuf::from(value()?),
            "--json" => self.json = Some(PathBuf::from(value()?)),
            "--url" => self.url = Some(web::start(&value()?).map_err(|error| error.to_string())?),
            "--depth" => self.depth = number(name, &value()?, 0, 10_000)?,
            "--delay" => self.delay = milliseconds(name, &value()?, 0)?,
            _ => return Err(format!("there is no option {name}")),
        }
        Ok(())
    }
}

fn backend(name: &str) -> Result<Backend, String> {
    let compiled_in = Backend::compiled_in();
    Backend::from_str(name).ok().filter(|backend| compiled_in.contains(backend)).ok_or_else(|| {
        let names: Vec<&str> = compiled_in.iter().map(|backend| backend.name()).collect();
        format!("--reactor {name}: this program has {}", names.join(", "))
    })
}

fn number(name: &str, text: &str, min: usize, max: usize) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (min..=max).contains(&n) => Ok(n),
        _ => Err(format!("{name} {text}: expected a whole number from {min} to {max}")),
    }
}

fn milliseconds(name: &str, text: &str, min: usize) -> Result<Duration, String> {
    number(name, text, min, 60_000).map(|n| Duration::from_millis(n as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        Args::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read_in_both_forms() {
        let Ok(Command::Crawl(args)) = parse("--pages 7 --think-time=0 --json=out.json --skip-bad") else { panic!() };
        assert_eq!((args.pages, args.think_time, args.skip_bad), (7, Duration::ZERO, true));
        assert_eq!(args.json, Some("out.json".into()));
        assert!(matches!(parse("--pages 7 --help"), Ok(Command::Help)));
    }

    #[test]
    fn mistakes_say_what_is_wanted() {
        for (line, part) in [
            ("--pages", "needs a value"),
            ("--pages 0", "from 1 to"),
            ("--timeout soon", "whole number"),
            ("--fast", "no option --fast"),
            ("--skip-bad=yes", "takes no value"),
            ("--url https://example.org/", "needs TLS"),
            ("--url ftp://example.org/", "ftp: is not crawled"),
            ("--url example.org", "http://example.org/"),
            ("--reactor abacus", "this program has"),
        ] {
            let message = parse(line).unwrap_err();
            assert!(message.contains(part), "{line}: {message}");
        }
    }
}
