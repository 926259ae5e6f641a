//! Who is at the other end of a Unix socket, as Linux tells.

use std::io;
use std::os::fd::RawFd;

/// The user that connected.
pub(super) fn user(socket: RawFd) -> io::Result<u32> {
    let mut found = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut len = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the pointers are to `found` and to its length, which the call does not keep.
    let answer =
        unsafe { libc::getsockopt(socket, libc::SOL_SOCKET, libc::SO_PEERCRED, (&raw mut found).cast(), &raw mut len) };
    if answer == 0 { Ok(found.uid) } else { Err(io::Error::last_os_error()) }
}
