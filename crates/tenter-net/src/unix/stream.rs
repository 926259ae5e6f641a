//! `UnixStream`.

use std::io::{self, IoSlice, IoSliceMut, Read};
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use tenter_io::Async;

use super::write;
use crate::convert::conversions;
use crate::split::{OwnedReadHalf, OwnedWriteHalf, SplitStream, sealed, split};
use crate::sys;

/// A connection of two Unix sockets. Clones are the same socket, so one task may read while another writes.
///
/// Writing to a connection that the peer has closed is an error ([`BrokenPipe`](io::ErrorKind::BrokenPipe)), never a
/// signal. [`poll_close`](AsyncWrite::poll_close) shuts down the writing half of all clones; the socket itself is
/// closed with the last clone.
///
/// It can be made of an [`Async`] or of the standard library's stream, too, and gives the [`Async`] within through
/// [`AsRef`] and [`Into`].
///
/// ```
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use tenter_net::unix::UnixStream;
///
/// tenter_runtime::block_on(async {
///     let (mut a, mut b) = UnixStream::pair()?;
///     a.write_all(b"across").await?;
///     a.close().await?;
///     let mut heard = String::new();
///     b.read_to_string(&mut heard).await?;
///     assert_eq!(heard, "across");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Cancel safety
/// A read or write does all it does in the poll that ends it: if one is dropped before, nothing is lost. Those that
/// take several steps (`write_all`, `read_exact`, `copy`) lose count of what went through.
#[derive(Clone, Debug)]
pub struct UnixStream(pub(crate) Arc<Async<std::os::unix::net::UnixStream>>);

impl UnixStream {
    /// Connects to a path that somebody listens at.
    ///
    /// # Errors
    /// If nobody listens there ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused),
    /// [`NotFound`](io::ErrorKind::NotFound)), the path can't be reached or is too long; or if the reactor can't watch
    /// one more socket.
    ///
    /// # Cancel safety
    /// The attempt is given up and its socket closed.
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Async::<std::os::unix::net::UnixStream>::connect(path).await.map(Self::from)
    }

    /// Two streams that are connected to each other and have no name.
    ///
    /// # Errors
    /// What the system says; or if the reactor can't watch two more sockets.
    #[doc(alias = "socketpair")]
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = Async::<std::os::unix::net::UnixStream>::pair()?;
        Ok((a.into(), b.into()))
    }

    /// The path of this end, if it has one.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().local_addr()
    }

    /// The path of the other end, if it has one.
    ///
    /// # Errors
    /// What the system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().peer_addr()
    }

    /// Shuts down one half of the connection, or both, for all clones.
    ///
    /// # Errors
    /// What the system says.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.get_ref().shutdown(how)
    }

    /// Two halves, one for who reads and one for who writes. As [`TcpStream::into_split`](crate::TcpStream::into_split).
    ///
    /// ```
    /// use futures_lite::AsyncReadExt;
    /// use tenter_net::unix::UnixStream;
    ///
    /// tenter_runtime::block_on(async {
    ///     let (near, mut far) = UnixStream::pair()?;
    ///     let (_reader, writer) = near.into_split();
    ///     drop(writer);
    ///     assert_eq!(far.read(&mut [0]).await?, 0);
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
        split(self)
    }
}

impl SplitStream for UnixStream {}

impl sealed::Sealed for UnixStream {
    fn end_writing(&self) {
        // An error says that there is no connection any more.
        let _ = self.shutdown(Shutdown::Write);
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A short read is no sign that the stream is empty, as it is with TCP: the system ends a read where the sender has
/// attached something (a file descriptor) to its bytes.
impl AsyncRead for UnixStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_read_with(cx, |mut stream| stream.read(buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let at_once = sys::bufs_at_once(bufs.len());
        let bufs = &mut bufs[..at_once];
        self.0.poll_read_with(cx, |mut stream| stream.read_vectored(bufs))
    }
}

impl AsyncWrite for UnixStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_write_with(cx, |stream| write::write(stream, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bufs = &bufs[..sys::bufs_at_once(bufs.len())];
        self.0.poll_write_with(cx, |stream| write::write_vectored(stream, bufs))
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

conversions!(UnixStream, std::os::unix::net::UnixStream);
