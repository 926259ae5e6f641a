//! Waiting for a child on a thread, without collecting it.

use std::io;
use std::process::Child;

/// What [`block`] waits for.
#[derive(Debug)]
pub(crate) struct Waited(u32);

impl Waited {
    /// The child must not be collected before [`block`] has returned.
    #[expect(clippy::unnecessary_wraps, reason = "it can fail on Windows")]
    pub(crate) fn new(child: &Child) -> io::Result<Self> {
        Ok(Self(child.id()))
    }
}

/// Blocks until the child can be collected, or there is no such child: then somebody else has collected it.
///
/// # Errors
/// If the call is forbidden.
pub(crate) fn block(waited: &Waited) -> io::Result<()> {
    loop {
        // SAFETY: all zeroes is a valid `siginfo_t`, which the call fills in.
        let result = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            libc::waitid(libc::P_PID, waited.0 as libc::id_t, &raw mut info, libc::WEXITED | libc::WNOWAIT)
        };
        if result == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EINTR) => {}
            Some(libc::ECHILD) => return Ok(()),
            _ => return Err(error),
        }
    }
}

/// Sends a signal to a child that has not been collected, whose number is still its own.
pub(crate) fn signal(id: u32, signal: i32) -> io::Result<()> {
    // SAFETY: two numbers.
    match unsafe { libc::kill(id as libc::pid_t, signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
