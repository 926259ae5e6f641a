//! What `Async` can do with the standard library's Unix sockets, as in smol.

use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_lite::stream;
use rustix::io::Errno;
use socket2::{Domain, SockAddr, Socket, Type};
use tenter_core::coop;
use tenter_runtime::{Direction, Ready};

use crate::{Async, Timer};

/// How long to wait before another attempt at what the system tells nobody the end of, a listener's full backlog or a
/// receiver's full queue: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

impl Async<UnixListener> {
    /// Binds a listener to a path, which is made and must not exist.
    ///
    /// ```
    /// use std::os::unix::net::{UnixListener, UnixStream};
    /// use futures_lite::{AsyncReadExt, AsyncWriteExt};
    /// use tenter_io::Async;
    ///
    /// # let path = std::env::temp_dir().join(format!("tenter-io-{}.socket", std::process::id()));
    /// tenter_runtime::block_on(async {
    ///     let listener = Async::<UnixListener>::bind(&path)?;
    ///     let mut client = Async::<UnixStream>::connect(&path).await?;
    ///     let (mut server, _) = listener.accept().await?;
    ///     client.write_all(b"ask").await?;
    ///     let mut heard = [0; 3];
    ///     server.read_exact(&mut heard).await?;
    ///     assert_eq!(&heard, b"ask");
    ///     std::fs::remove_file(&path)
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the path exists ([`AddrInUse`](io::ErrorKind::AddrInUse), also when nobody listens there any more: remove the
    /// file), is too long, can't be made, or as [`Async::new`].
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::new(UnixListener::bind(path)?)
    }

    /// Accepts a connection; the address is that of the other end, which has no name unless it was bound to one.
    ///
    /// # Errors
    /// What the system says; with too many open files (`EMFILE`) the connection stays in the backlog, so wait before
    /// the next try. A reactor with edges (epoll) is told of a connection only when an operation has to wait; if it can
    /// watch no more, that operation fails.
    ///
    /// # Cancel safety
    /// A connection is either given or stays in the backlog.
    pub async fn accept(&self) -> io::Result<(Async<UnixStream>, SocketAddr)> {
        let (stream, addr) = self.read_with(accept).await?;
        self.wait_if_drained();
        Ok((Async::watched_when_awaited(stream)?, addr))
    }

    /// Polls for a connection; as [`accept`](Self::accept), for use in a `poll` function.
    ///
    /// # Errors
    /// As `accept`.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Async<UnixStream>, SocketAddr)>> {
        let (stream, addr) = ready!(self.poll_with(cx, Direction::Read, accept))?;
        self.wait_if_drained();
        Poll::Ready(Ok((Async::watched_when_awaited(stream)?, addr)))
    }

    /// The connections, one after the other, without end.
    pub fn incoming(&self) -> impl Stream<Item = io::Result<Async<UnixStream>>> + Send + '_ {
        stream::unfold(
            self,
            |listener| async move { Some((listener.accept().await.map(|(stream, _)| stream), listener)) },
        )
    }
}

fn accept(listener: &UnixListener) -> io::Result<(UnixStream, SocketAddr)> {
    let (stream, addr) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, addr))
}

impl Async<UnixStream> {
    /// Connects to a path that somebody listens at.
    ///
    /// While as many connections wait there as the listener lets (Linux), it tries again every now and then, up to
    /// 64 ms apart.
    ///
    /// # Errors
    /// If nobody listens there, the path can't be reached or is too long, or as [`Async::new`].
    ///
    /// # Cancel safety
    /// The attempt is given up and its socket closed.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let addr = SockAddr::unix(path)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        let mut pauses = Pauses::new();
        let in_progress = loop {
            match socket.connect(&addr) {
                Ok(()) => break false,
                Err(error) => match Errno::from_io_error(&error) {
                    Some(Errno::INPROGRESS) => break true,
                    Some(Errno::AGAIN) => pauses.next().await,
                    Some(Errno::INTR) => {}
                    _ => return Err(error),
                },
            }
        };
        let stream = Self::watched_when_awaited(UnixStream::from(OwnedFd::from(socket)))?;
        if in_progress {
            stream.source().clear_ready(Ready::ASSUMED, Direction::Write);
            stream.writable().await?;
            stream.get_ref().take_error()?.map_or(Ok(()), Err)?;
        }
        Ok(stream)
    }

    /// Two streams that are connected to each other and have no name.
    ///
    /// ```
    /// use std::os::unix::net::UnixStream;
    /// use futures_lite::{AsyncReadExt, AsyncWriteExt};
    /// use tenter_io::Async;
    ///
    /// tenter_runtime::block_on(async {
    ///     let (mut a, mut b) = Async::<UnixStream>::pair()?;
    ///     a.write_all(b"across").await?;
    ///     drop(a);
    ///     let mut heard = String::new();
    ///     b.read_to_string(&mut heard).await?;
    ///     assert_eq!(heard, "across");
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// What the system says, or as [`Async::new`].
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = UnixStream::pair()?;
        Ok((Self::new(a)?, Self::new(b)?))
    }
}

