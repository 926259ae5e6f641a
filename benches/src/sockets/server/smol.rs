//! smol: one executor that several threads run, each of which also drives the reactor when it has nothing else to do.

use std::io;
use std::net::SocketAddr;
use std::thread;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};
use smol::{Executor, Timer, future};
use smol_hyper::rt::FuturesIo;

use super::hello::hello;
use super::{ANY_PORT, Entrant, HOG_PAUSE, Service, hog};

#[derive(Debug)]
pub(in crate::sockets) struct Smol;

impl Entrant for Smol {
    const NAME: &'static str = "smol";

    fn start(service: Service, workers: usize) -> io::Result<SocketAddr> {
        let executor: &'static Executor<'static> = Box::leak(Box::new(Executor::new()));
        let listener = smol::block_on(TcpListener::bind(ANY_PORT))?;
        let address = listener.local_addr()?;
        executor.spawn(serve(executor, listener, service)).detach();
        for _ in 0..workers {
            thread::spawn(|| smol::block_on(executor.run(future::pending::<()>())));
        }
        Ok(address)
    }
}

async fn serve(executor: &'static Executor<'static>, listener: TcpListener, service: Service) -> io::Result<()> {
    for nth in 1.. {
        let (stream, _) = listener.accept().await?;
        if service.is_hogged_by(nth) {
            executor.spawn(compute()).detach();
        }
        match service {
            Service::Echo(size) => executor.spawn(echo(stream, size)).detach(),
            Service::HoggedEcho => executor.spawn(echo(stream, 1024)).detach(),
            Service::Close => executor.spawn(async move { drop(stream) }).detach(),
            Service::Hello => executor.spawn(greet(stream)).detach(),
        }
    }
    Ok(())
}

async fn compute() {
    loop {
        hog();
        Timer::after(HOG_PAUSE).await;
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
    http1::Builder::new().serve_connection(FuturesIo::new(stream), service_fn(hello)).await
}
