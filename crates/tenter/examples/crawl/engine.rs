//! The crawler on tenter: workers that share a queue, each with a connection of its own.

use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, LOCATION, USER_AGENT};
use hyper::{Request, Response};
use tenter::net::TcpStream;
use tenter::queue::Queue;
use tenter::time::{sleep, timeout};
use tenter::{Backend, Builder, Task, spawn};
use tenter_hyper::Io;
use url::Url;

use crate::body::Sent;
use crate::crawl::{Failure, Fetched, Frontier, Limits, Plan, Tally};
use crate::html::path_and_query;

/// Crawls on a runtime with this backend.
pub(crate) fn crawl(backend: Backend, plan: Plan) -> Result<Tally, Box<dyn Error>> {
    let runtime = Builder::new_multi_thread().reactor(backend).build()?;
    Ok(runtime.block_on(run(plan)))
}

async fn run(plan: Plan) -> Tally {
    let queue = Arc::new(Queue::unbounded());
    let frontier = Arc::new(Frontier::new(plan));
    let plan = frontier.plan();
    if queue.put(plan.start.clone()).await.is_err() {
        return frontier.tally();
    }
    let workers: Vec<Task<()>> =
        (0..plan.limits.concurrency).map(|_| spawn(worker(Arc::clone(&queue), Arc::clone(&frontier)))).collect();
    // Every page that was put is done, or the user has had enough.
    future::or(queue.join(), stopped(plan)).await;
    queue.shutdown(true);
    // A dropped task is cancelled, wherever it waits.
    drop(workers);
    frontier.tally()
}

/// Ends some time after Ctrl-C, well within a second.
pub(crate) async fn stopped(plan: &Plan) {
    while !plan.stopped() {
        sleep(Duration::from_millis(50)).await;
    }
}

async fn worker(queue: Arc<Queue<Url>>, frontier: Arc<Frontier>) {
    let mut client = Client::new(frontier.plan().limits);
    while let Ok(url) = queue.get().await {
        let result = client.fetch(&url, || frontier.retried()).await;
        for link in frontier.record(&url, result) {
            if queue.put(link).await.is_err() {
                return;
            }
        }
        // Dropping `url` says that this page is done; its links are in the queue by now.
    }
}

/// Fetches pages, one at a time.
pub(crate) struct Client {
    limits: Limits,
    /// The connection of the last page, if it can serve another.
    connection: Option<Connection>,
}

struct Connection {
    /// The host and port that it leads to.
    to: String,
    requests: SendRequest<Sent>,
    // Moves the bytes; goes with the connection.
    _driver: Task<()>,
}

impl Client {
    pub(crate) fn new(limits: Limits) -> Self {
        Client { limits, connection: None }
    }

    /// Fetches a page, with as many attempts as allowed; tells of each but the first.
    pub(crate) async fn fetch(&mut self, url: &Url, mut retried: impl FnMut()) -> Result<Fetched, Failure> {
        let mut left = self.limits.retries;
        loop {
            let attempt = timeout(self.limits.timeout, self.attempt(url)).await;
            let result = attempt.unwrap_or(Err(Failure::TimedOut));
            match &result {
                Err(failure) if failure.is_transient() && left > 0 => {
                    left -= 1;
                    retried();
                }
                _ => return result,
            }
        }
    }

    /// One attempt. The connection is kept only if the attempt came to its end.
    async fn attempt(&mut self, url: &Url) -> Result<Fetched, Failure> {
        let host = url.host_str().ok_or_else(|| Failure::Broken("a URL without a host".to_owned()))?;
        let to = format!("{host}:{}", url.port_or_known_default().unwrap_or(80));
        let request = || {
            Request::get(path_and_query(url))
                .header(HOST, url.port().map_or(host.to_owned(), |port| format!("{host}:{port}")))
                .header(USER_AGENT, "tenter-crawl")
                .body(Sent::Nothing)
                .map_err(|error| Failure::Broken(error.to_string()))
        };
        // A server may end a connection between two requests, so a failure on an old one says nothing about this page.
        let reused = match self.connection.take() {
            Some(mut old) if old.to == to => match old.send(request()?).await {
                Ok(response) => Some((old, response)),
                Err(_) => None,
            },
            _ => None,
        };
        let (connection, response) = match reused {
            Some(reused) => reused,
            None => {
                let mut new = connect(to).await?;
                let response = new.send(request()?).await.map_err(broken)?;
                (new, response)
            }
        };
        let status = response.status();
        let header =
            |name| response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let (location, kind) = (header(LOCATION), header(CONTENT_TYPE));
        let body = read(response, self.limits.max_body).await?;
        self.connection = Some(connection);
        match location {
            Some(location) if status.is_redirection() => Err(Failure::Moved(location)),
            _ if !status.is_success() => Err(Failure::Status(status.as_u16())),
            _ => Ok(Fetched { body, html: kind.is_none_or(|kind| kind.to_ascii_lowercase().contains("html")) }),
        }
    }
}

