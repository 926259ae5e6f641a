//! What a Unix is asked directly.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
pub(crate) use std::os::fd::AsFd as AsSource;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};
use tenter_reactor::Source;
use tenter_runtime::Direction;

/// What a reactor watches.
pub(crate) fn source(io: &impl AsSource) -> Source<'_> {
    io.as_fd().into()
}

/// Puts a file descriptor into non-blocking mode, in one call.
///
/// As the standard library does on Linux, and only there: elsewhere some kinds of files don't know the request.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn set_nonblocking(io: &impl AsSource) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(io.as_fd(), true)?)
}

/// Puts a file descriptor into non-blocking mode.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn set_nonblocking(io: &impl AsSource) -> io::Result<()> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    let fd = io.as_fd();
    let flags = fcntl_getfl(fd)?;
    if !flags.contains(OFlags::NONBLOCK) {
        fcntl_setfl(fd, flags | OFlags::NONBLOCK)?;
    }
    Ok(())
}

/// Whether an operation would not block right now (or would fail at once).
///
/// What a source's word remembers may be stale after operations that went past it; this asks.
pub(crate) fn is_ready(io: &impl AsSource, direction: Direction) -> io::Result<bool> {
    let flags = match direction {
        Direction::Read => PollFlags::IN | PollFlags::PRI,
        Direction::Write => PollFlags::OUT,
    };
    let mut fds = [PollFd::from_borrowed_fd(io.as_fd(), flags)];
    loop {
        match poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether a listener has no connection to give, if it is cheaper to ask than to accept in vain.
///
/// Linux makes a socket and a file before it looks for the connection, and takes both down again if there is none: 4 µs, where
/// `poll` costs 0.4.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn is_drained(listener: &impl AsSource) -> bool {
    matches!(is_ready(listener, Direction::Read), Ok(false))
}

/// Whether a listener has no connection to give, if it is cheaper to ask than to accept in vain.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn is_drained(_: &impl AsSource) -> bool {
    false
}

/// Prepares the address of a listener for being used again, and shared if `share` says so.
pub(crate) fn allow_reuse(listener: &Socket, share: bool) -> io::Result<()> {
    // As the standard library does: a server that is started again need not wait for old connections to fade.
    listener.set_reuse_address(true)?;
    if share {
        share_port(listener)?;
    }
    Ok(())
}

#[cfg(not(any(target_os = "illumos", target_os = "solaris")))]
fn share_port(listener: &Socket) -> io::Result<()> {
    listener.set_reuse_port(true)
}

#[cfg(any(target_os = "illumos", target_os = "solaris"))]
fn share_port(_: &Socket) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "listeners can't share a port on this system (no SO_REUSEPORT)"))
}

/// Takes a connection, whose socket does not block.
///
/// The standard library has `accept4` make it close-on-exec alone, and the rest would be two more calls.
#[cfg(not(target_vendor = "apple"))]
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

    // SAFETY: the kernel writes an address of the length that it leaves in `len`, and no more than that said before; the descriptor
    // that it gives is new, and nobody else's.
    let accepted = unsafe {
        socket2::SockAddr::try_init(|addr, len| {
            let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
            let socket = libc::accept4(listener.as_raw_fd(), addr.cast(), len, flags);
            if socket < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(socket)) }
        })
    };
    let (socket, addr) = accepted?;
    Ok((socket.into(), addr.as_socket().ok_or(io::ErrorKind::ConnectionAborted)?))
}

/// Takes a connection, whose socket does not block.
#[cfg(target_vendor = "apple")]
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, addr) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, addr))
}

/// A socket that does not block and has begun to connect; `true` if that is done already.
pub(crate) fn start_connect(addr: SocketAddr) -> io::Result<(TcpStream, bool)> {
    let socket = new_socket(addr)?;
    match socket.connect(&addr.into()).map_err(errno) {
        Ok(()) => Ok((socket.into(), true)),
        Err((Some(Errno::INPROGRESS | Errno::AGAIN | Errno::INTR), _)) => Ok((socket.into(), false)),
        Err((_, error)) => Err(error),
    }
}

/// The system's number of an error, to be matched.
fn errno(error: io::Error) -> (Option<Errno>, io::Error) {
    (Errno::from_io_error(&error), error)
}

#[cfg(not(target_vendor = "apple"))]
fn new_socket(addr: SocketAddr) -> io::Result<Socket> {
    let kind = Type::from(libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK);
    Socket::new_raw(Domain::for_address(addr), kind, None)
}

#[cfg(target_vendor = "apple")]
fn new_socket(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Whether a connection that was begun is made: `WouldBlock` if not yet, else how it ended.
///
/// Linux answers that to a second `connect`, in one call that a spurious event cannot mislead.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn finish_connect(socket: &TcpStream, addr: SocketAddr) -> io::Result<()> {
    match socket2::SockRef::from(socket).connect(&addr.into()).map_err(errno) {
        Ok(()) | Err((Some(Errno::ISCONN), _)) => Ok(()),
        Err((Some(Errno::ALREADY | Errno::INPROGRESS), _)) => Err(io::ErrorKind::WouldBlock.into()),
        Err((_, error)) => Err(error),
    }
}

/// Whether a connection that was begun is made: `WouldBlock` if not yet, else how it ended.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn finish_connect(socket: &TcpStream, _: SocketAddr) -> io::Result<()> {
    if !is_ready(socket, Direction::Write)? {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    socket.take_error()?.map_or(Ok(()), Err)
}
