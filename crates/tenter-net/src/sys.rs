//! What the standard library does in a way that does not do.

use std::io::{self, IoSlice};
use std::net::TcpStream;

/// Writes from several buffers; a closed peer is an error, never `SIGPIPE`.
///
/// The standard library sends single buffers without the signal, but several of them with `writev`, which can't.
#[cfg(not(target_vendor = "apple"))]
pub(crate) fn write_vectored(stream: &TcpStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};

    /// The smallest `IOV_MAX` of the systems this is for; more buffers than the system takes would be an error.
    const MOST: usize = 1024;
    let bufs = &bufs[..bufs.len().min(MOST)];
    Ok(sendmsg(stream, bufs, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)?)
}

/// Writes from several buffers; the standard library has told the socket never to send `SIGPIPE`.
#[cfg(target_vendor = "apple")]
pub(crate) fn write_vectored(mut stream: &TcpStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    io::Write::write_vectored(&mut stream, bufs)
}
