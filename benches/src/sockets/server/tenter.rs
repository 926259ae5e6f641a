//! tenter's multi-threaded runtime, with the backend that it chooses by itself.

use std::io;
use std::net::SocketAddr;

use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tenter::net::{TcpListener, TcpStream};
use tenter::{Builder, Latency};

use super::hello::hello;
use super::{ANY_PORT, Entrant, HOG_PAUSE, Service, hog};
use crate::case::Role;

#[derive(Debug)]
pub(in crate::sockets) struct Tenter;

impl Entrant for Tenter {
    const NAME: &'static str = "tenter";
    const ROLE: Role = Role::Tenter;

    fn start(service: Service, workers: usize) -> io::Result<SocketAddr> {
        run(Builder::new_multi_thread().worker_threads(workers), service)
    }
}

/// The same without spinning before sleep.
#[derive(Debug)]
pub(in crate::sockets) struct TenterNoSpin;

impl Entrant for TenterNoSpin {
    const NAME: &'static str = "tenter-nospin";
    const ROLE: Role = Role::Tenter;

    fn start(service: Service, workers: usize) -> io::Result<SocketAddr> {
        run(Builder::new_multi_thread().worker_threads(workers).latency(Latency::NoSpin), service)
    }
}

fn run(builder: Builder, service: Service) -> io::Result<SocketAddr> {
    let runtime = Box::leak(Box::new(builder.build().map_err(io::Error::other)?));
    let listener = runtime.block_on(TcpListener::bind(ANY_PORT))?;
    let address = listener.local_addr()?;
    runtime.handle().spawn(serve(listener, service)).detach();
    Ok(address)
}

async fn serve(listener: TcpListener, service: Service) -> io::Result<()> {
    for nth in 1.. {
        let (stream, _) = listener.accept().await?;
        if service.is_hogged_by(nth) {
            tenter::spawn(compute()).detach();
        }
        match service {
            Service::Echo(size) => tenter::spawn(echo(stream, size)).detach(),
            Service::HoggedEcho => tenter::spawn(echo(stream, 1024)).detach(),
            Service::Close => tenter::spawn(async move { drop(stream) }).detach(),
            Service::Hello => tenter::spawn(greet(stream)).detach(),
        }
    }
    Ok(())
}

async fn compute() {
    loop {
        hog();
        tenter::time::sleep(HOG_PAUSE).await;
    }
}

async fn echo(mut stream: TcpStream, size: usize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buf = vec![0; size];
    loop {
        let n = stream.read(&mut buf).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&buf[..n]).await?;
    }
}

async fn greet(stream: TcpStream) -> hyper::Result<()> {
    // Without it the connection works as well.
    let _slower = stream.set_nodelay(true);
    http1::Builder::new().serve_connection(tenter_hyper::Io::new(stream), service_fn(hello)).await
}
