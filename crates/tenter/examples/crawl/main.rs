//! Crawls a small web site with one connection at a time, then with each backend, and compares.
//!
//! ```text
//! cargo run --release --example crawl
//! cargo run --release --example crawl -- --reactor epoll --pages 400 --concurrency 64
//! ```
//!
//! The site is served from this process, on a runtime and a thread of its own, and is the same for every row: the files of
//! a folder as linked HTML pages, each after a pause such as a network would make. The crawl starts at the index, takes
//! pages from a [`tenter::queue::Queue`], and puts the links that it finds there back into it until `join` says that all is
//! done. A second small crawl visits pages that misbehave: their failures are reported, and stop nothing.
//!
//! | module | what it does |
//! |---|---|
//! | `args` | the command line |
//! | `site`, `render` | which pages there are, and their HTML |
//! | `serve`, `body` | the web server |
//! | `crawl` | what both crawlers share: what is in scope, what was found |
//! | `html` | finds links |
//! | `blocking` | the crawler with blocking sockets, one page at a time |
//! | `engine` | the crawler on tenter |
//! | `web`, `robots`, `trip` | the crawl of a real site (`--url http://…`), what it is asked not to visit, its report |
//! | `report`, `stats` | the table, the JSON file, clocks |

// Windows tells CPU time only so.
#![cfg_attr(not(windows), forbid(unsafe_code))]

mod args;
mod blocking;
mod body;
mod crawl;
mod engine;
mod html;
mod render;
mod report;
mod robots;
mod serve;
mod site;
mod stats;
mod trip;
mod web;

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tenter::Backend;
use url::Url;

use crate::args::{Args, Command};
use crate::crawl::{Limits, Plan, Scope, Tally};
use crate::report::Row;
use crate::serve::Server;
use crate::site::Site;
use crate::web::Bounds;

fn main() -> ExitCode {
    let done = match Args::parse(std::env::args().skip(1)) {
        Ok(Command::Crawl(args)) => run(&args),
        Ok(Command::Help) => say(args::HELP).map(|()| true).map_err(Into::into),
        Err(message) => {
            complain(&format!("{message}\nTry --help."));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Whoever read has seen enough.
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Prints; unlike `print!`, a closed standard output is an error.
fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Says what is wrong, if there is somebody to say it to.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "crawl: {text}");
}

/// A file for the results, made before there are any, so that a bad path does not come up at the end.
struct Results<'a>(Option<(&'a Path, File)>);

impl<'a> Results<'a> {
    fn make(path: Option<&'a PathBuf>) -> Result<Self, String> {
        let make = |path: &'a PathBuf| match File::create(path) {
            Ok(file) => Ok((path.as_path(), file)),
            Err(error) => Err(format!("can't write {}: {error}", path.display())),
        };
        path.map(make).transpose().map(Results)
    }

    fn write(self, text: impl FnOnce() -> String) -> Result<(), String> {
        let Some((path, mut file)) = self.0 else { return Ok(()) };
        file.write_all(text().as_bytes()).map_err(|error| format!("can't write {}: {error}", path.display()))
    }
}

/// Who crawls.
#[derive(Clone, Copy)]
enum Crawler {
    Blocking,
    Tenter(Backend),
}

impl Crawler {
    fn name(self) -> &'static str {
        match self {
            Crawler::Blocking => "one at a time",
            Crawler::Tenter(backend) => backend.name(),
        }
    }

    fn crawl(self, plan: Plan) -> Result<Tally, Box<dyn Error>> {
        match self {
            Crawler::Blocking => Ok(blocking::crawl(plan)),
            Crawler::Tenter(backend) => engine::crawl(backend, plan),
        }
    }
}

/// Crawls and prints; `false` if the crawlers don't agree on what they saw, or none came.
fn run(args: &Args) -> Result<bool, Box<dyn Error>> {
    let results = Results::make(args.json.as_ref())?;
    let stop = Arc::new(AtomicBool::new(false));
    let on_signal = Arc::clone(&stop);
    ctrlc::set_handler(move || on_signal.store(true, Ordering::Relaxed))?;
    match &args.url {
        Some(url) => visit(args, url, stop, results),
        None => compare(args, &stop, results),
    }
}

