//! compio: one thread, on io_uring. Operations own their buffers.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use compio::buf::BufResult;
use compio::io::{AsyncRead, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream};
use compio::runtime::Runtime;

use super::{ANY_PORT, Entrant, Service, unsupported};

#[derive(Debug)]
pub(in crate::sockets) struct Compio;

impl Entrant for Compio {
    const NAME: &'static str = "compio";

    fn start(service: Service, _workers: usize) -> io::Result<SocketAddr> {
        if !matches!(service, Service::Echo(_) | Service::Close) {
            return Err(unsupported(service));
        }
        let (started, address) = mpsc::channel();
        thread::spawn(move || {
            Runtime::new()?.block_on(async {
                let listener = TcpListener::bind(ANY_PORT).await?;
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
            Service::Echo(size) => compio::runtime::spawn(echo(stream, size)).detach(),
            _ => compio::runtime::spawn(async move { drop(stream) }).detach(),
        }
    }
}

async fn echo(mut stream: TcpStream, size: usize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buf = Vec::with_capacity(size);
    loop {
        let BufResult(n, filled) = stream.read(buf).await;
        if n? == 0 {
            return Ok(());
        }
        let BufResult(written, sent) = stream.write_all(filled).await;
        written?;
        buf = sent;
        buf.clear();
    }
}
