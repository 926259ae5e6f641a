//! nio: a thread and a poller per worker; a connection's task stays on the worker that was least busy when it came.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;

use futures_lite::io::AsyncWriteExt;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use nio::RuntimeBuilder;
use nio::net::{TcpConnection, TcpListener};
use smol_hyper::rt::FuturesIo;

use super::hello::hello;
use super::{ANY_PORT, Entrant, HOG_PAUSE, Service, hog};

#[derive(Debug)]
pub(in crate::sockets) struct Nio;

impl Entrant for Nio {
    const NAME: &'static str = "nio";

    fn start(service: Service, workers: usize) -> io::Result<SocketAddr> {
        let workers = workers.try_into().map_err(io::Error::other)?;
        let runtime = Box::leak(Box::new(RuntimeBuilder::new().worker_threads(workers).rt()?));
        let (started, address) = mpsc::channel();
        runtime.spawn_pinned(move || async move {
            let listener = TcpListener::bind(ANY_PORT).await?;
            started.send(listener.local_addr()).map_err(io::Error::other)?;
            serve(listener, service).await
        });
        address.recv().map_err(io::Error::other)?
    }
}

async fn serve(mut listener: TcpListener, service: Service) -> io::Result<()> {
    for nth in 1.. {
        let connection = listener.accept().await?;
        if service.is_hogged_by(nth) {
            nio::spawn_pinned(compute);
        }
        match service {
            Service::Echo(size) => drop(nio::spawn_pinned(move || echo(connection, size))),
            Service::HoggedEcho => drop(nio::spawn_pinned(move || echo(connection, 1024))),
            Service::Close => drop(nio::spawn_pinned(move || close(connection))),
            Service::Hello => drop(nio::spawn_pinned(move || greet(connection))),
        }
    }
    Ok(())
}

async fn compute() {
    loop {
        hog();
        nio::sleep(HOG_PAUSE).await;
    }
}

async fn echo(connection: TcpConnection, size: usize) -> io::Result<()> {
    let mut stream = connection.connect().await?;
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

async fn close(connection: TcpConnection) -> io::Result<()> {
    drop(connection.connect().await?);
    Ok(())
}

async fn greet(connection: TcpConnection) -> hyper::Result<()> {
    let Ok(stream) = connection.connect().await else { return Ok(()) };
    // Without it the connection works as well.
    let _slower = stream.set_nodelay(true);
    http1::Builder::new().serve_connection(FuturesIo::new(stream), service_fn(hello)).await
}
