//! `Server`: takes connections, runs a handler for each, and ends them in order.

mod accept;
mod builder;
mod connections;
mod door;
pub(crate) mod listener;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tenter_io::time::timeout;

pub use builder::ServerBuilder;
use connections::Connections;
pub use door::Closing;
use door::Door;
pub use listener::Listener;

/// A server: a task that takes connections, and one for each connection, which runs a handler.
///
/// It is asyncio's `start_server` and what that returns. Made by [`Server::bind`], by `Server::bind_unix` on a Unix, or
/// [`Server::on`] a listener, and [`ServerBuilder::serve`].
///
/// Errors of `accept` don't end it. One that is a connection's own (it was reset while it waited) passes; after any other,
/// such as having no file left to open (`EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`), it takes the next connection in 100 ms, or as soon as
/// one of its own has ended; connections wait in the backlog meanwhile. A handler that panics ends its own connection, and is
/// told of by the unhandled-panic hook.
///
/// Dropping it closes it and cancels its handlers, as dropping a task does.
///
/// ```
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use std::time::Duration;
/// use tenter_net::{Server, TcpStream, buffered, open_connection};
///
/// tenter_runtime::block_on(async {
///     let server = Server::bind("127.0.0.1:0").await?.max_connections(100).serve(|stream, _peer| async move {
///         let (mut reader, writer) = buffered(stream);
///         while let Ok(Some(line)) = reader.next_line().await {
///             let echoed = writer.write(line.as_bytes()).and_then(|()| writer.write(b"\n"));
///             if echoed.is_err() || writer.drain().await.is_err() {
///                 break;
///             }
///         }
///     });
///
///     let (mut reader, writer) = open_connection(server.local_addr()).await?;
///     writer.write(b"hello\n")?;
///     assert_eq!(reader.next_line().await?, Some("hello"));
///     writer.finish();
///
///     let cut_off = server.shutdown(Duration::from_secs(5)).await;
///     assert!(cut_off.is_empty());
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a server that is dropped is closed"]
pub struct Server<L: Listener> {
    addr: L::Addr,
    connections: Arc<Connections<L>>,
    door: Arc<Door>,
}

impl<L: Listener> Server<L> {
    /// Where it listens, or did.
    pub fn local_addr(&self) -> L::Addr {
        self.addr.clone()
    }

    /// How many connections it has.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// The other ends of its connections, in the order in which they came. On Unix sockets they mostly have no name.
    pub fn peers(&self) -> Vec<L::Addr> {
        self.connections.peers()
    }

    /// Whether it takes connections: it was not closed.
    pub fn is_serving(&self) -> bool {
        !self.door.is_closed()
    }

    /// Takes no more connections. Those that are there go on; those that wait in the backlog are reset by the system.
    pub fn close(&self) {
        self.door.close();
    }

    /// Cancels all handlers: they are dropped at the point where they wait, and their streams with them. What was sent still
    /// arrives, what a [`StreamWriter`](tenter_io::StreamWriter) holds as well, before the peers see the end.
    pub fn close_clients(&self) {
        self.connections.close();
    }

    /// Cancels all handlers and resets their connections (`SO_LINGER` of zero): what is not sent yet is dropped, and TCP peers
    /// see an error ([`ConnectionReset`](std::io::ErrorKind::ConnectionReset)) if nobody but the handler had the stream, an early
    /// end if someone had. Unix sockets have no reset; they are shut down.
    pub fn abort_clients(&self) {
        self.connections.abort();
    }

    /// Waits until it is closed, its listener gone (so that its address is free) and all handlers have ended.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn wait_closed(&self) {
        self.connections.all_gone().await;
    }

    /// Serves until the server is closed by somebody who shares it, or this is dropped.
    ///
    /// # Cancel safety
    /// The server is dropped with it, which closes it and cancels its handlers.
    pub async fn serve_forever(self) {
        self.wait_closed().await;
    }

    /// Takes no more connections, gives the handlers so much time to end, then cancels those that are left and tells who was
    /// at their other ends.
    ///
    /// Handlers that wait for a peer's next request end at once if they race it with [`Closing`].
    ///
    /// # Cancel safety
    /// The server is closed, and its handlers go on.
    pub async fn shutdown(&self, patience: Duration) -> Vec<L::Addr> {
        self.close();
        if timeout(patience, self.wait_closed()).await.is_ok() {
            return Vec::new();
        }
        let stragglers = self.peers();
        self.close_clients();
        stragglers
    }
}

impl<L: Listener> Drop for Server<L> {
    fn drop(&mut self) {
        self.close();
        self.close_clients();
    }
}

impl<L: Listener> fmt::Debug for Server<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("addr", &self.addr)
            .field("serving", &self.is_serving())
            .field("connections", &self.connections())
            .finish()
    }
}
