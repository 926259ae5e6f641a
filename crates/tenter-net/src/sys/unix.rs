//! What the standard library does in a way that does not do on a Unix.

use std::io::{self, IoSlice};
use std::net::TcpStream;

/// Reads into a buffer, with the system call alone: the C library's function is a point of cancellation of threads, and
/// twice changes an atomic for it. (Its `syscall` was 85 ns slower a call than rustix's on a virtual machine, as `recv` was.
/// That is why rustix's sockets are here, though they compile for more than a second.)
#[inline]
pub(crate) fn read(stream: &TcpStream, buf: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::net::recv(stream, buf, rustix::net::RecvFlags::empty())?.0)
}

/// Writes a buffer, with the system call alone; a closed peer is an error, never `SIGPIPE`.
#[cfg(not(target_vendor = "apple"))]
#[inline]
pub(crate) fn write(stream: &TcpStream, buf: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(stream, buf, rustix::net::SendFlags::NOSIGNAL)?)
}

/// Writes a buffer; the standard library has told the socket never to send `SIGPIPE`.
#[cfg(target_vendor = "apple")]
pub(crate) fn write(mut stream: &TcpStream, buf: &[u8]) -> io::Result<usize> {
    io::Write::write(&mut stream, buf)
}

/// Writes from several buffers; a closed peer is an error, never `SIGPIPE`.
///
/// The standard library sends single buffers without the signal, but several of them with `writev`, which can't.
#[cfg(not(target_vendor = "apple"))]
pub(crate) fn write_vectored(stream: &TcpStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};

    Ok(sendmsg(stream, bufs, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)?)
}

/// Writes from several buffers; the standard library has told the socket never to send `SIGPIPE`.
#[cfg(target_vendor = "apple")]
pub(crate) fn write_vectored(mut stream: &TcpStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    io::Write::write_vectored(&mut stream, bufs)
}
