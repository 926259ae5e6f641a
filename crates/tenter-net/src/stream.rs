//! `TcpStream`.

use std::io::{self, IoSlice, IoSliceMut, Read};
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use tenter_io::Async;

use crate::attempts::Attempts;
use crate::split::{OwnedReadHalf, OwnedWriteHalf, SplitStream, sealed, split};
use crate::{AsyncToSocketAddrs, resolve, sys};

/// A TCP connection. Clones are the same socket, so one task may read while another writes.
///
/// Writing to a connection that the peer has closed is an error
/// ([`BrokenPipe`](io::ErrorKind::BrokenPipe), [`ConnectionReset`](io::ErrorKind::ConnectionReset)), never a signal.
/// [`poll_close`](AsyncWrite::poll_close) shuts down the writing half of all clones; the socket itself is closed with
/// the last clone.
///
/// It can be made of an [`Async`] or of the standard library's stream, too, and gives the [`Async`] within through
/// [`AsRef`] and [`Into`].
///
/// ```
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use tenter_net::{TcpListener, TcpStream};
///
/// tenter_runtime::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let mut writer = TcpStream::connect(listener.local_addr()?).await?;
///     let (mut echo, _) = listener.accept().await?;
///     let echoing = tenter_runtime::spawn(async move { futures_lite::io::copy(echo.clone(), &mut echo).await });
///
///     let mut reader = writer.clone();
///     let reading = tenter_runtime::spawn(async move {
///         let mut heard = String::new();
///         reader.read_to_string(&mut heard).await.map(|_| heard)
///     });
///     writer.write_all(b"both ways at once").await?;
///     writer.close().await?;
///     assert_eq!(echoing.await?, 17);
///     assert_eq!(reading.await?, "both ways at once");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Cancel safety
/// A read or write does all it does in the poll that ends it: if one is dropped before, nothing is lost. Those that
/// take several steps (`write_all`, `read_exact`, `copy`) lose count of what went through.
#[derive(Clone, Debug)]
pub struct TcpStream {
    inner: Arc<Async<std::net::TcpStream>>,
}

impl TcpStream {
    /// Connects to the first address of a name that accepts.
    ///
    /// # Errors
    /// The last address's, if none accepts, with all of them in its message; as [`resolve`]; or if the reactor can't
    /// watch one more socket.
    ///
    /// # Cancel safety
    /// The attempt is given up and its socket closed.
    pub async fn connect<A: AsyncToSocketAddrs>(addr: A) -> io::Result<Self> {
        let mut attempts = Attempts::default();
        for addr in resolve(addr).await? {
            match Async::<std::net::TcpStream>::connect(addr).await {
                Ok(stream) => return Ok(stream.into()),
                Err(error) => attempts.failed(addr, error),
            }
        }
        Err(attempts.into_error("no address could be connected to"))
    }

    /// The address at this end.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.get_ref().local_addr()
    }

    /// The address at the other end.
    ///
    /// # Errors
    /// What the system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.get_ref().peer_addr()
    }

    /// Shuts down one half of the connection, or both, for all clones. A read that waits already ends, but not on Windows.
    ///
    /// # Errors
    /// What the system says.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.get_ref().shutdown(how)
    }

    /// Two halves, one for who reads and one for who writes. No lock is between them.
    ///
    /// Clones do for that, too; what the halves add is that dropping the writing one shuts down the writing half of the
    /// connection, also for clones.
    ///
    /// ```
    /// use futures_lite::{AsyncReadExt, AsyncWriteExt};
    /// use tenter_net::{TcpListener, TcpStream};
    ///
    /// tenter_runtime::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (mut peer, _) = listener.accept().await?;
    ///     let (reader, mut writer) = stream.into_split();
    ///     writer.write_all(b"and no more").await?;
    ///     drop(writer);
    ///     let mut heard = String::new();
    ///     peer.read_to_string(&mut heard).await?;
    ///     assert_eq!(heard, "and no more");
    ///     assert_eq!(reader.as_ref().peer_addr()?, peer.local_addr()?);
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
        split(self)
    }

    /// Reads without taking what was read.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.peek(buf).await
    }

    /// Whether small packets are sent without waiting for more (`TCP_NODELAY`).
    ///
    /// # Errors
    /// What the system says.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner.get_ref().nodelay()
    }

    /// Sets whether small packets are sent without waiting for more (`TCP_NODELAY`).
    ///
    /// # Errors
    /// What the system says.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner.get_ref().set_nodelay(nodelay)
    }

    /// The time to live of packets sent, in hops.
    ///
    /// # Errors
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.get_ref().ttl()
    }

    /// Sets the time to live of packets sent, in hops.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.get_ref().set_ttl(ttl)
    }
}

impl AsyncRead for TcpStream {
    #[inline]
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.inner.poll_read_stream(cx, buf.len(), |stream| sys::read(stream, buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let at_once = sys::bufs_at_once(bufs.len());
        let bufs = &mut bufs[..at_once];
        let room = sys::room(bufs);
        self.inner.poll_read_stream(cx, room, |mut stream| stream.read_vectored(bufs))
    }
}

impl AsyncWrite for TcpStream {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.inner.poll_write_stream(cx, buf.len(), |stream| sys::write(stream, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bufs = &bufs[..sys::bufs_at_once(bufs.len())];
        self.inner.poll_write_stream(cx, sys::room(bufs), |stream| sys::write_vectored(stream, bufs))
    }

    /// Does nothing: what was written is with the system already.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Shuts down the writing half.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shutdown(Shutdown::Write))
    }
}

impl SplitStream for TcpStream {}

impl sealed::Sealed for TcpStream {
    fn end_writing(&self) {
        // An error says that there is no connection any more.
        let _ = self.shutdown(Shutdown::Write);
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl AsRef<Async<std::net::TcpStream>> for TcpStream {
    fn as_ref(&self) -> &Async<std::net::TcpStream> {
        &self.inner
    }
}

impl From<Async<std::net::TcpStream>> for TcpStream {
    fn from(stream: Async<std::net::TcpStream>) -> Self {
        Self { inner: Arc::new(stream) }
    }
}

impl From<TcpStream> for Arc<Async<std::net::TcpStream>> {
    fn from(stream: TcpStream) -> Self {
        stream.inner
    }
}

impl TryFrom<std::net::TcpStream> for TcpStream {
    type Error = io::Error;

    fn try_from(stream: std::net::TcpStream) -> io::Result<Self> {
        Async::new(stream).map(Self::from)
    }
}

impl TryFrom<TcpStream> for std::net::TcpStream {
    type Error = io::Error;

    /// Gives the socket back, still in non-blocking mode; if there are clones, a duplicate of it.
    fn try_from(stream: TcpStream) -> io::Result<Self> {
        match Arc::try_unwrap(stream.inner) {
            Ok(only) => only.into_inner(),
            Err(shared) => shared.get_ref().try_clone(),
        }
    }
}
