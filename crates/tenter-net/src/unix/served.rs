//! What a server needs of Unix sockets.

use std::future::Future;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Weak};

use tenter_io::Async;

use super::{UnixListener, UnixStream};
use crate::server::listener::{Listener, sealed};
use crate::{Server, ServerBuilder};

impl Server<UnixListener> {
    /// A server at a path. asyncio's `create_unix_server`.
    ///
    /// ```
    /// use futures_lite::AsyncWriteExt;
    /// use tenter_net::unix::UnixStream;
    /// use tenter_net::{Server, buffered};
    ///
    /// # let path = std::env::temp_dir().join(format!("tenter-net-{}.served", std::process::id()));
    /// tenter_runtime::block_on(async {
    ///     let server = Server::bind_unix(&path)?.serve(|mut stream, _| async move {
    ///         let _ = stream.write_all(b"welcome\n").await;
    ///     });
    ///     let (mut reader, _writer) = buffered(UnixStream::connect(&path).await?);
    ///     assert_eq!(reader.next_line().await?, Some("welcome"));
    ///     server.close();
    ///     std::fs::remove_file(&path)?;
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`UnixListener::bind`].
    pub fn bind_unix<P: AsRef<Path>>(path: P) -> io::Result<ServerBuilder<UnixListener>> {
        Self::on(UnixListener::bind(path)?)
    }
}

impl Listener for UnixListener {}

impl sealed::Accept for UnixListener {
    type Stream = UnixStream;
    type Addr = SocketAddr;
    type Weak = Weak<Async<std::os::unix::net::UnixStream>>;

    fn addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn take(&self) -> impl Future<Output = io::Result<(UnixStream, SocketAddr)>> + Send {
        self.accept()
    }

    fn weak(stream: &UnixStream) -> Self::Weak {
        Arc::downgrade(&stream.0)
    }

    /// There is no such thing: what was sent is with the peer already.
    fn reset_when_closed(_: &Self::Weak) {}

    fn break_off(stream: &Self::Weak) {
        if let Some(stream) = stream.upgrade() {
            // An error says that there is no connection any more.
            let _ = stream.get_ref().shutdown(Shutdown::Both);
        }
    }
}
