//! Sockets and pipes to try reactors on.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use super::{Stop, ensure};

/// Two connected local sockets that do not block.
pub(super) fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (a, b) = UnixStream::pair()?;
    a.set_nonblocking(true)?;
    b.set_nonblocking(true)?;
    Ok((a, b))
}

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

/// The reading and the writing end of a pipe; neither blocks.
pub(super) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = rustix::pipe::pipe()?;
    for end in [&read, &write] {
        rustix::io::ioctl_fionbio(end.as_fd(), true)?;
    }
    Ok((read, write))
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
