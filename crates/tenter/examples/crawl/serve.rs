//! The web server: hyper on a tenter runtime of its own, with one thread.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use socket2::{Domain, Socket, Type};
use tenter::Builder;
use tenter::net::{TcpListener, TcpStream};
use tenter::time::sleep;
use tenter_hyper::{Io, Timer};
use url::Url;

use crate::body::Sent;
use crate::crawl::Scope;
use crate::site::{BAD_PREFIX, Reply, Site};
use crate::stats;

/// A server that runs until the process ends.
#[derive(Debug)]
pub(crate) struct Server {
    url: Url,
    shared: Arc<Shared>,
    // Bound but not listening: whoever connects to it is refused, and nobody else can get the port.
    _refusing: Socket,
}

#[derive(Debug)]
struct Shared {
    site: Site,
    refusing: Url,
    think_time: Duration,
    slow: Duration,
    /// The server thread's CPU time, in nanoseconds, as of its last answer.
    cpu: AtomicU64,
}

impl Server {
    /// Serves `site`: each page after `think_time`, the slow one after `slow`.
    pub(crate) fn start(site: Site, think_time: Duration, slow: Duration) -> Result<Server, Box<dyn Error>> {
        let refusing = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        refusing.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        let address = refusing.local_addr()?.as_socket().ok_or("the refusing socket has no address")?;
        let refusing_url = Url::parse(&format!("http://{address}/"))?;
        let shared = Arc::new(Shared { site, refusing: refusing_url, think_time, slow, cpu: AtomicU64::new(0) });
        let (tell, told) = mpsc::channel();
        let on_thread = Arc::clone(&shared);
        thread::Builder::new().name("crawl-server".into()).spawn(move || serve(on_thread, &tell))?;
        let address = told.recv().map_err(|_| "the server's thread has ended")??;
        Ok(Server { url: Url::parse(&format!("http://{address}/"))?, shared, _refusing: refusing })
    }

    /// Where a crawl starts.
    pub(crate) fn url(&self, scope: Scope) -> Url {
        let mut url = self.url.clone();
        if scope == Scope::Hostile {
            url.set_path(BAD_PREFIX);
        }
        url
    }

    /// The CPU time that the server has used.
    pub(crate) fn cpu_time(&self) -> Duration {
        Duration::from_nanos(self.shared.cpu.load(Ordering::Relaxed))
    }
}

fn serve(shared: Arc<Shared>, tell: &mpsc::Sender<Result<SocketAddr, String>>) {
    let runtime = match Builder::new_current_thread().thread_name("crawl-server").build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(tell.send(Err(format!("no runtime for the server: {error}")))),
    };
    runtime.block_on(async {
        let bound = async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = listener.local_addr()?;
            io::Result::Ok((listener, address))
        };
        let listener = match bound.await {
            Ok((listener, address)) => {
                drop(tell.send(Ok(address)));
                listener
            }
            Err(error) => return drop(tell.send(Err(format!("can't listen: {error}")))),
        };
        loop {
            match listener.accept().await {
                Ok((stream, _)) => tenter::spawn(connection(stream, Arc::clone(&shared))).detach(),
                // Out of descriptors, most likely: connections that end give some back.
                Err(_) => sleep(Duration::from_millis(10)).await,
            };
        }
    });
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(request.uri().path(), &shared).await) }
    });
    // A client that goes away in the middle is the client's affair.
    let _ = http1::Builder::new().timer(Timer::new()).serve_connection(Io::new(stream), service).await;
    shared.note_cpu();
}

async fn answer(path: &str, shared: &Shared) -> Response<Sent> {
    sleep(shared.think_time).await;
    let (status, body) = match shared.site.reply(path, &shared.refusing) {
        Reply::Page(page) => (StatusCode::OK, Sent::Whole(page)),
        Reply::Slow(page) => {
            sleep(shared.slow).await;
            (StatusCode::OK, Sent::Whole(page))
        }
        Reply::Endless => (StatusCode::OK, Sent::Endless),
        Reply::NotFound => (StatusCode::NOT_FOUND, Sent::Whole("<!DOCTYPE html><title>Not found</title>".into())),
    };
    shared.note_cpu();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

impl Shared {
    fn note_cpu(&self) {
        let nanos = u64::try_from(stats::thread_cpu_time().as_nanos()).unwrap_or(u64::MAX);
        self.cpu.store(nanos, Ordering::Relaxed);
    }
}