impl Connection {
    async fn send(&mut self, request: Request<Sent>) -> Result<Response<Incoming>, hyper::Error> {
        self.requests.ready().await?;
        self.requests.send_request(request).await
    }
}

async fn connect(to: String) -> Result<Connection, Failure> {
    let stream = TcpStream::connect(to.as_str()).await?;
    stream.set_nodelay(true)?;
    let (requests, driver) = handshake(Io::new(stream)).await.map_err(broken)?;
    let driver = spawn(async move {
        // The request that fails reports it.
        let _ = driver.await;
    });
    Ok(Connection { to, requests, _driver: driver })
}

/// Reads a body of at most `limit` bytes.
async fn read(response: Response<Incoming>, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut incoming = response.into_body();
    let mut body = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut incoming).poll_frame(cx)).await {
        if let Ok(data) = frame.map_err(broken)?.into_data() {
            if data.len() > limit - body.len() {
                return Err(Failure::TooLarge);
            }
            body.extend_from_slice(&data);
        }
    }
    Ok(body)
}

fn broken(error: hyper::Error) -> Failure {
    Failure::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use indicatif::ProgressBar;

    use super::*;
    use crate::blocking;
    use crate::crawl::Scope;
    use crate::serve::Server;
    use crate::site::Site;

    /// What an attempt may take: that of a page that never comes does, and every other page has to come within it.
    const TIMEOUT: Duration = Duration::from_secs(3);

    fn server(think_time: Duration) -> Server {
        let site = Site::of_folder(Path::new(env!("CARGO_MANIFEST_DIR")), 12).unwrap();
        Server::start(site, think_time, TIMEOUT * 10).unwrap()
    }

    fn plan(server: &Server, scope: Scope) -> Plan {
        let limits = Limits { concurrency: 4, timeout: TIMEOUT, retries: 1, max_body: 64 << 10 };
        Plan {
            start: server.url(scope),
            scope,
            limits,
            stop: Arc::new(AtomicBool::new(false)),
            bar: ProgressBar::hidden(),
        }
    }

    /// The reactors to crawl on: the one that `TENTER_REACTOR` names, else all.
    fn backends() -> Vec<Backend> {
        match std::env::var("TENTER_REACTOR") {
            Ok(name) if !name.trim().is_empty() => vec![name.parse().expect("TENTER_REACTOR names a reactor")],
            _ => Backend::compiled_in().to_vec(),
        }
    }

    /// A plan that waits for pages for longer than any takes.
    fn patient(server: &Server) -> Plan {
        let mut plan = plan(server, Scope::Pages);
        plan.limits.timeout = Duration::from_secs(600);
        plan
    }

    #[test]
    fn every_crawler_sees_the_whole_site() {
        let server = server(Duration::ZERO);
        let expected = blocking::crawl(patient(&server));
        assert_eq!((expected.pages.len(), expected.failures.len()), (12, 0));
        for backend in backends() {
            let tally = crawl(backend, patient(&server)).unwrap();
            assert_eq!(tally.pages, expected.pages, "{backend}");
            assert_eq!((tally.bytes, tally.failures.len()), (expected.bytes, 0), "{backend}");
        }
    }

    #[test]
    fn every_crawler_survives_and_counts_the_bad_pages() {
        let server = server(Duration::ZERO);
        let mut tallies = vec![blocking::crawl(plan(&server, Scope::Hostile))];
        tallies.extend(backends().into_iter().map(|backend| crawl(backend, plan(&server, Scope::Hostile)).unwrap()));
        for tally in tallies {
            let failures: Vec<String> = tally.failures.iter().map(|(name, why)| format!("{name} {why}")).collect();
            let expected = [
                "(another port) refused",
                "/.bad/endless too large",
                "/.bad/missing status 404",
                "/.bad/slow timed out",
            ];
            assert_eq!(failures, expected);
            assert_eq!(tally.pages.keys().collect::<Vec<_>>(), ["/.bad/", "/.bad/found", "/.bad/malformed"]);
            assert_eq!((tally.malformed, tally.retries), (1, 2));
        }
    }

    #[test]
    fn a_crawl_that_is_stopped_ends_with_what_it_has() {
        // The pages take longer than the test waits, and than any attempt may take.
        let server = server(Duration::from_secs(600));
        for backend in backends() {
            let plan = patient(&server);
            let stop = Arc::clone(&plan.stop);
            let crawler = thread::spawn(move || crawl(backend, plan).unwrap());
            thread::sleep(Duration::from_millis(100));
            assert!(!crawler.is_finished(), "{backend}: the index can't have come");
            stop.store(true, Ordering::Relaxed);
            let tally = crawler.join().unwrap();
            assert_eq!((tally.pages.len(), tally.failures.len()), (0, 0), "{backend}");
        }
    }
}
