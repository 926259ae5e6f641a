//! Sockets to try reactors on.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::rig::PATIENCE;
use super::{Stop, Tried, ensure};

/// Two connected TCP sockets that do not block.
pub(super) fn tcp_pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let a = TcpStream::connect(listener.local_addr()?)?;
    let (b, _) = listener.accept()?;
    for stream in [&a, &b] {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
    }
    Ok((a, b))
}

/// Reads until it would block or the end; says how much there was, and whether it was the end.
pub(super) fn drain(mut stream: impl Read) -> Result<(usize, bool), Stop> {
    let mut buffer = [0; 4096];
    let mut total = 0;
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok((total, true)),
            Ok(count) => total += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok((total, false)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads what was sent, `count` bytes and no more, however long they are on their way.
pub(super) fn receive(mut stream: impl Read, count: usize) -> Tried {
    let end = Instant::now() + PATIENCE;
    let mut received = 0;
    loop {
        received += drain(&mut stream)?.0;
        ensure!(received <= count, "{received} bytes arrived, and only {count} were sent");
        if received == count {
            return Ok(());
        }
        ensure!(Instant::now() < end, "the system lost data: {received} of {count} bytes arrived");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Writes until it would block.
pub(super) fn fill(mut stream: impl Write) -> Result<usize, Stop> {
    let buffer = [7; 4096];
    let mut total = 0;
    loop {
        match stream.write(&buffer) {
            Ok(count) => {
                ensure!(count > 0, "a write of nothing");
                total += count;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(total),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}
