//! monoio: one thread, on io_uring where it can, else on epoll. Operations own their buffers.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::{TcpListener, TcpStream};
use monoio::{FusionDriver, RuntimeBuilder};

use super::{ANY_PORT, Entrant, Service, unsupported};

#[derive(Debug)]
pub(in crate::sockets) struct Monoio;

impl Entrant for Monoio {
    const NAME: &'static str = "monoio";

    fn start(service: Service, _workers: usize) -> io::Result<SocketAddr> {
        if !matches!(service, Service::Echo(_) | Service::Close) {
            return Err(unsupported(service));
        }
        let (started, address) = mpsc::channel();
        thread::spawn(move || {
            let mut runtime = RuntimeBuilder::<FusionDriver>::new().build()?;
            runtime.block_on(async {
                let listener = TcpListener::bind(ANY_PORT)?;
                started.send(listener.local_addr()).map_err(io::Error::other)?;
                serve(listener, service).await
            })
        });
        address.recv().map_err(io::Error::other)?
    }
}

async fn serve(listener: TcpListener, service: Service) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        match service {
            Service::Echo(size) => drop(monoio::spawn(echo(stream, size))),
            _ => drop(monoio::spawn(async move { drop(stream) })),
        }
    }
}

async fn echo(mut stream: TcpStream, size: usize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buf = Vec::with_capacity(size);
    loop {
        let (n, filled) = stream.read(buf).await;
        if n? == 0 {
            return Ok(());
        }
        let (written, sent) = stream.write_all(filled).await;
        written?;
        buf = sent;
        buf.clear();
    }
}
