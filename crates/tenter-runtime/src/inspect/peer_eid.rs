//! Who is at the other end of a Unix socket, as the BSDs and Apple's systems tell.

use std::io;
use std::os::fd::RawFd;

/// The user that connected.
pub(super) fn user(socket: RawFd) -> io::Result<u32> {
    let (mut user, mut group) = (libc::uid_t::MAX, libc::gid_t::MAX);
    // SAFETY: both pointers are to values of this function, which the call does not keep.
    let answer = unsafe { libc::getpeereid(socket, &raw mut user, &raw mut group) };
    if answer == 0 { Ok(user) } else { Err(io::Error::last_os_error()) }
}
