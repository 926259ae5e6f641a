//! Unix sockets: streams and datagrams between processes of one machine, under paths.
//!
//! ```
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//! use tenter_net::unix::{UnixListener, UnixStream};
//!
//! # let path = std::env::temp_dir().join(format!("tenter-net-{}.socket", std::process::id()));
//! tenter_runtime::block_on(async {
//!     let listener = UnixListener::bind(&path)?;
//!     let server = tenter_runtime::spawn(async move {
//!         let (mut stream, _) = listener.accept().await?;
//!         let mut heard = String::new();
//!         stream.read_to_string(&mut heard).await?;
//!         stream.write_all(heard.to_uppercase().as_bytes()).await
//!     });
//!
//!     let mut stream = UnixStream::connect(&path).await?;
//!     stream.write_all(b"hello").await?;
//!     stream.close().await?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).await?;
//!     assert_eq!(answer, "HELLO");
//!     server.await?;
//!     std::fs::remove_file(&path)
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod datagram;
mod listener;
mod served;
mod stream;
mod write;

pub use std::os::unix::net::SocketAddr;

pub use datagram::UnixDatagram;
pub use listener::{Incoming, UnixListener};
pub use stream::UnixStream;
