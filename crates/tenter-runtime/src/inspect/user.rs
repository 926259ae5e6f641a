//! Whose this process is, whose another one is.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "peer_ucred.rs"]
mod peer;
#[cfg(any(target_os = "illumos", target_os = "solaris"))]
#[path = "peer_ucred_sun.rs"]
mod peer;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "illumos", target_os = "solaris")))]
#[path = "peer_eid.rs"]
mod peer;

/// The user that this process acts as.
pub(super) fn own() -> u32 {
    // SAFETY: it has no preconditions, and can't fail.
    unsafe { libc::geteuid() }
}

/// Whether a process exists, whoever's it is.
pub(super) fn is_alive(pid: u32) -> bool {
    let Ok(pid) = libc::pid_t::try_from(pid) else { return false };
    // SAFETY: signal 0 is sent to nobody; it only asks.
    let answer = unsafe { libc::kill(pid, 0) };
    answer == 0 || io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
}

/// Whether the process at the other end acts as the same user, or as root.
pub(super) fn is_own(stream: &UnixStream) -> bool {
    peer::user(stream.as_raw_fd()).is_ok_and(|user| user == own() || user == 0)
}

#[test]
fn this_process_is_alive_and_its_own() {
    assert!(is_alive(std::process::id()) && !is_alive(u32::MAX));
    let (here, _there) = UnixStream::pair().unwrap();
    assert!(is_own(&here));
    assert_eq!(peer::user(here.as_raw_fd()).unwrap(), own());
}
