//! Connections with a buffered reader and writer.

use std::io;

use tenter_io::{StreamReader, StreamWriter};

use crate::split::{SplitStream, split};
use crate::{AsyncToSocketAddrs, OwnedReadHalf, TcpStream};

/// Connects as [`TcpStream::connect`], and gives a buffered reader and writer. asyncio's `open_connection`.
///
/// ```
/// use tenter_net::{TcpListener, buffered, open_connection};
///
/// tenter_runtime::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let (mut reader, writer) = open_connection(listener.local_addr()?).await?;
///     let (mut peer_reader, peer_writer) = buffered(listener.accept().await?.0);
///     writer.write(b"name?\n")?;
///     assert_eq!(peer_reader.next_line().await?, Some("name?"));
///     peer_writer.write(b"tenter\n")?;
///     assert_eq!(reader.next_line().await?, Some("tenter"));
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// As `TcpStream::connect`.
///
/// # Cancel safety
/// The attempt is given up and its socket closed.
pub async fn open_connection<A: AsyncToSocketAddrs>(
    addr: A,
) -> io::Result<(StreamReader<OwnedReadHalf<TcpStream>>, StreamWriter)> {
    TcpStream::connect(addr).await.map(buffered)
}

/// A buffered reader and writer of a stream, such as a server's handler is given.
///
/// Dropping the writer ends what the peer reads, behind all that it took.
pub fn buffered<S: SplitStream + Send + 'static>(stream: S) -> (StreamReader<OwnedReadHalf<S>>, StreamWriter) {
    let (reader, writer) = split(stream);
    (StreamReader::new(reader), StreamWriter::new(writer))
}
