//! The crawl of a real site: breadth first, one host, no faster than is polite.
//!
//! Level by level: all pages that the start leads to, then all that those lead to, and so on. So a page's depth does not
//! depend on who was faster, and a crawl that is cut off by a limit has what is nearest.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_lite::future;
use tenter::lock;
use tenter::queue::Queue;
use tenter::{Backend, Builder, Handle, Task, Timer, spawn};
use url::Url;

use crate::crawl::{Failure, Frontier, Plan, Tally};
use crate::engine::{Client, stopped};
use crate::robots::Robots;

/// How far a crawl goes, and how fast.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The most pages asked for.
    pub(crate) pages: usize,
    /// As many links away from the start at most.
    pub(crate) depth: usize,
    /// From one request to the next, at least.
    pub(crate) delay: Duration,
}

/// Why a text is not the URL of a site that can be crawled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoSite {
    NoUrl(url::ParseError),
    /// It has TLS, which this program does not.
    NeedsTls,
    OtherScheme(String),
}

impl fmt::Display for NoSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoSite::NoUrl(error) => write!(f, "that is no URL: {error}; one looks like http://example.org/"),
            NoSite::NeedsTls => {
                f.write_str("https needs TLS, which this example does not have: only http:// is crawled")
            }
            NoSite::OtherScheme(scheme) => write!(f, "{scheme}: is not crawled, only http:// is"),
        }
    }
}

impl Error for NoSite {}

/// The start of a crawl.
pub(crate) fn start(text: &str) -> Result<Url, NoSite> {
    let mut url = Url::parse(text).map_err(NoSite::NoUrl)?;
    match url.scheme() {
        "http" => {}
        "https" => return Err(NoSite::NeedsTls),
        other => return Err(NoSite::OtherScheme(other.to_owned())),
    }
    url.set_fragment(None);
    Ok(url)
}

/// What a crawl found besides its tally.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trip {
    pub(crate) tally: Tally,
    /// The reactor that it was on.
    pub(crate) reactor: &'static str,
    /// How many links away from the start it went.
    pub(crate) depth: usize,
    /// Pages that were said to be elsewhere on the site.
    pub(crate) moved: usize,
    /// Pages that were said to be on another site, which is not visited.
    pub(crate) moved_away: usize,
    /// Pages known and not asked for, because of the bounds.
    pub(crate) left: usize,
    /// Pages that `robots.txt` asks not to be visited.
    pub(crate) forbidden: usize,
    pub(crate) took: Duration,
}

/// Crawls from the plan's start.
pub(crate) fn crawl(backend: Option<Backend>, plan: Plan, bounds: Bounds) -> Result<Trip, Box<dyn Error>> {
    let builder = Builder::new_multi_thread();
    let builder = backend.into_iter().fold(builder, Builder::reactor);
    let runtime = builder.build()?;
    Ok(runtime.block_on(run(plan, bounds)))
}

/// What the workers share.
struct Shared {
    frontier: Frontier,
    queue: Queue<Url>,
    pace: Pace,
    robots: Robots,
    found: Mutex<Found>,
}

/// What the pages of this level lead to.
#[derive(Default)]
struct Found {
    next: Vec<Url>,
    asked: usize,
    moved: usize,
    moved_away: usize,
    forbidden: usize,
}

async fn run(plan: Plan, bounds: Bounds) -> Trip {
    let began = Instant::now();
    let mut client = Client::new(plan.limits);
    let robots = match client.fetch(&robots_of(&plan.start), || ()).await {
        Ok(fetched) => Robots::parse(&String::from_utf8_lossy(&fetched.body)),
        // A site without rules; one that can't be reached says so at its first page.
        Err(_) => Robots::default(),
    };
    let shared = Arc::new(Shared {
        pace: Pace::new(bounds.delay.max(robots.delay())),
        frontier: Frontier::new(plan),
        queue: Queue::unbounded(),
        robots,
        found: Mutex::default(),
    });
    let plan = shared.frontier.plan();
    let workers: Vec<Task<()>> = (0..plan.limits.concurrency).map(|_| spawn(worker(Arc::clone(&shared)))).collect();
    let mut level = vec![plan.start.clone()];
    let mut trip = Trip { reactor: Handle::current().reactor_name(), ..Trip::default() };
    for depth in 0..=bounds.depth {
        let room = bounds.pages.saturating_sub(shared.found(|found| found.asked));
        trip.left += level.len().saturating_sub(room);
        level.truncate(room);
        if level.is_empty() || plan.stopped() {
            break;
        }
        trip.depth = depth;
        for url in level.drain(..) {
            // The queue is open until the end.
            let _ = shared.queue.put(url).await;
        }
        future::or(shared.queue.join(), stopped(plan)).await;
        level = shared.found(|found| std::mem::take(&mut found.next));
    }
    trip.left += level.len();
    shared.queue.shutdown(true);
    drop(workers);
    let (moved, moved_away, forbidden) = shared.found(|found| (found.moved, found.moved_away, found.forbidden));
    Trip { tally: shared.frontier.tally(), moved, moved_away, forbidden, took: began.elapsed(), ..trip }
}

