//! One connection of the generator: non-blocking, with at most one request under way.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_linger, set_tcp_nodelay};
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::exchange::{Exchange, http_response_len};

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) socket: OwnedFd,
    /// When the request that is under way was sent.
    pub(super) sent_at: Instant,
    unsent: usize,
    unread: usize,
}

impl Connection {
    pub(super) fn open(server: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect_timeout(&server, Duration::from_secs(5))?;
        socket.set_nonblocking(true)?;
        let socket = OwnedFd::from(socket);
        set_tcp_nodelay(&socket, true)?;
        reset_on_close(&socket)?;
        Ok(Connection { socket, sent_at: Instant::now(), unsent: 0, unread: 0 })
    }

    pub(super) fn is_idle(&self) -> bool {
        self.unread == 0
    }

    /// Sends a request. `now` is when its latency starts.
    pub(super) fn start(&mut self, exchange: &Exchange, now: Instant) -> io::Result<()> {
        self.sent_at = now;
        self.unsent = exchange.request.len();
        self.unread = exchange.expected;
        self.flush(exchange)
    }

    fn flush(&mut self, exchange: &Exchange) -> io::Result<()> {
        while self.unsent > 0 {
            let rest = &exchange.request[exchange.request.len() - self.unsent..];
            match send(&self.socket, rest, SendFlags::NOSIGNAL) {
                Ok(n) => self.unsent -= n,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Goes on after an event; says whether that was the end of a response.
    pub(super) fn ready(&mut self, exchange: &Exchange, scratch: &mut [u8]) -> io::Result<bool> {
        if self.is_idle() {
            return Ok(false);
        }
        self.flush(exchange)?;
        while self.unread > 0 {
            let wanted = self.unread.min(scratch.len());
            let n = match recv(&self.socket, &mut scratch[..wanted], RecvFlags::empty()) {
                Ok((0, _)) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up")),
                Ok((n, _)) => n,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            exchange.check(exchange.expected - self.unread, &scratch[..n])?;
            self.unread -= n;
            // Less than asked for: there is no more, and what comes later is an event.
            if n < wanted {
                break;
            }
        }
        Ok(self.unread == 0)
    }

    /// Sends one request and waits for its response, to learn how long that is.
    pub(super) fn learn(&mut self, exchange: &mut Exchange) -> io::Result<()> {
        let give_up = Instant::now() + Duration::from_secs(5);
        self.unsent = exchange.request.len();
        self.flush(exchange)?;
        let mut response = Vec::new();
        let mut buf = [0; 4096];
        while http_response_len(&response).is_none_or(|len| response.len() < len) {
            match recv(&self.socket, &mut buf[..], RecvFlags::empty()) {
                Ok((0, _)) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up")),
                Ok((n, _)) => response.extend_from_slice(&buf[..n]),
                Err(Errno::AGAIN) if Instant::now() < give_up => std::thread::sleep(Duration::from_millis(1)),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        exchange.check(0, &response)?;
        exchange.expected = response.len();
        Ok(())
    }
}

/// Makes closing a socket send a reset, so that neither side keeps the port pair for a minute: benchmarks would run out
/// of them.
pub(super) fn reset_on_close(socket: &OwnedFd) -> io::Result<()> {
    Ok(set_socket_linger(socket, Some(Duration::ZERO))?)
}
