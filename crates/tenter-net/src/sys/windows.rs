//! Reading and writing as the standard library does: Windows knows neither points of cancellation nor `SIGPIPE`.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::TcpStream;

/// What Winsock says to who writes after a shutdown (`WSAESHUTDOWN`); the standard library has no kind for it.
const SHUT_DOWN: i32 = 10058;

pub(crate) fn read(mut stream: &TcpStream, buf: &mut [u8]) -> io::Result<usize> {
    stream.read(buf)
}

pub(crate) fn write(mut stream: &TcpStream, buf: &[u8]) -> io::Result<usize> {
    stream.write(buf).map_err(named)
}

pub(crate) fn write_vectored(mut stream: &TcpStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    stream.write_vectored(bufs).map_err(named)
}

/// The error that other systems have for it.
fn named(error: io::Error) -> io::Error {
    if error.raw_os_error() == Some(SHUT_DOWN) { io::Error::new(ErrorKind::BrokenPipe, error) } else { error }
}
