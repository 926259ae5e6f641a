//! What Windows is asked directly.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
pub(crate) use std::os::windows::io::AsSocket as AsSource;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, Socket, Type};
use tenter_reactor::Source;
use tenter_runtime::Direction;

/// What a reactor watches.
pub(crate) fn source(io: &impl AsSource) -> Source<'_> {
    io.as_socket().into()
}

/// Puts a socket into non-blocking mode.
pub(crate) fn set_nonblocking(io: &impl AsSource) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(io.as_socket(), true)?)
}

/// Whether an operation would not block right now (or would fail at once).
///
/// What a source's word remembers may be stale after operations that went past it; this asks.
pub(crate) fn is_ready(io: &impl AsSource, direction: Direction) -> io::Result<bool> {
    let (asked, unasked) = match direction {
        Direction::Read => (PollFlags::RDNORM | PollFlags::RDBAND, PollFlags::HUP),
        // That the peer sends no more makes no room to write.
        Direction::Write => (PollFlags::WRNORM, PollFlags::empty()),
    };
    let mut polled = [PollFd::from_borrowed_fd(io.as_socket(), asked)];
    poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
    Ok(polled[0].revents().intersects(asked | unasked | PollFlags::ERR | PollFlags::NVAL))
}

/// Whether a listener has no connection to give, if it is cheaper to ask than to accept in vain.
pub(crate) fn is_drained(_: &impl AsSource) -> bool {
    false
}

/// Prepares the address of a listener for being used again, and shared if `share` says so.
///
/// An address whose listener is gone can be used again at once here. The option of that name would let any program take over
/// the address of one that is there.
pub(crate) fn allow_reuse(_: &Socket, share: bool) -> io::Result<()> {
    if share {
        let message = "Windows has no SO_REUSEPORT: listen once, and give the connections to the threads";
        return Err(io::Error::new(io::ErrorKind::Unsupported, message));
    }
    Ok(())
}

/// Takes a connection, whose socket does not block.
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, addr) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, addr))
}

/// A socket that does not block and has begun to connect; `true` if that is done already.
pub(crate) fn start_connect(addr: SocketAddr) -> io::Result<(TcpStream, bool)> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    match socket.connect(&addr.into()) {
        Ok(()) => Ok((socket.into(), true)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok((socket.into(), false)),
        Err(error) => Err(error),
    }
}

/// Whether a connection that was begun is made: `WouldBlock` if not yet, else how it ended.
///
/// Not by `WSAPoll`, which does not report failures before version 2004 of Windows 10.
pub(crate) fn finish_connect(socket: &TcpStream, _: SocketAddr) -> io::Result<()> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    match socket.peer_addr() {
        Ok(_) => Ok(()),
        // It may have failed since the first look.
        Err(error) if error.kind() == io::ErrorKind::NotConnected => {
            Err(socket.take_error()?.unwrap_or_else(|| io::ErrorKind::WouldBlock.into()))
        }
        Err(error) => Err(error),
    }
}
