//! What `Async` can do with the standard library's UDP socket, as in smol.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use crate::Async;

impl Async<UdpSocket> {
    /// Binds a socket to an address; port 0 stands for any free one.
    ///
    /// ```
    /// use std::net::UdpSocket;
    /// use tenter_io::Async;
    ///
    /// tenter_runtime::block_on(async {
    ///     let server = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    ///     let client = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    ///     client.send_to(b"ask", server.get_ref().local_addr()?).await?;
    ///     let mut buf = [0; 16];
    ///     let (len, from) = server.recv_from(&mut buf).await?;
    ///     assert_eq!(&buf[..len], b"ask");
    ///     assert_eq!(from, client.get_ref().local_addr()?);
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the address is in use or not this machine's, or as [`Async::new`].
    pub fn bind(addr: impl Into<SocketAddr>) -> io::Result<Self> {
        Self::new(UdpSocket::bind(addr.into())?)
    }

    /// Receives one datagram, and tells where it comes from. What does not fit into the buffer is lost.
    ///
    /// # Errors
    /// What the system says; on Windows, also that a datagram did not fit.
    ///
    /// # Cancel safety
    /// A datagram is either given or stays in the socket.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.recv_from(buf)).await
    }

    /// As [`recv_from`](Self::recv_from), leaving the datagram in the socket.
    ///
    /// # Errors
    /// As `recv_from`.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.peek_from(buf)).await
    }

    /// Sends one datagram to an address; how many bytes were sent, which is all of them.
    ///
    /// # Errors
    /// What the system says: it is too long for a datagram, or the address can't be reached.
    ///
    /// # Cancel safety
    /// It is either sent or not; if this is dropped while it waits, it is not.
    pub async fn send_to(&self, buf: &[u8], addr: impl Into<SocketAddr>) -> io::Result<usize> {
        let addr = addr.into();
        self.write_with(|socket| socket.send_to(buf, addr)).await
    }

    /// Receives one datagram from the address that the socket is connected to. What does not fit into the buffer is
    /// lost.
    ///
    /// # Errors
    /// What the system says, about a datagram that was sent before too: nobody takes it
    /// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)). The socket goes on after that.
    ///
    /// # Cancel safety
    /// A datagram is either given or stays in the socket.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|socket| socket.recv(buf)).await
    }

    /// As [`recv`](Self::recv), leaving the datagram in the socket.
    ///
    /// # Errors
    /// As `recv`.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|socket| socket.peek(buf)).await
    }

    /// Sends one datagram to the address that the socket is connected to; how many bytes were sent, which is all of
    /// them.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to), or if the socket is not connected; and as [`recv`](Self::recv) about one before.
    ///
    /// # Cancel safety
    /// As `send_to`.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.write_with(|socket| socket.send(buf)).await
    }
}

impl TryFrom<UdpSocket> for Async<UdpSocket> {
    type Error = io::Error;

    fn try_from(socket: UdpSocket) -> io::Result<Self> {
        Self::new(socket)
    }
}
