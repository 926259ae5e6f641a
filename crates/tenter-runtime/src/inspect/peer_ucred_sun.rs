//! Who is at the other end of a Unix socket, as illumos and Solaris tell.

use std::io;
use std::os::fd::RawFd;

/// The user that connected.
pub(super) fn user(socket: RawFd) -> io::Result<u32> {
    let mut found = std::ptr::null_mut();
    // SAFETY: the call puts a pointer to credentials of ours in place of the null one, or fails.
    if unsafe { libc::getpeerucred(socket, &raw mut found) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: they are there until they are freed, once.
    unsafe {
        let user = libc::ucred_geteuid(found);
        libc::ucred_free(found);
        Ok(user)
    }
}
