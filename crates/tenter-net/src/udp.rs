//! `UdpSocket`.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tenter_io::Async;

use crate::attempts::Attempts;
use crate::convert::conversions;
use crate::{AsyncToSocketAddrs, resolve};

/// A UDP socket. Clones are the same socket, so one task may receive while another sends.
///
/// It can be made of an [`Async`] or of the standard library's socket, too, and gives the [`Async`] within through
/// [`AsRef`] and [`Into`].
///
/// ```
/// use tenter_net::UdpSocket;
///
/// tenter_runtime::block_on(async {
///     let server = UdpSocket::bind("127.0.0.1:0").await?;
///     let addr = server.local_addr()?;
///     let echoing = tenter_runtime::spawn(async move {
///         let mut buf = [0; 1500];
///         let (len, from) = server.recv_from(&mut buf).await?;
///         server.send_to(&buf[..len], from).await
///     });
///
///     let client = UdpSocket::bind("127.0.0.1:0").await?;
///     client.connect(addr).await?;
///     client.send(b"hello").await?;
///     let mut buf = [0; 16];
///     let len = client.recv(&mut buf).await?;
///     assert_eq!(&buf[..len], b"hello");
///     echoing.await
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct UdpSocket(pub(crate) Arc<Async<std::net::UdpSocket>>);

impl UdpSocket {
    /// Binds a socket to the first address of a name that can be had; port 0 stands for any free one.
    ///
    /// # Errors
    /// The last address's, if none can be had; as [`resolve`]; or if the reactor can't watch one more socket.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn bind<A: AsyncToSocketAddrs>(addr: A) -> io::Result<Self> {
        let mut attempts = Attempts::default();
        for addr in resolve(addr).await? {
            match Async::<std::net::UdpSocket>::bind(addr) {
                Ok(socket) => return Ok(socket.into()),
                Err(error) => attempts.failed(addr, error),
            }
        }
        Err(attempts.into_error("no address could be bound"))
    }

    /// Connects the socket to the first address of a name that it can be: [`send`](Self::send) sends there, and
    /// datagrams from elsewhere are not received. Nothing is sent, so it is not known whether anybody is there.
    ///
    /// # Errors
    /// The last address's, if none will do; or as [`resolve`].
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn connect<A: AsyncToSocketAddrs>(&self, addr: A) -> io::Result<()> {
        let mut attempts = Attempts::default();
        for addr in resolve(addr).await? {
            match self.0.get_ref().connect(addr) {
                Ok(()) => return Ok(()),
                Err(error) => attempts.failed(addr, error),
            }
        }
        Err(attempts.into_error("no address could be connected to"))
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().local_addr()
    }

    /// The address that it is connected to.
    ///
    /// # Errors
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it isn't.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().peer_addr()
    }

    /// Receives one datagram, and tells where it comes from. What does not fit into the buffer is lost.
    ///
    /// # Errors
    /// What the system says; on Windows, also that a datagram did not fit.
    ///
    /// # Cancel safety
    /// A datagram is either given or stays in the socket.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.recv_from(buf).await
    }

    /// As [`recv_from`](Self::recv_from), leaving the datagram in the socket.
    ///
    /// # Errors
    /// As `recv_from`.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.peek_from(buf).await
    }

    /// Sends one datagram to the first address of a name; how many bytes were sent, which is all of them.
    ///
    /// # Errors
    /// What the system says: it is too long for a datagram, the address can't be reached, or is of another family than
    /// the socket's; as [`resolve`]; or [`InvalidInput`](io::ErrorKind::InvalidInput) if the name has no address.
    ///
    /// # Cancel safety
    /// It is either sent or not; if this is dropped while it waits, it is not.
    pub async fn send_to<A: AsyncToSocketAddrs>(&self, buf: &[u8], addr: A) -> io::Result<usize> {
        match resolve(addr).await?.first() {
            Some(addr) => self.0.send_to(buf, *addr).await,
            None => Err(Attempts::default().into_error("nowhere to send to")),
        }
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
        self.0.recv(buf).await
    }

    /// As [`recv`](Self::recv), leaving the datagram in the socket.
    ///
    /// # Errors
    /// As `recv`.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.peek(buf).await
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
        self.0.send(buf).await
    }

    /// Joins the group of an IPv4 multicast address on the interface that has an address, or on any one for
    /// [`Ipv4Addr::UNSPECIFIED`].
    ///
    /// # Errors
    /// What the system says.
    pub fn join_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.0.get_ref().join_multicast_v4(&multiaddr, &interface)
    }

    /// Leaves a group that was joined with [`join_multicast_v4`](Self::join_multicast_v4).
    ///
    /// # Errors
    /// What the system says.
    pub fn leave_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.0.get_ref().leave_multicast_v4(&multiaddr, &interface)
    }

    /// Joins the group of an IPv6 multicast address on the interface with an index, or on any one for 0.
    ///
    /// # Errors
    /// What the system says.
    pub fn join_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.get_ref().join_multicast_v6(multiaddr, interface)
    }

    /// Leaves a group that was joined with [`join_multicast_v6`](Self::join_multicast_v6).
    ///
    /// # Errors
    /// What the system says.
    pub fn leave_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.get_ref().leave_multicast_v6(multiaddr, interface)
    }
}

/// An option of the socket: how it is asked for, and set.
macro_rules! option {
    ($(#[$doc:meta])* $get:ident, $(#[$set_doc:meta])* $set:ident, $type:ty) => {
        impl UdpSocket {
            $(#[$doc])*
            ///
            /// # Errors
            /// What the system says.
            pub fn $get(&self) -> io::Result<$type> {
                self.0.get_ref().$get()
            }

            $(#[$set_doc])*
            ///
            /// # Errors
            /// What the system says.
            pub fn $set(&self, value: $type) -> io::Result<()> {
                self.0.get_ref().$set(value)
            }
        }
    };
}

option! {
    /// Whether it may send to a broadcast address (`SO_BROADCAST`).
    broadcast,
    /// Sets whether it may send to a broadcast address (`SO_BROADCAST`).
    set_broadcast, bool
}

option! {
    /// Whether IPv4 multicast datagrams sent come back to this machine's own members of the group.
    multicast_loop_v4,
    /// Sets whether IPv4 multicast datagrams sent come back to this machine's own members of the group.
    set_multicast_loop_v4, bool
}

option! {
    /// The time to live of IPv4 multicast datagrams sent, in hops.
    multicast_ttl_v4,
    /// Sets the time to live of IPv4 multicast datagrams sent, in hops.
    set_multicast_ttl_v4, u32
}

option! {
    /// Whether IPv6 multicast datagrams sent come back to this machine's own members of the group.
    multicast_loop_v6,
    /// Sets whether IPv6 multicast datagrams sent come back to this machine's own members of the group.
    set_multicast_loop_v6, bool
}

option! {
    /// The time to live of packets sent, in hops.
    ttl,
    /// Sets the time to live of packets sent, in hops.
    set_ttl, u32
}

conversions!(UdpSocket, std::net::UdpSocket);
