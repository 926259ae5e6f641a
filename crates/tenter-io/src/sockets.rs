//! What `Async` can do with the standard library's TCP types, as in smol.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use futures_core::Stream;
use futures_lite::stream;
use socket2::{Domain, Protocol, Socket, Type};

use crate::Async;

impl Async<TcpListener> {
    /// Binds a listener to an address.
    ///
    /// ```
    /// use std::net::TcpListener;
    /// use tenter_io::Async;
    ///
    /// tenter_runtime::block_on(async {
    ///     let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
    ///     let port = listener.get_ref().local_addr()?.port();
    ///     let client = Async::<std::net::TcpStream>::connect(([127, 0, 0, 1], port)).await?;
    ///     let (_server, from) = listener.accept().await?;
    ///     assert_eq!(from, client.get_ref().local_addr()?);
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the address is in use or not this machine's, or as [`Async::new`].
    pub fn bind(addr: impl Into<SocketAddr>) -> io::Result<Self> {
        Self::new(TcpListener::bind(addr.into())?)
    }

    /// Accepts a connection.
    ///
    /// # Errors
    /// What the system says; with too many open files (`EMFILE`) the connection stays in the backlog, so wait before
    /// the next try.
    ///
    /// # Cancel safety
    /// A connection is either given or stays in the backlog.
    pub async fn accept(&self) -> io::Result<(Async<TcpStream>, SocketAddr)> {
        let (stream, addr) = self.read_with(TcpListener::accept).await?;
        Ok((Async::new(stream)?, addr))
    }

    /// The connections, one after the other, without end.
    pub fn incoming(&self) -> impl Stream<Item = io::Result<Async<TcpStream>>> + Send + '_ {
        stream::unfold(
            self,
            |listener| async move { Some((listener.accept().await.map(|(stream, _)| stream), listener)) },
        )
    }
}

impl Async<TcpStream> {
    /// Connects to an address.
    ///
    /// # Errors
    /// If the connection is refused, times out, or as [`Async::new`].
    ///
    /// # Cancel safety
    /// The attempt is given up and its socket closed.
    pub async fn connect(addr: impl Into<SocketAddr>) -> io::Result<Self> {
        let addr = addr.into();
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        match socket.connect(&addr.into()) {
            Ok(()) => {}
            Err(error) if is_in_progress(&error) => {}
            Err(error) => return Err(error),
        }
        let stream = Self::new_nonblocking(TcpStream::from(socket))?;
        stream.writable().await?;
        match stream.get_ref().take_error()? {
            None => Ok(stream),
            Some(error) => Err(error),
        }
    }

    /// Reads without taking what was read.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|io| io.peek(buf)).await
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
        || error.kind() == io::ErrorKind::WouldBlock
}

impl TryFrom<TcpListener> for Async<TcpListener> {
    type Error = io::Error;

    fn try_from(listener: TcpListener) -> io::Result<Self> {
        Self::new(listener)
    }
}

impl TryFrom<TcpStream> for Async<TcpStream> {
    type Error = io::Error;

    fn try_from(stream: TcpStream) -> io::Result<Self> {
        Self::new(stream)
    }
}
