//! tokio's two runtimes.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

use super::hello::hello;
use super::{ANY_PORT, Entrant, HOG_PAUSE, Service, hog};

#[derive(Debug)]
pub(in crate::sockets) struct Tokio;

impl Entrant for Tokio {
    const NAME: &'static str = "tokio";

    fn start(service: Service, workers: usize) -> io::Result<SocketAddr> {
        let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
        let runtime = Box::leak(Box::new(runtime));
        let listener = runtime.block_on(TcpListener::bind(ANY_PORT))?;
        let address = listener.local_addr()?;
        runtime.spawn(serve(listener, service));
        Ok(address)
    }
}

/// The runtime that runs all tasks on the thread that waits for one of them.
#[derive(Debug)]
pub(in crate::sockets) struct TokioCt;

impl Entrant for TokioCt {
    const NAME: &'static str = "tokio-ct";

    fn start(service: Service, _workers: usize) -> io::Result<SocketAddr> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (started, address) = mpsc::channel();
        thread::spawn(move || {
            runtime.block_on(async {
                let listener = TcpListener::bind(ANY_PORT).await?;
                started.send(listener.local_addr()).map_err(io::Error::other)?;
                serve(listener, service).await
            })
        });
        address.recv().map_err(io::Error::other)?
    }
}

async fn serve(listener: TcpListener, service: Service) -> io::Result<()> {
    for nth in 1.. {
        let (stream, _) = listener.accept().await?;
        if service.is_hogged_by(nth) {
            tokio::spawn(compute());
        }
        match service {
            Service::Echo(size) => drop(tokio::spawn(echo(stream, size))),
            Service::HoggedEcho => drop(tokio::spawn(echo(stream, 1024))),
            Service::Close => drop(tokio::spawn(async move { drop(stream) })),
            Service::Hello => drop(tokio::spawn(greet(stream))),
        }
    }
    Ok(())
}

async fn compute() {
    loop {
        hog();
        tokio::time::sleep(HOG_PAUSE).await;
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
    http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(hello)).await
}
