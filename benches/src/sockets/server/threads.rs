//! No runtime: a thread per connection, and calls that block.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use super::{ANY_PORT, Entrant, Service, unsupported};
use crate::case::Role;

#[derive(Debug)]
pub(in crate::sockets) struct Threads;

impl Entrant for Threads {
    const NAME: &'static str = "threads";
    const ROLE: Role = Role::Bound;

    fn start(service: Service, _workers: usize) -> io::Result<SocketAddr> {
        if !matches!(service, Service::Echo(_) | Service::Close) {
            return Err(unsupported(service));
        }
        let listener = TcpListener::bind(ANY_PORT)?;
        let address = listener.local_addr()?;
        thread::spawn(move || serve(&listener, service));
        Ok(address)
    }
}

fn serve(listener: &TcpListener, service: Service) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        if let Service::Echo(size) = service {
            thread::spawn(move || echo(stream, size));
        }
    }
}

fn echo(mut stream: TcpStream, size: usize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buf = vec![0; size];
    loop {
        let n = stream.read(&mut buf)?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&buf[..n])?;
    }
}
