//! Reading and writing sockets on a Unix.

use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;

/// Reads into a buffer.
#[inline]
pub(crate) fn read(mut stream: &TcpStream, buf: &mut [u8]) -> io::Result<usize> {
    stream.read(buf)
}

/// Writes a buffer; a closed peer is an error, never `SIGPIPE`: the standard library sees to that.
#[inline]
pub(crate) fn write(mut stream: &TcpStream, buf: &[u8]) -> io::Result<usize> {
    stream.write(buf)
}

/// Writes from several buffers; a closed peer is an error, never `SIGPIPE`.
///
/// The standard library sends single buffers without the signal, but several of them with `writev`, which can't.
#[cfg(not(target_vendor = "apple"))]
pub(crate) fn write_vectored(stream: &TcpStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    socket2::SockRef::from(stream).send_vectored_with_flags(bufs, libc::MSG_NOSIGNAL)
}

/// Writes from several buffers; the standard library has told the socket never to send `SIGPIPE`.
#[cfg(target_vendor = "apple")]
pub(crate) fn write_vectored(mut stream: &TcpStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    stream.write_vectored(bufs)
}
