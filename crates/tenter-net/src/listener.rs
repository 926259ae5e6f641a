//! `TcpListener`.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tenter_io::Async;

use crate::attempts::Attempts;
use crate::{AsyncToSocketAddrs, ListenOptions, TcpStream, resolve};

/// A socket that takes TCP connections. Clones are the same socket.
///
/// It can be made of an [`Async`] or of the standard library's listener, too, and gives the [`Async`] within through
/// [`AsRef`] and [`Into`].
///
/// ```
/// use tenter_net::{TcpListener, TcpStream};
///
/// tenter_runtime::block_on(async {
///     let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
///     let client = TcpStream::connect(listener.local_addr()?).await?;
///     let (_stream, from) = listener.accept().await?;
///     assert_eq!(from, client.local_addr()?);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TcpListener {
    inner: Arc<Async<std::net::TcpListener>>,
}

impl TcpListener {
    /// Binds a listener to the first address of a name that can be had; port 0 stands for any free one. Up to 1024
    /// connections may wait to be accepted.
    ///
    /// # Errors
    /// The last address's, if none can be had; as [`resolve`]; or if the reactor can't watch one more socket.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn bind<A: AsyncToSocketAddrs>(addr: A) -> io::Result<Self> {
        Self::bind_with(addr, &ListenOptions::new()).await
    }

    /// As [`bind`](Self::bind), with a backlog of choice, or several listeners at one address.
    ///
    /// ```
    /// use tenter_net::{ListenOptions, TcpListener};
    ///
    /// # #[cfg(target_os = "linux")]
    /// tenter_runtime::block_on(async {
    ///     let options = ListenOptions::new().reuse_port(true);
    ///     let first = TcpListener::bind_with("127.0.0.1:0", &options).await?;
    ///     let second = TcpListener::bind_with(first.local_addr()?, &options).await?;
    ///     assert_eq!(first.local_addr()?, second.local_addr()?);
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `bind`; or if the system has no `SO_REUSEPORT`.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn bind_with<A: AsyncToSocketAddrs>(addr: A, options: &ListenOptions) -> io::Result<Self> {
        let mut attempts = Attempts::default();
        for addr in resolve(addr).await? {
            match options.bind(addr) {
                Ok(listener) => return Ok(listener.into()),
                Err(error) => attempts.failed(addr, error),
            }
        }
        Err(attempts.into_error("no address could be bound"))
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.get_ref().local_addr()
    }

    /// Takes a connection, and tells where it comes from.
    ///
    /// # Errors
    /// What the system says. None of it ends the listener, so a server goes on after an error, some of which are the
    /// connection's alone (`ConnectionAborted`). If the process has as many files open as it may (`EMFILE`, `ENFILE`),
    /// the error comes back at every call until something is closed: pause before the next one, say a tenth of a second, or
    /// the loop burns a CPU. Nothing else is disturbed meanwhile, and the connection stays in the backlog. If the reactor
    /// can watch no more, the error is this call's, or that of the connection's first operation that has to wait, if the
    /// reactor has edges (epoll): such a reactor is told of a connection only then.
    ///
    /// # Cancel safety
    /// A connection is either given, or stays in the backlog.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, addr) = self.inner.accept().await?;
        Ok((stream.into(), addr))
    }

    /// The connections, one after the other, without end; errors as [`accept`](Self::accept)'s.
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use tenter_net::{TcpListener, TcpStream};
    ///
    /// tenter_runtime::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let stream = listener.incoming().next().await.expect("it has no end")?;
    ///     assert_eq!(stream.peer_addr()?, client.local_addr()?);
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
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

/// The connections that a listener takes; made by [`TcpListener::incoming`].
#[derive(Clone, Debug)]
#[must_use = "streams do nothing unless they are polled"]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

impl Stream for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let (stream, _) = ready!(self.listener.inner.poll_accept(cx))?;
        Poll::Ready(Some(Ok(stream.into())))
    }
}

impl AsRef<Async<std::net::TcpListener>> for TcpListener {
    fn as_ref(&self) -> &Async<std::net::TcpListener> {
        &self.inner
    }
}

impl From<Async<std::net::TcpListener>> for TcpListener {
    fn from(listener: Async<std::net::TcpListener>) -> Self {
        Self { inner: Arc::new(listener) }
    }
}

impl From<TcpListener> for Arc<Async<std::net::TcpListener>> {
    fn from(listener: TcpListener) -> Self {
        listener.inner
    }
}

impl TryFrom<std::net::TcpListener> for TcpListener {
    type Error = io::Error;

    fn try_from(listener: std::net::TcpListener) -> io::Result<Self> {
        Async::new(listener).map(Self::from)
    }
}

impl TryFrom<TcpListener> for std::net::TcpListener {
    type Error = io::Error;

    /// Gives the socket back, still in non-blocking mode; if there are clones, a duplicate of it.
    fn try_from(listener: TcpListener) -> io::Result<Self> {
        match Arc::try_unwrap(listener.inner) {
            Ok(only) => only.into_inner(),
            Err(shared) => shared.get_ref().try_clone(),
        }
    }
}
