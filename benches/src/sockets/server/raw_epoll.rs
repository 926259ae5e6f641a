//! No runtime: one thread and an edge-triggered epoll loop by hand. What a runtime on epoll can reach at best.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::thread;

use rustix::io::Errno;
use rustix::net::sockopt::set_tcp_nodelay;
use rustix::net::{RecvFlags, SendFlags, SocketFlags, accept_with, recv, send};

use super::super::poller::Poller;
use super::{ANY_PORT, Entrant, Service, unsupported};
use crate::case::Role;

const LISTENER: usize = usize::MAX;

const HELLO: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\nHello, World!";

#[derive(Debug)]
pub(in crate::sockets) struct RawEpoll;

impl Entrant for RawEpoll {
    const NAME: &'static str = "raw-epoll";
    const ROLE: Role = Role::Bound;

    fn start(service: Service, _workers: usize) -> io::Result<SocketAddr> {
        let size = match service {
            Service::Echo(size) => size,
            Service::Close | Service::Hello => 1024,
            Service::HoggedEcho => return Err(unsupported(service)),
        };
        let listener = TcpListener::bind(ANY_PORT)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            let poller = Poller::new()?;
            poller.add(&listener, LISTENER)?;
            let connections = Vec::new();
            Loop { poller, listener, service, connections, free: Vec::new(), buf: vec![0; size] }.run()
        });
        Ok(address)
    }
}

#[derive(Debug)]
struct Connection {
    socket: OwnedFd,
    /// What the socket didn't take. Nothing is read while there is any.
    unsent: Vec<u8>,
}

struct Loop {
    poller: Poller,
    listener: TcpListener,
    service: Service,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    buf: Vec<u8>,
}

impl Loop {
    fn run(&mut self) -> io::Result<()> {
        loop {
            for i in 0..self.poller.wait(None)? {
                match self.poller.key(i) {
                    LISTENER => self.accept()?,
                    key => {
                        let hello = self.service == Service::Hello;
                        let Some(connection) = &mut self.connections[key] else { continue };
                        if connection.ready(&mut self.buf, hello).is_err() {
                            self.connections[key] = None;
                            self.free.push(key);
                        }
                    }
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let socket = match accept_with(&self.listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                Ok(socket) => socket,
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR | Errno::CONNABORTED) => continue,
                Err(error) => return Err(error.into()),
            };
            if self.service == Service::Close {
                continue;
            }
            set_tcp_nodelay(&socket, true)?;
            let key = self.free.pop().unwrap_or(self.connections.len());
            self.poller.add(&socket, key)?;
            let connection = Some(Connection { socket, unsent: Vec::new() });
            match self.connections.get_mut(key) {
                Some(slot) => *slot = connection,
                None => self.connections.push(connection),
            }
        }
    }
}

impl Connection {
    /// Goes on after an event. An error means that the connection has ended.
    fn ready(&mut self, buf: &mut [u8], hello: bool) -> io::Result<()> {
        if !self.unsent.is_empty() {
            let sent = self.send(&self.unsent)?;
            self.unsent.drain(..sent);
        }
        while self.unsent.is_empty() {
            let n = match recv(&self.socket, &mut *buf, RecvFlags::empty()) {
                Ok((0, _)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok((n, _)) => n,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            // A request comes in one piece here: the generator sends it with one call, and less than a segment.
            let response = if hello { HELLO } else { &buf[..n] };
            let sent = self.send(response)?;
            self.unsent.extend_from_slice(&response[sent..]);
            // Less than the buffer holds: there is no more, and what comes later is an event.
            if n < buf.len() {
                break;
            }
        }
        Ok(())
    }

    /// Sends what the socket takes, and says how much that was.
    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut sent = 0;
        while sent < bytes.len() {
            match send(&self.socket, &bytes[sent..], SendFlags::NOSIGNAL) {
                Ok(n) => sent += n,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(sent)
    }
}
