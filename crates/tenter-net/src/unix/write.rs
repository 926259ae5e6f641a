//! Writing without `SIGPIPE`: a closed peer is an error, whatever the program does with the signal.

#[cfg(not(target_vendor = "apple"))]
pub(crate) use crate::sys::{write, write_vectored};
#[cfg(target_vendor = "apple")]
pub(crate) use apple::{write, write_vectored};

/// There is no such flag there, but an option of the socket, which who made it has set.
#[cfg(target_vendor = "apple")]
mod apple {
    use std::io::{self, IoSlice, Write};
    use std::os::unix::net::UnixStream;

    pub(crate) fn write(mut stream: &UnixStream, buf: &[u8]) -> io::Result<usize> {
        Write::write(&mut stream, buf)
    }

    pub(crate) fn write_vectored(mut stream: &UnixStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Write::write_vectored(&mut stream, bufs)
    }
}
