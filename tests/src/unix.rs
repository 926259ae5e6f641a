//! What a Unix has for tests.

use std::io;
/// A socket of this machine alone.
pub use std::os::unix::net::UnixStream as Local;

/// Two connected sockets.
///
/// # Errors
/// What the system says.
pub fn pair() -> io::Result<(Local, Local)> {
    Local::pair()
}
