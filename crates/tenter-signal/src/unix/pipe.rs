//! How a handler ends a wait of a reactor: a byte in a socket. One pair per process, which is never closed.

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;

use super::handler;

/// Where handlers write, and where is read.
static PAIR: OnceLock<(UnixStream, UnixStream)> = OnceLock::new();

/// The end to read from under a number of its own, not blocking; from now on handlers write.
pub(super) fn reader() -> io::Result<UnixStream> {
    if let Some((_, reader)) = PAIR.get() {
        return reader.try_clone();
    }
    let (writer, reader) = UnixStream::pair()?;
    writer.set_nonblocking(true)?;
    reader.set_nonblocking(true)?;
    let (_, reader) = PAIR.get_or_init(|| {
        handler::write_to(writer.as_raw_fd());
        (writer, reader)
    });
    reader.try_clone()
}

/// Takes what handlers have written; then all listeners must be woken.
pub(super) fn drain() {
    let Some((_, reader)) = PAIR.get() else { return };
    // More than one byte only if several handlers ran at once.
    while matches!((&*reader).read(&mut [0; 64]), Ok(read) if read > 0) {}
    // Not before: a byte that a handler writes after it was said would be read here, and no other would follow it.
    handler::taken();
}