/// Crawls a real site.
fn visit(args: &Args, url: &Url, stop: Arc<AtomicBool>, results: Results<'_>) -> Result<bool, Box<dyn Error>> {
    let bar = progress_bar("pages", args.pages)?;
    let plan = Plan { start: url.clone(), scope: Scope::Web, limits: limits(args), stop: Arc::clone(&stop), bar };
    let bounds = Bounds { pages: args.pages, depth: args.depth, delay: args.delay };
    let bar = plan.bar.clone();
    let trip = web::crawl(args.reactor, plan, bounds)?;
    bar.finish_and_clear();
    let interrupted = stop.load(Ordering::Relaxed);
    results.write(|| trip::json(url, &trip, interrupted))?;
    say(&trip::text(url, &trip, interrupted))?;
    Ok(interrupted || !trip.tally.pages.is_empty())
}

/// Crawls the embedded site with every crawler.
fn compare(args: &Args, stop: &Arc<AtomicBool>, results: Results<'_>) -> Result<bool, Box<dyn Error>> {
    let site = Site::of_folder(&args.root, args.pages)?;
    say(&format!("{} pages of {}, {} ms each\n", site.len(), args.root.display(), args.think_time.as_millis()))?;
    if site.skipped() > 0 {
        say(&format!("({} files are left out: larger than 512 KiB, no text, or unreadable)\n", site.skipped()))?;
    }
    if site.len() < args.pages {
        say(&format!("(the folder has no more than that; asked for {})\n", args.pages))?;
    }
    let pages = site.len();
    let server = Server::start(site, args.think_time, args.timeout() * 3)?;

    let mut crawlers = vec![Crawler::Blocking];
    match args.reactor {
        Some(backend) => crawlers.push(Crawler::Tenter(backend)),
        None => crawlers.extend(Backend::compiled_in().iter().copied().map(Crawler::Tenter)),
    }
    let bars = MultiProgress::new();
    let mut rows = Vec::new();
    for crawler in crawlers {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let bar = bars.add(progress_bar(crawler.name(), pages)?);
        rows.push(measure(args, crawler, &server, stop, bar)?);
    }
    let interrupted = stop.load(Ordering::Relaxed);
    results.write(|| report::json(&rows, args, interrupted))?;
    say(&report::table(&rows, interrupted))?;
    Ok(interrupted || report::agree(&rows))
}

fn limits(args: &Args) -> Limits {
    Limits {
        concurrency: args.concurrency(),
        timeout: args.timeout(),
        retries: args.retries,
        max_body: 2 * 1024 * 1024,
    }
}

/// One row: the crawl that is timed, then the one of the pages that misbehave.
fn measure(
    args: &Args,
    crawler: Crawler,
    server: &Server,
    stop: &Arc<AtomicBool>,
    bar: ProgressBar,
) -> Result<Row, Box<dyn Error>> {
    let limits = limits(args);
    let plan = |scope, bar| Plan { start: server.url(scope), scope, limits, stop: Arc::clone(stop), bar };
    let clock = stats::Clock::start(server);
    let tally = crawler.crawl(plan(Scope::Pages, bar.clone()))?;
    let spent = clock.stop(server);
    let hostile = if args.skip_bad || stop.load(Ordering::Relaxed) {
        None
    } else {
        bar.set_message("the bad pages");
        Some(crawler.crawl(plan(Scope::Hostile, ProgressBar::hidden()))?)
    };
    bar.finish_with_message(format!("{:.2} s", spent.wall.as_secs_f64()));
    Ok(Row { name: crawler.name(), tally, hostile, spent })
}

fn progress_bar(name: &'static str, pages: usize) -> Result<ProgressBar, Box<dyn Error>> {
    let style = ProgressStyle::with_template("{prefix:>14} {bar:32} {pos:>4}/{len} {msg}")?;
    Ok(ProgressBar::new(pages as u64).with_style(style).with_prefix(name))
}

#[test]
fn a_bad_path_for_the_results_is_told_before_the_crawl() {
    let command =
        Args::parse(["--json", "/no/such/folder/x.json", "--url", "http://192.0.2.1/"].map(str::to_owned).into_iter());
    let Ok(Command::Crawl(args)) = command else { panic!("{command:?}") };
    let error = run(&args).unwrap_err().to_string();
    assert!(error.contains("can't write /no/such/folder/x.json"), "{error}");
}
