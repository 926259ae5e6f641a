//! What the standard library does in a way that does not do on a Unix.

use std::io::{self, IoSlice};
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// Reads into a buffer, with the system call alone: the C library's function is a point of cancellation of threads, and
/// twice changes an atomic for it.
#[inline]
pub(crate) fn read(stream: &TcpStream, buf: &mut [u8]) -> io::Result<usize> {
    call::receive(stream.as_fd(), buf)
}

/// Writes a buffer, with the system call alone; a closed peer is an error, never `SIGPIPE`.
#[cfg(not(target_vendor = "apple"))]
#[inline]
pub(crate) fn write(stream: &impl AsFd, buf: &[u8]) -> io::Result<usize> {
    call::send(stream.as_fd(), buf)
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
pub(crate) fn write_vectored(stream: &impl AsFd, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    socket2::SockRef::from(stream).send_vectored_with_flags(bufs, libc::MSG_NOSIGNAL)
}

/// Writes from several buffers; the standard library has told the socket never to send `SIGPIPE`.
#[cfg(target_vendor = "apple")]
pub(crate) fn write_vectored(mut stream: &TcpStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    io::Write::write_vectored(&mut stream, bufs)
}

/// The two calls of every request. socket2 has the C library's, and rustix's sockets take longer to compile than the scheduler.
#[allow(unsafe_code, reason = "the kernel reads and writes the caller's buffers")]
mod call {
    use super::{AsRawFd, BorrowedFd, io};

    pub(super) fn receive(socket: BorrowedFd<'_>, buf: &mut [u8]) -> io::Result<usize> {
        // SAFETY: the buffer is writable for its length, and the kernel writes no more.
        #[cfg(target_os = "linux")]
        let count = unsafe {
            let nobody = std::ptr::null::<u8>();
            libc::syscall(libc::SYS_recvfrom, socket.as_raw_fd(), buf.as_mut_ptr(), buf.len(), 0, nobody, nobody)
        };
        // SAFETY: as above.
        #[cfg(not(target_os = "linux"))]
        let count = unsafe { libc::recv(socket.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len(), 0) };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    }

    #[cfg(not(target_vendor = "apple"))]
    pub(super) fn send(socket: BorrowedFd<'_>, buf: &[u8]) -> io::Result<usize> {
        let flags = libc::MSG_NOSIGNAL;
        // SAFETY: the buffer is readable for its length, and the kernel reads no more.
        #[cfg(target_os = "linux")]
        let count = unsafe {
            let nobody = std::ptr::null::<u8>();
            libc::syscall(libc::SYS_sendto, socket.as_raw_fd(), buf.as_ptr(), buf.len(), flags, nobody, 0usize)
        };
        // SAFETY: as above.
        #[cfg(not(target_os = "linux"))]
        let count = unsafe { libc::send(socket.as_raw_fd(), buf.as_ptr().cast(), buf.len(), flags) };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    }
}
