//! `UnixListener`.

use std::io;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tenter_io::Async;

use super::UnixStream;
use crate::convert::conversions;

/// A socket that takes connections at a path. Clones are the same socket.
///
/// Dropping it leaves the file at its path, at which nobody can be bound until it is removed.
///
/// It can be made of an [`Async`] or of the standard library's listener, too, and gives the [`Async`] within through
/// [`AsRef`] and [`Into`].
///
/// ```
/// use tenter_net::unix::{UnixListener, UnixStream};
///
/// # let path = std::env::temp_dir().join(format!("tenter-net-{}.listener", std::process::id()));
/// tenter_runtime::block_on(async {
///     let listener = UnixListener::bind(&path)?;
///     let client = UnixStream::connect(&path).await?;
///     let (server, _) = listener.accept().await?;
///     assert_eq!(server.local_addr()?.as_pathname(), Some(&*path));
///     std::fs::remove_file(&path)
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct UnixListener(pub(crate) Arc<Async<std::os::unix::net::UnixListener>>);

impl UnixListener {
    /// Binds a listener to a path, which is made and must not exist.
    ///
    /// # Errors
    /// If the path exists ([`AddrInUse`](io::ErrorKind::AddrInUse), also when nobody listens there any more: remove the
    /// file), is too long (about 100 bytes) or can't be made; or if the reactor can't watch one more socket.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Async::<std::os::unix::net::UnixListener>::bind(path).map(Self::from)
    }

    /// Takes a connection; the address is that of the other end, which has no name unless it was bound to one.
    ///
    /// # Errors
    /// What the system says. None of it ends the listener; with too many open files (`EMFILE`, `ENFILE`) the connection
    /// stays in the backlog and the error comes back at every call, so pause before the next one, say a tenth of a
    /// second.
    ///
    /// # Cancel safety
    /// A connection is either given, or stays in the backlog.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, addr) = self.0.accept().await?;
        Ok((stream.into(), addr))
    }

    /// The connections, one after the other, without end; errors as [`accept`](Self::accept)'s.
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use tenter_net::unix::{UnixListener, UnixStream};
    ///
    /// # let path = std::env::temp_dir().join(format!("tenter-net-{}.incoming", std::process::id()));
    /// tenter_runtime::block_on(async {
    ///     let listener = UnixListener::bind(&path)?;
    ///     let _client = UnixStream::connect(&path).await?;
    ///     let stream = listener.incoming().next().await.expect("it has no end")?;
    ///     assert_eq!(stream.local_addr()?.as_pathname(), Some(&*path));
    ///     std::fs::remove_file(&path)
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// The path that it is bound to.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().local_addr()
    }
}

/// The connections that a listener takes; made by [`UnixListener::incoming`].
#[derive(Clone, Debug)]
#[must_use = "streams do nothing unless they are polled"]
pub struct Incoming<'a> {
    listener: &'a UnixListener,
}

impl Stream for Incoming<'_> {
    type Item = io::Result<UnixStream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let (stream, _) = ready!(self.listener.0.poll_accept(cx))?;
        Poll::Ready(Some(Ok(stream.into())))
    }
}

conversions!(UnixListener, std::os::unix::net::UnixListener);
