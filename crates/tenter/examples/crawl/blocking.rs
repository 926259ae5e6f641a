//! The crawler to compare with: blocking sockets, one page at a time, on one connection that is kept alive.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use url::Url;

use crate::crawl::{Failure, Fetched, Frontier, Plan, Tally};
use crate::html::path_and_query;

/// How long a read blocks before it looks at the deadline and at Ctrl-C.
const TICK: Duration = Duration::from_millis(100);

/// The longest response head taken, in bytes.
const MAX_HEAD: u64 = 64 * 1024;

pub(crate) fn crawl(plan: Plan) -> Tally {
    let mut waiting = VecDeque::from([plan.start.clone()]);
    let frontier = Frontier::new(plan);
    let mut client = Client { plan: frontier.plan().clone(), connection: None };
    while let Some(url) = waiting.pop_front() {
        if frontier.plan().stopped() {
            break;
        }
        let mut result = client.fetch(&url);
        for _ in 0..frontier.plan().limits.retries {
            match &result {
                Err(failure) if failure.is_transient() => frontier.retried(),
                _ => break,
            }
            result = client.fetch(&url);
        }
        waiting.extend(frontier.record(&url, result.map(|body| Fetched { body, html: true })));
    }
    frontier.tally()
}

/// A socket whose reads end at a deadline.
#[derive(Debug)]
struct Timed {
    stream: TcpStream,
    deadline: Instant,
    plan: Plan,
}

impl Read for Timed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(buf) {
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    if self.plan.stopped() || Instant::now() >= self.deadline {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                result => return result,
            }
        }
    }
}

struct Client {
    plan: Plan,
    /// The connection of the last page, if it can serve another.
    connection: Option<(SocketAddr, BufReader<Timed>)>,
}

/// What a response's head says.
struct Head {
    status: u16,
    length: Option<u64>,
    chunked: bool,
    close: bool,
}

impl Client {
    fn fetch(&mut self, url: &Url) -> Result<Vec<u8>, Failure> {
        let result = self.attempt(url);
        match result {
            Err(_) if self.plan.stopped() => Err(Failure::Stopped),
            result => result,
        }
    }

    fn attempt(&mut self, url: &Url) -> Result<Vec<u8>, Failure> {
        let address = address(url)?;
        let deadline = Instant::now() + self.plan.limits.timeout;
        let mut reader = match self.connection.take() {
            Some((other, reader)) if other == address => reader,
            _ => self.connect(address, deadline)?,
        };
        reader.get_mut().deadline = deadline;
        let request =
            format!("GET {} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: tenter-crawl\r\n\r\n", path_and_query(url));
        reader.get_mut().stream.write_all(request.as_bytes())?;
        let head = read_head(&mut reader)?;
        let body = read_body(&mut reader, &head, self.plan.limits.max_body)?;
        if !head.close {
            self.connection = Some((address, reader));
        }
        if head.status == 200 { Ok(body) } else { Err(Failure::Status(head.status)) }
    }

    fn connect(&self, address: SocketAddr, deadline: Instant) -> Result<BufReader<Timed>, Failure> {
        let stream = TcpStream::connect_timeout(&address, self.plan.limits.timeout)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(self.plan.limits.timeout))?;
        Ok(BufReader::new(Timed { stream, deadline, plan: self.plan.clone() }))
    }
}

/// The address of a site that is named by its number.
fn address(url: &Url) -> Result<SocketAddr, Failure> {
    let ip = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.into(),
        Some(url::Host::Ipv6(ip)) => ip.into(),
        _ => return Err(Failure::Broken(format!("{url}: expected an address, not a name"))),
    };
    Ok(SocketAddr::new(ip, url.port_or_known_default().unwrap_or(80)))
}

fn broken<T>(what: &str) -> Result<T, Failure> {
    Err(Failure::Broken(what.to_owned()))
}

fn read_line(reader: &mut impl BufRead, limit: u64) -> Result<String, Failure> {
    let mut line = Vec::new();
    reader.take(limit).read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return broken("a line without an end");
    }
    Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
}

fn read_head(reader: &mut impl BufRead) -> Result<Head, Failure> {
    let mut left = MAX_HEAD;
    let mut line = read_line(reader, left)?;
    let status = match line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)) {
        Some(code) => code.parse().or_else(|_| broken("a status that isn't a number"))?,
        None => return broken("a response that isn't HTTP/1.1"),
    };
    let mut head = Head { status, length: None, chunked: false, close: false };
    loop {
        left = left.saturating_sub(line.len() as u64 + 2);
        line = read_line(reader, left)?;
        if line.is_empty() {
            return Ok(head);
        }
        let Some((name, value)) = line.split_once(':') else { return broken("a header without a colon") };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => head.length = Some(value.parse().or_else(|_| broken("a bad content-length"))?),
            "transfer-encoding" => head.chunked = value.eq_ignore_ascii_case("chunked"),
            "connection" => head.close = value.eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
}

fn read_body(reader: &mut impl BufRead, head: &Head, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    if head.chunked {
        loop {
            let line = read_line(reader, 128)?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).or_else(|_| broken("a chunk without a size"))?;
            if size == 0 {
                while !read_line(reader, MAX_HEAD)?.is_empty() {}
                return Ok(body);
            }
            append(reader, &mut body, size, limit)?;
            if !read_line(reader, 2)?.is_empty() {
                return broken("a chunk that is longer than it says");
            }
        }
    }
    match head.length {
        Some(length) => append(reader, &mut body, length, limit)?,
        None => return broken("a body without a length"),
    }
    Ok(body)
}

/// Appends exactly `size` bytes to a body that may not grow beyond `limit`.
fn append(reader: &mut impl Read, body: &mut Vec<u8>, size: u64, limit: usize) -> Result<(), Failure> {
    if size > (limit - body.len()) as u64 {
        return Err(Failure::TooLarge);
    }
    if reader.take(size).read_to_end(body)? as u64 == size { Ok(()) } else { broken("a body that ends too early") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(bytes: &str) -> Result<String, Failure> {
        let mut reader = bytes.as_bytes();
        let head = read_head(&mut reader)?;
        read_body(&mut reader, &head, 10).map(|body| format!("{} {}", head.status, String::from_utf8_lossy(&body)))
    }

    #[test]
    fn both_kinds_of_body_are_read() {
        assert_eq!(response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello more").unwrap(), "200 hello");
        let chunked =
            "HTTP/1.1 404 No\r\ntransfer-encoding: Chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nT: t\r\n\r\n";
        assert_eq!(response(chunked).unwrap(), "404 hello");
    }

    #[test]
    fn bodies_have_a_limit() {
        let long = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n";
        assert_eq!(response(long), Err(Failure::TooLarge));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n";
        assert_eq!(response(chunked), Err(Failure::TooLarge));
    }

    #[test]
    fn what_is_not_http_is_broken() {
        for bytes in [
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 two\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-",
        ] {
            assert!(matches!(response(bytes), Err(Failure::Broken(_))), "{bytes:?}");
        }
    }
}
