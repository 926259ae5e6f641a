//! `UnixDatagram`.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tenter_io::Async;

use crate::convert::conversions;

/// A Unix socket for datagrams, which unlike UDP's come in order and are not lost: a sender waits while the receiver has
/// no room. Clones are the same socket.
///
/// It can be made of an [`Async`] or of the standard library's socket, too, and gives the [`Async`] within through
/// [`AsRef`] and [`Into`].
///
/// ```
/// use tenter_net::unix::UnixDatagram;
///
/// # let path = std::env::temp_dir().join(format!("tenter-net-{}.datagram", std::process::id()));
/// tenter_runtime::block_on(async {
///     let server = UnixDatagram::bind(&path)?;
///     let client = UnixDatagram::unbound()?;
///     client.send_to(b"hello", &path).await?;
///     let mut buf = [0; 16];
///     let (len, _) = server.recv_from(&mut buf).await?;
///     assert_eq!(&buf[..len], b"hello");
///     std::fs::remove_file(&path)
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct UnixDatagram(pub(crate) Arc<Async<std::os::unix::net::UnixDatagram>>);

impl UnixDatagram {
    /// Binds a socket to a path, which is made and must not exist.
    ///
    /// # Errors
    /// If the path exists ([`AddrInUse`](io::ErrorKind::AddrInUse), also when nobody is bound there any more: remove the
    /// file), is too long (about 100 bytes) or can't be made; or if the reactor can't watch one more socket.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Async::<std::os::unix::net::UnixDatagram>::bind(path).map(Self::from)
    }

    /// A socket without a name, which can send and, once it is connected, be sent to by nobody else.
    ///
    /// # Errors
    /// What the system says; or if the reactor can't watch one more socket.
    pub fn unbound() -> io::Result<Self> {
        Async::<std::os::unix::net::UnixDatagram>::unbound().map(Self::from)
    }

    /// Two sockets that are connected to each other and have no name.
    ///
    /// ```
    /// use tenter_net::unix::UnixDatagram;
    ///
    /// tenter_runtime::block_on(async {
    ///     let (a, b) = UnixDatagram::pair()?;
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
    /// What the system says; or if the reactor can't watch two more sockets.
    #[doc(alias = "socketpair")]
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = Async::<std::os::unix::net::UnixDatagram>::pair()?;
        Ok((a.into(), b.into()))
    }

    /// Connects the socket to a path: [`send`](Self::send) sends there, and datagrams from elsewhere are not received.
    ///
    /// # Errors
    /// If nobody is bound there, or the path can't be reached or is too long.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.0.get_ref().connect(path)
    }

    /// The path that it is bound to, if there is one.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().local_addr()
    }

    /// The path that it is connected to, if that has one.
    ///
    /// # Errors
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it isn't.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().peer_addr()
    }

    /// Receives one datagram, and tells where it comes from. What does not fit into the buffer is lost.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Cancel safety
    /// A datagram is either given or stays in the socket.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.recv_from(buf).await
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
    pub async fn send_to<P: AsRef<Path>>(&self, buf: &[u8], path: P) -> io::Result<usize> {
        self.0.send_to(buf, path).await
    }

    /// Receives one datagram. What does not fit into the buffer is lost.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Cancel safety
    /// A datagram is either given or stays in the socket.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.recv(buf).await
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
        self.0.send(buf).await
    }

    /// Shuts down receiving, sending, or both, for all clones.
    ///
    /// # Errors
    /// What the system says.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.get_ref().shutdown(how)
    }
}

conversions!(UnixDatagram, std::os::unix::net::UnixDatagram);