fn robots_of(start: &Url) -> Url {
    let mut url = start.clone();
    url.set_path("/robots.txt");
    url.set_query(None);
    url
}

impl Shared {
    fn found<R>(&self, f: impl FnOnce(&mut Found) -> R) -> R {
        f(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks for a page and records what came.
    async fn visit(&self, client: &mut Client, url: &Url) {
        if !self.robots.allow(url.path()) {
            return self.found(|found| found.forbidden += 1);
        }
        self.found(|found| found.asked += 1);
        self.pace.turn().await;
        let links = match client.fetch(url, || self.frontier.retried()).await {
            Err(Failure::Moved(place)) => self.moved(url, &place),
            result => self.frontier.record(url, result),
        };
        self.found(|found| found.next.extend(links));
    }

    /// A page that is elsewhere: one more link if that is on this site.
    fn moved(&self, url: &Url, place: &str) -> Vec<Url> {
        let there = url.join(place).ok();
        let same_host = there.as_ref().is_some_and(|there| there.host() == url.host());
        match there {
            Some(there) if same_host && there.scheme() == "https" => self.frontier.record(url, Err(Failure::NeedsTls)),
            Some(there) if same_host && there.scheme() == "http" => {
                self.found(|found| found.moved += 1);
                self.frontier.unseen(vec![there])
            }
            // Ordinary, unless there is nothing else.
            _ if *url == self.frontier.plan().start => self.frontier.record(url, Err(Failure::Moved(place.to_owned()))),
            _ => {
                self.found(|found| found.moved_away += 1);
                Vec::new()
            }
        }
    }
}

async fn worker(shared: Arc<Shared>) {
    let mut client = Client::new(shared.frontier.plan().limits);
    while let Ok(url) = shared.queue.get().await {
        shared.visit(&mut client, &url).await;
    }
}

/// Sees to it that requests do not come too fast, however many workers there are.
struct Pace {
    delay: Duration,
    /// When the next request may be.
    next: lock::Mutex<Instant>,
}

impl Pace {
    fn new(delay: Duration) -> Self {
        Pace { delay, next: lock::Mutex::new(Instant::now()) }
    }

    /// Waits for a turn. The others wait in line meanwhile.
    async fn turn(&self) {
        let mut next = self.next.lock().await;
        Timer::at(*next).await;
        *next = Instant::now() + self.delay;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use indicatif::ProgressBar;

    use super::*;
    use crate::crawl::{Limits, Scope};

    /// Serves a site of `(path, head, body)` until the process ends; the paths that were asked for, with their times.
    fn serve(pages: &'static [(&'static str, &'static str, &'static str)]) -> (SocketAddr, Arc<Mutex<Asked>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Asked>> = Arc::default();
        let record = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let record = Arc::clone(&record);
                thread::spawn(move || answer(&mut stream.unwrap(), pages, &record));
            }
        });
        (address, asked)
    }

    type Asked = Vec<(String, Instant)>;

    /// One request, and the end of the connection.
    fn answer(stream: &mut TcpStream, pages: &[(&str, &str, &str)], asked: &Mutex<Asked>) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let Some(path) = head.split_whitespace().nth(1) else { return };
        asked.lock().unwrap().push((path.to_owned(), Instant::now()));
        let missing = ("", "404 Not Found", "");
        let (_, status, body) = pages.iter().find(|page| page.0 == path).unwrap_or(&missing);
        let length = body.len();
        let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    }

    const HTML: &str = "200 OK\r\nContent-Type: text/html; charset=utf-8";

    const SITE: &[(&str, &str, &str)] = &[
        ("/", HTML, "<a href=a>a</a> <a href=/b?x=1#y>b</a> <a href=//example.org/>away</a> <a href=/private/x>no</a>"),
        ("/a", HTML, "<a href=/deep>deep</a> <a href=/>home</a> <a href=/old>old</a> <a href=/tls>tls</a>"),
        ("/b?x=1", "200 OK\r\nContent-Type: text/plain", "<a href=/not-a-link>"),
        ("/deep", HTML, "<a href=/deeper>deeper</a> <a href=/gone>gone</a> <a href=/far>far</a>"),
        ("/deeper", HTML, "<a href=/deepest>deepest</a>"),
        ("/deepest", HTML, "the end"),
        ("/old", "301 Moved\r\nLocation: /new", ""),
        ("/new", HTML, "here"),
        ("/far", "302 Found\r\nLocation: http://example.org/", ""),
        ("/tls", "308 Moved\r\nLocation: https://127.0.0.1/", ""),
        ("/robots.txt", "200 OK\r\nContent-Type: text/plain", "User-agent: *\nDisallow: /private/\n"),
    ];

    fn plan(start: &str) -> Plan {
        let limits = Limits { concurrency: 3, timeout: Duration::from_secs(10), retries: 0, max_body: 1 << 20 };
        Plan {
            start: Url::parse(start).unwrap(),
            scope: Scope::Web,
            limits,
            stop: Arc::new(AtomicBool::new(false)),
            bar: ProgressBar::hidden(),
        }
    }

    fn bounds(pages: usize, depth: usize) -> Bounds {
        Bounds { pages, depth, delay: Duration::ZERO }
    }

    #[test]
    fn a_site_is_crawled_within_its_host_on_every_backend() {
        for &backend in Backend::compiled_in() {
            let (address, _) = serve(SITE);
            let trip = crawl(Some(backend), plan(&format!("http://{address}/")), bounds(100, 10)).unwrap();
            let pages: Vec<_> = trip.tally.pages.keys().map(String::as_str).collect();
            assert_eq!(pages, ["/", "/a", "/b?x=1", "/deep", "/deeper", "/deepest", "/new"], "{backend}");
            let failures: Vec<_> = trip.tally.failures.iter().map(|(name, why)| (name.as_str(), why.clone())).collect();
            assert_eq!(failures, [("/gone", Failure::Status(404)), ("/tls", Failure::NeedsTls)]);
            assert_eq!((trip.moved, trip.moved_away, trip.forbidden, trip.left), (1, 1, 1, 0));
            assert_eq!((trip.tally.other, trip.depth, trip.reactor), (1, 4, backend.name()));
        }
    }

    #[test]
    fn the_nearest_pages_come_first_and_the_limits_hold() {
        let (address, asked) = serve(SITE);
        let trip = crawl(None, plan(&format!("http://{address}/")), bounds(4, 10)).unwrap();
        let asked: Vec<_> = asked.lock().unwrap().iter().map(|(path, _)| path.clone()).collect();
        assert_eq!(asked[..2], ["/robots.txt", "/"]);
        assert_eq!(asked.len(), 5, "robots.txt and four pages: {asked:?}");
        assert!(asked[2..4].contains(&"/a".to_owned()) && asked[2..4].contains(&"/b?x=1".to_owned()), "{asked:?}");
        assert!(trip.left > 0);
        let (address, asked) = serve(SITE);
        let trip = crawl(None, plan(&format!("http://{address}/")), bounds(100, 1)).unwrap();
        assert!(!asked.lock().unwrap().iter().any(|(path, _)| path == "/deep"));
        assert_eq!((trip.depth, trip.left), (1, 3));
    }

    #[test]
    fn requests_do_not_come_faster_than_is_polite() {
        let (address, asked) = serve(SITE);
        let bounds = Bounds { delay: Duration::from_millis(20), ..bounds(100, 2) };
        let start = Instant::now();
        crawl(None, plan(&format!("http://{address}/")), bounds).unwrap();
        let asked = asked.lock().unwrap();
        // From the start to the last: at the server any of them may be late, and none early.
        let taken = asked[asked.len() - 1].1 - start;
        assert!(taken >= bounds.delay * (asked.len() as u32 - 2), "{} in {taken:?}", asked.len() - 1);
    }

    #[test]
    fn a_site_that_is_not_there_or_elsewhere_is_a_failure_with_its_cause() {
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let trip = crawl(None, plan(&format!("http://{nobody}/")), bounds(9, 9)).unwrap();
        assert_eq!(trip.tally.failures.into_values().collect::<Vec<_>>(), [Failure::Refused]);
        let (address, _) = serve(&[("/", "301 Moved\r\nLocation: https://127.0.0.1/", "")]);
        let trip = crawl(None, plan(&format!("http://{address}/")), bounds(9, 9)).unwrap();
        assert_eq!(trip.tally.failures.into_values().collect::<Vec<_>>(), [Failure::NeedsTls]);
    }

    #[test]
    fn what_is_no_site_says_why() {
        assert_eq!(start("http://example.org/a#b").unwrap().as_str(), "http://example.org/a");
        assert_eq!(start("https://example.org/"), Err(NoSite::NeedsTls));
        assert_eq!(start("ftp://example.org/"), Err(NoSite::OtherScheme("ftp".to_owned())));
        assert!(matches!(start("example.org"), Err(NoSite::NoUrl(_))));
    }
}
