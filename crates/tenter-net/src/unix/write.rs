//! Writing without `SIGPIPE`: a closed peer is an error, whatever the program does with the signal.

#[cfg(target_vendor = "apple")]
pub(crate) use apple::{write, write_vectored};
#[cfg(not(target_vendor = "apple"))]
pub(crate) use flagged::{write, write_vectored};

#[cfg(not(target_vendor = "apple"))]
mod flagged {
    use std::io::{self, IoSlice};
    use std::os::unix::net::UnixStream;

    use socket2::SockRef;

    pub(crate) fn write(stream: &UnixStream, buf: &[u8]) -> io::Result<usize> {
        SockRef::from(stream).send_with_flags(buf, libc::MSG_NOSIGNAL)
    }

    pub(crate) fn write_vectored(stream: &UnixStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        SockRef::from(stream).send_vectored_with_flags(bufs, libc::MSG_NOSIGNAL)
    }
}

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
