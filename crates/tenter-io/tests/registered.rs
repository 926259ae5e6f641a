//! How often a reactor with edges is told of a stream: at the first wait, so not at all of one that never waits.
#![cfg(unix)]

mod common;

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use rustix::event::{PollFd, PollFlags, poll};
use tenter_io::Async;
use tenter_reactor::{Capabilities, Completions, Events, Interest, Source, Token, Trigger};
use tenter_runtime::{Backend, Builder, Reactor};

/// A reactor that counts what it is told to watch.
#[derive(Debug)]
struct Counting(Arc<dyn Reactor>, AtomicUsize);

impl Reactor for Counting {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    unsafe fn register(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        self.1.fetch_add(1, Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { self.0.register(source, token) }
    }

    fn arm(&self, source: Source<'_>, token: Token, interest: Interest) -> io::Result<()> {
        self.0.arm(source, token, interest)
    }

    fn deregister(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        self.0.deregister(source, token)
    }

    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        self.0.wait(events, timeout)
    }

    fn wake(&self) -> io::Result<()> {
        self.0.wake()
    }

    fn completions(&self) -> Option<&dyn Completions> {
        self.0.completions()
    }
}

/// Serves a client that has asked already: nobody has to wait.
async fn serve(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let mut asked = [0; 3];
    stream.read_exact(&mut asked).await.unwrap();
    stream.write_all(&asked).await.unwrap();
}

/// Waits, without a reactor, until there is something to be read or accepted.
fn arrived(source: impl AsFd) {
    let mut polled = [PollFd::new(&source, PollFlags::IN)];
    poll(&mut polled, None).unwrap();
}

async fn accepted(reactor: &Counting) {
    let told = || reactor.1.load(Relaxed);
    let path = std::env::temp_dir().join(format!("tenter-io-registered-{}", std::process::id()));
    let tcp = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
    let local = Async::<UnixListener>::bind(&path).unwrap();
    let before = told();
    let mut heard = [0; 3];

    let mut client = TcpStream::connect(tcp.get_ref().local_addr().unwrap()).unwrap();
    client.write_all(b"ask").unwrap();
    arrived(tcp.get_ref());
    let (mut server, _) = tcp.accept().await.unwrap();
    arrived(server.get_ref());
    serve(&mut server).await;
    client.read_exact(&mut heard).unwrap();
    assert_eq!(told(), before, "TCP, accepted");

    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(b"ask").unwrap();
    serve(&mut local.accept().await.unwrap().0).await;
    client.read_exact(&mut heard).unwrap();
    assert_eq!(told(), before, "Unix, accepted");

    let mut client = Async::<UnixStream>::connect(&path).await.unwrap();
    client.write_all(b"ask").await.unwrap();
    let (mut server, _) = local.accept().await.unwrap();
    serve(&mut server).await;
    client.read_exact(&mut heard).await.unwrap();
    assert_eq!(told(), before, "Unix, connected");

    // One that waits is told of, once.
    for _ in 0..2 {
        let asks = async {
            futures_lite::future::yield_now().await;
            client.write_all(b"ask").await.unwrap();
        };
        futures_lite::future::zip(serve(&mut server), asks).await;
        client.read_exact(&mut heard).await.unwrap();
    }
    assert_eq!(told(), before + 1, "one that waits");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_stream_that_never_waits_must_cost_no_registration() {
    for backend in Backend::working() {
        let reactor = Arc::new(Counting(backend.make().unwrap(), AtomicUsize::new(0)));
        if reactor.capabilities().trigger == Trigger::Edge {
            let given = reactor.clone();
            let builder = Builder::new_current_thread().reactor_with(move |_| Ok(given.clone())).faulty(None);
            builder.build().unwrap().block_on(accepted(&reactor));
        }
    }
}
