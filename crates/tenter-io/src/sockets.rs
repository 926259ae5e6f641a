//! What `Async` can do with the standard library's TCP types, as in smol.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_lite::stream;
use tenter_runtime::{Direction, Ready};

use crate::{Async, ListenOptions, sys};

impl Async<TcpListener> {
    /// Binds a listener to an address, with a backlog of 1024; [`ListenOptions`] has more choices.
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
        ListenOptions::new().bind(addr)
    }

    /// Accepts a connection.
    ///
    /// # Errors
    /// What the system says; with too many open files (`EMFILE`) the connection stays in the backlog, so wait before
    /// the next try. A reactor with edges (epoll) is told of a connection only when an operation has to wait; if it can
    /// watch no more, that operation fails.
    ///
    /// # Cancel safety
    /// A connection is either given or stays in the backlog.
    pub async fn accept(&self) -> io::Result<(Async<TcpStream>, SocketAddr)> {
        let (stream, addr) = self.read_with(sys::accept).await?;
        self.wait_if_drained();
        Ok((Async::watched_when_awaited(stream)?, addr))
    }

    /// Polls for a connection; as [`accept`](Self::accept), for use in a `poll` function.
    ///
    /// # Errors
    /// As `accept`.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Async<TcpStream>, SocketAddr)>> {
        let (stream, addr) = ready!(self.poll_with(cx, Direction::Read, sys::accept))?;
        self.wait_if_drained();
        Poll::Ready(Ok((Async::watched_when_awaited(stream)?, addr)))
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
        let (socket, connected) = sys::start_connect(addr)?;
        let stream = Self::watched_when_awaited(socket)?;
        if !connected {
            // The system has just said that it takes time: no need to ask again before the reactor says something.
            stream.source().clear_ready(Ready::ASSUMED, Direction::Write);
            poll_fn(|cx| stream.poll_with(cx, Direction::Write, |socket| sys::finish_connect(socket, addr))).await?;
        }
        Ok(stream)
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

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_took_the_last_connection_waits_for_the_next_one_without_an_attempt() {
        // One thread, so that the turn of the driver that ends the sleep has seen what came before it.
        tenter_runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
            let addr = listener.get_ref().local_addr().unwrap();
            let clients = [TcpStream::connect(addr).unwrap(), TcpStream::connect(addr).unwrap()];
            let is_ready = || listener.source().ready(Direction::Read).is_ready(Direction::Read);
            // A connection does not come with the end of `connect`, but soon.
            crate::Timer::after(Duration::from_millis(300)).await;
            for waiting in [true, false] {
                listener.accept().await.unwrap();
                assert_eq!(is_ready(), waiting);
            }
            let late = std::thread::spawn(move || TcpStream::connect(addr).unwrap());
            let (_, from) = listener.accept().await.unwrap();
            assert_eq!(from, late.join().unwrap().local_addr().unwrap());
            drop(clients);
        });
    }
}