impl Async<UnixDatagram> {
    /// Binds a socket to a path, which is made and must not exist.
    ///
    /// ```
    /// use std::os::unix::net::UnixDatagram;
    /// use tenter_io::Async;
    ///
    /// # let path = std::env::temp_dir().join(format!("tenter-io-{}.datagram", std::process::id()));
    /// tenter_runtime::block_on(async {
    ///     let server = Async::<UnixDatagram>::bind(&path)?;
    ///     let client = Async::<UnixDatagram>::unbound()?;
    ///     client.send_to(b"ask", &path).await?;
    ///     let mut buf = [0; 16];
    ///     let (len, _) = server.recv_from(&mut buf).await?;
    ///     assert_eq!(&buf[..len], b"ask");
    ///     std::fs::remove_file(&path)
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Async::<UnixListener>::bind`](Async::<UnixListener>::bind).
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::new(UnixDatagram::bind(path)?)
    }

    /// A socket without a name.
    ///
    /// # Errors
    /// What the system says, or as [`Async::new`].
    pub fn unbound() -> io::Result<Self> {
        Self::new(UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected to each other and have no name.
    ///
    /// ```
    /// use std::os::unix::net::UnixDatagram;
    /// use tenter_io::Async;
    ///
    /// tenter_runtime::block_on(async {
    ///     let (a, b) = Async::<UnixDatagram>::pair()?;
    ///     a.send(b"across").await?;
    ///     let mut buf = [0; 16];
    ///     let len = b.recv(&mut buf).await?;
    ///     assert_eq!(&buf[..len], b"across");
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// What the system says, or as [`Async::new`].
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = UnixDatagram::pair()?;
        Ok((Self::new(a)?, Self::new(b)?))
    }

    /// Receives one datagram, and tells where it comes from. What does not fit into the buffer is lost.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Cancel safety
    /// A datagram is either given or stays in the socket.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.recv_from(buf)).await
    }

    /// Sends one datagram to a path, waiting while the receiver has no room for it; how many bytes were sent, which is
    /// all of them.
    ///
    /// Systems tell nobody when a receiver has room again to which the socket is not connected, so then it tries again
    /// every now and then, up to 64 ms apart.
    ///
    /// # Errors
    /// What the system says: nobody is bound there, or it is too long for a datagram.
    ///
    /// # Cancel safety
    /// It is either sent or not; if this is dropped while it waits, it is not.
    pub async fn send_to(&self, buf: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        unit_of_budget().await;
        let mut pauses = Pauses::new();
        loop {
            // Not by readiness: that is about this socket's own buffer and the peer that it is connected to.
            match self.get_ref().send_to(buf, &path) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock || no_buffers(&error) => pauses.next().await,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// Receives one datagram. What does not fit into the buffer is lost.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Cancel safety
    /// A datagram is either given or stays in the socket.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|socket| socket.recv(buf)).await
    }

    /// Sends one datagram to the socket that this one is connected to, waiting while that has no room for it; how many
    /// bytes were sent, which is all of them.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to), or if the socket is not connected.
    ///
    /// # Cancel safety
    /// As `send_to`.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        let mut pauses = Pauses::new();
        loop {
            match self.write_with(|socket| socket.send(buf)).await {
                Err(error) if no_buffers(&error) => pauses.next().await,
                done => return done,
            }
        }
    }
}

/// How other systems than Linux say that the receiver of a datagram has no room for it.
fn no_buffers(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::NOBUFS)
}

/// Gives way if the task has used its budget up.
async fn unit_of_budget() {
    poll_fn(coop::poll_proceed).await.made_progress();
}

/// Growing pauses between attempts.
struct Pauses(Duration);

impl Pauses {
    fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    async fn next(&mut self) {
        Timer::after(self.0).await;
        self.0 = LONGEST_PAUSE.min(self.0 * 2);
    }
}

macro_rules! from_std {
    ($($type:ty),*) => {
        $(
            impl TryFrom<$type> for Async<$type> {
                type Error = io::Error;

                fn try_from(socket: $type) -> io::Result<Self> {
                    Self::new(socket)
                }
            }
        )*
    };
}

from_std!(UnixListener, UnixStream, UnixDatagram);
