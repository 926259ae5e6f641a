//! How a server is made.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;

use super::accept::{Acceptor, ErrorHook, PAUSE};
use super::connections::Connections;
use super::door::{Closing, Door};
use super::{Listener, Server};
use crate::{AsyncToSocketAddrs, TcpListener};

/// A server that does not serve yet; made by [`Server::bind`], [`Server::on`] and, on a Unix, `Server::bind_unix`.
#[must_use = "it serves nobody before `serve`"]
pub struct ServerBuilder<L: Listener> {
    listener: L,
    addr: L::Addr,
    most: usize,
    door: Arc<Door>,
    on_error: ErrorHook,
}

impl Server<TcpListener> {
    /// A server at an address; port 0 stands for any free one.
    ///
    /// # Errors
    /// As [`TcpListener::bind`].
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn bind<A: AsyncToSocketAddrs>(addr: A) -> io::Result<ServerBuilder<TcpListener>> {
        Self::on(TcpListener::bind(addr).await?)
    }
}

impl<L: Listener> Server<L> {
    /// A server on a listener that is there: one with options of its own, or handed over by another process.
    ///
    /// # Errors
    /// If the system does not tell the listener's address.
    pub fn on(listener: L) -> io::Result<ServerBuilder<L>> {
        let addr = listener.addr()?;
        Ok(ServerBuilder { listener, addr, most: usize::MAX, door: Arc::default(), on_error: Box::new(|_| {}) })
    }
}

impl<L: Listener> ServerBuilder<L> {
    /// Where it listens.
    pub fn local_addr(&self) -> L::Addr {
        self.addr.clone()
    }

    /// The most connections at a time; further ones wait in the listener's backlog. Without it there is no limit but the system's.
    ///
    /// # Panics
    /// If it is zero.
    pub fn max_connections(self, most: usize) -> Self {
        assert!(most > 0, "a server has at least one connection");
        Self { most, ..self }
    }

    /// Has `hook` told of each error of `accept`, to be counted or logged.
    pub fn on_accept_error(self, hook: impl Fn(&io::Error) + Send + Sync + 'static) -> Self {
        Self { on_error: Box::new(hook), ..self }
    }

    /// What tells handlers that the server is closed; to be moved into the handler.
    ///
    /// ```
    /// use futures_lite::{AsyncReadExt, AsyncWriteExt, FutureExt};
    /// use std::time::Duration;
    /// use tenter_net::{Server, TcpStream, buffered};
    ///
    /// tenter_runtime::block_on(async {
    ///     let server = Server::bind("127.0.0.1:0").await?;
    ///     let closing = server.closing();
    ///     let server = server.serve(move |stream, _| {
    ///         let closing = closing.clone();
    ///         async move {
    ///             let (mut reader, writer) = buffered(stream);
    ///             // Between two requests; a dropped `next_line` loses nothing.
    ///             let request = async { reader.next_line().await.ok().flatten().map(str::to_owned) };
    ///             let Some(request) = request.or(async { closing.asked().await; None }).await else { return };
    ///             let _ = writer.write(request.as_bytes());
    ///         }
    ///     });
    ///     let _idle = TcpStream::connect(server.local_addr()).await?;
    ///     assert_eq!(server.shutdown(Duration::from_secs(60)).await, []);
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn closing(&self) -> Closing {
        Closing { door: self.door.clone() }
    }

    /// Takes connections from now on, and runs the handler for each, in a task of its own of the ambient runtime.
    pub fn serve<H, F>(self, handler: H) -> Server<L>
    where
        H: Fn(L::Stream, L::Addr) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let connections = Arc::new(Connections::new());
        let server = Server { addr: self.addr, connections: connections.clone(), door: self.door.clone() };
        let (listener, most, on_error) = (self.listener, self.most, self.on_error);
        let (door, handler, pause) = (self.door, Arc::new(handler), PAUSE);
        let acceptor = Acceptor { listener, connections, door, handler, most, pause, on_error };
        tenter_runtime::spawn(acceptor.run()).detach();
        server
    }
}

impl<L: Listener> fmt::Debug for ServerBuilder<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder").field("addr", &self.addr).field("most", &self.most).finish_non_exhaustive()
    }
}
