//! TCP, UDP and Unix sockets for the tenter runtime, with the names of smol's `net`.
//!
//! All types of sockets are cheap to clone; the clones are one socket, which any number of tasks and threads may use at
//! a time. A socket belongs to the runtime in which it was made (the one whose thread polls `connect`, `bind` or
//! `accept`, else the default one), and may be used from any other.
//!
//! ```
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//! use tenter_net::{TcpListener, TcpStream};
//!
//! tenter_runtime::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let addr = listener.local_addr()?;
//!     let server = tenter_runtime::spawn(async move {
//!         let (mut stream, _peer) = listener.accept().await?;
//!         let mut heard = [0; 5];
//!         stream.read_exact(&mut heard).await?;
//!         stream.write_all(&heard).await
//!     });
//!
//!     let mut stream = TcpStream::connect(addr).await?;
//!     stream.write_all(b"hello").await?;
//!     let mut echo = [0; 5];
//!     stream.read_exact(&mut echo).await?;
//!     assert_eq!(&echo, b"hello");
//!     server.await
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```

#![forbid(unsafe_code)]

mod addr;
mod attempts;
mod convert;
mod happy;
mod listener;
mod open;
#[cfg(unix)]
#[path = "raw/unix.rs"]
mod raw;
#[cfg(windows)]
#[path = "raw/windows.rs"]
mod raw;
pub(crate) mod server;
mod split;
mod stream;
mod sys;
mod udp;
#[cfg(unix)]
pub mod unix;

pub use std::net::{AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6};

pub use addr::{AsyncToSocketAddrs, resolve};
pub use happy::{connect_happy, connect_happy_after};
pub use listener::{Incoming, TcpListener};
pub use open::{buffered, open_connection};
pub use server::{Closing, Listener, Server, ServerBuilder};
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReuniteError, SplitStream};
pub use stream::TcpStream;
pub use tenter_io::ListenOptions;
pub use udp::UdpSocket;
