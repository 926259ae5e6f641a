//! How a TCP socket is made to listen.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use crate::{Async, sys};

/// How many connections may wait to be accepted: tokio's number.
const BACKLOG: u32 = 1024;

/// How a TCP socket listens: the length of its backlog, and whether others may listen at the same address.
///
/// ```
/// use tenter_io::ListenOptions;
///
/// # #[cfg(target_os = "linux")]
/// tenter_runtime::block_on(async {
///     // Two listeners of one port: the system deals out the connections between them.
///     let options = ListenOptions::new().backlog(4096).reuse_port(true);
///     let first = options.bind(([127, 0, 0, 1], 0))?;
///     let second = options.bind(first.get_ref().local_addr()?)?;
///     assert_eq!(first.get_ref().local_addr()?, second.get_ref().local_addr()?);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenOptions {
    backlog: u32,
    reuse_port: bool,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self { backlog: BACKLOG, reuse_port: false }
    }
}

impl ListenOptions {
    /// A backlog of 1024, and an address of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many connections may wait to be accepted. The system has a limit of its own, to which larger numbers are cut
    /// down without an error (Linux: `net.core.somaxconn`, 4096 unless it was changed).
    #[must_use]
    pub fn backlog(mut self, connections: u32) -> Self {
        self.backlog = connections;
        self
    }

    /// Whether other sockets of the same user that say so too may listen at the same address (`SO_REUSEPORT`). Linux
    /// deals out the connections evenly between them: one listener for each thread spares a shared queue. A
    /// connection that waits in the backlog of a listener that is closed is lost.
    #[must_use]
    pub fn reuse_port(mut self, yes: bool) -> Self {
        self.reuse_port = yes;
        self
    }

    /// Binds a listener to an address.
    ///
    /// # Errors
    /// If the address is in use or not this machine's, the system has no `SO_REUSEPORT`
    /// ([`Unsupported`](io::ErrorKind::Unsupported) on Windows), or as [`Async::new`].
    pub fn bind(&self, addr: impl Into<SocketAddr>) -> io::Result<Async<TcpListener>> {
        let addr = addr.into();
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        sys::allow_reuse(&socket, self.reuse_port)?;
        socket.bind(&addr.into())?;
        socket.listen(i32::try_from(self.backlog).unwrap_or(i32::MAX))?;
        Async::new(socket.into())
    }
}
