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
//! | `report`, `stats` | the table, the JSON file, clocks |

#![forbid(unsafe_code)]

mod args;
mod blocking;
mod body;
mod crawl;
mod engine;
mod html;
mod render;
mod report;
mod serve;
mod site;
mod stats;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tenter::Backend;

use crate::args::{Args, Command};
use crate::crawl::{Limits, Plan, Scope, Tally};
use crate::report::Row;
use crate::serve::Server;
use crate::site::Site;

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(Command::Crawl(args)) => args,
        Ok(Command::Help) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("crawl: {message}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("crawl: {error}");
            ExitCode::FAILURE
        }
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

/// Crawls and prints; `false` if the crawlers don't agree on what they saw.
fn run(args: &Args) -> Result<bool, Box<dyn Error>> {
    let stop = Arc::new(AtomicBool::new(false));
    let on_signal = Arc::clone(&stop);
    ctrlc::set_handler(move || on_signal.store(true, Ordering::Relaxed))?;

    let site = Site::of_folder(&args.root, args.pages)?;
    println!("{} pages of {}, {} ms each", site.len(), args.root.display(), args.think_time.as_millis());
    if site.len() < args.pages {
        println!("(the folder has no more than that; asked for {})", args.pages);
    }
    let pages = site.len();
    let server = Server::start(site, args.think_time, args.timeout * 3)?;

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
        rows.push(measure(args, crawler, &server, &stop, bar)?);
    }
    let interrupted = stop.load(Ordering::Relaxed);
    print!("{}", report::table(&rows, interrupted));
    if let Some(file) = &args.json {
        std::fs::write(file, report::json(&rows, args, interrupted))
            .map_err(|error| format!("can't write {}: {error}", file.display()))?;
    }
    Ok(interrupted || report::agree(&rows))
}

/// One row: the crawl that is timed, then the one of the pages that misbehave.
fn measure(
    args: &Args,
    crawler: Crawler,
    server: &Server,
    stop: &Arc<AtomicBool>,
    bar: ProgressBar,
) -> Result<Row, Box<dyn Error>> {
    let limits = Limits {
        concurrency: args.concurrency,
        timeout: args.timeout,
        retries: args.retries,
        max_body: 2 * 1024 * 1024,
    };
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
