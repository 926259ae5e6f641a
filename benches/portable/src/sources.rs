//! How many sources a reactor watches before it, or the system, has enough.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tenter::time::timeout;
use tenter::{Async, Backend, Builder, Runtime};

use crate::{Extent, child};

/// The name of the child process that tries. It prints what it found out.
pub(crate) const CHILD: &str = "sources";

/// Sockets that are opened first and closed at the end, so that the system has room for everything else.
const SPARE: usize = 64;

/// How long a report may take. Wine needs time for a call with thousands of sockets.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a child finds out, in a few words.
pub(crate) fn verdict(backend: Backend, extent: Extent) -> io::Result<String> {
    let output = child(CHILD, backend, extent)?.output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{backend}: the child process ended with {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Is such a child.
pub(crate) fn watch(backend: Backend, extent: Extent) -> io::Result<()> {
    let (count, end) = fill(backend, extent.sources)?;
    match end {
        End::Enough => println!("at least {count}: no more were tried"),
        End::Refused => println!("{count}, then it refuses"),
        End::Limit => println!("at least {count}: the system opens no more"),
    }
    Ok(())
}

/// Who had enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// We.
    Enough,
    /// The reactor.
    Refused,
    /// The system.
    Limit,
}

/// Waits for a datagram on each of many sockets until someone has enough; then sees whether the last, the middle and the
/// first one are reported, from among all others, when there is something to read.
fn fill(backend: Backend, most: usize) -> io::Result<(usize, End)> {
    let runtime = Builder::new_current_thread().reactor(backend).build().map_err(io::Error::other)?;
    let spare: Vec<_> = (0..SPARE).map_while(|_| open().ok()).collect();
    let (mut sources, mut end) = (Vec::new(), End::Enough);
    while sources.len() < most && end == End::Enough {
        match open() {
            Err(_) => end = End::Limit,
            Ok((socket, address)) => match awaited(&runtime, socket) {
                Ok(source) => sources.push((source, address)),
                Err(_) => end = End::Refused,
            },
        }
    }
    drop(spare);
    let count = sources.len();
    for which in [count.saturating_sub(1), count / 2, 0] {
        let (source, address) = sources.get(which).ok_or_else(|| io::Error::other("no source is watched"))?;
        open()?.0.send_to(b"x", address)?;
        runtime.block_on(timeout(PATIENCE, source.recv(&mut [0]))).map_err(io::Error::other)??;
    }
    Ok((count, end))
}

fn open() -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

/// A socket that is registered, and someone waits for it: only then does every kind of reactor watch it. Outside of the
/// runtime, because there nobody drives between one and the next.
fn awaited(runtime: &Runtime, socket: UdpSocket) -> io::Result<Async<UdpSocket>> {
    let source = runtime.enter(|| Async::new(socket))?;
    match source.poll_readable(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => Ok(source),
        Poll::Ready(outcome) => Err(outcome.err().unwrap_or_else(|| io::Error::other("nothing was sent"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_of_many_sources_are_reported() {
        for backend in Backend::working() {
            assert_eq!(fill(backend, 200).unwrap(), (200, End::Enough), "{backend}");
        }
    }
}
