//! What a Unix has for tests.

use std::io;
pub use std::os::unix::net::UnixStream as Local;

/// Two connected sockets.
pub fn pair() -> io::Result<(Local, Local)> {
    Local::pair()
}
