//! Unix: local sockets, pipes, and descriptors whose number can be had at will.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use crate::conformance::{Stop, Tried};

/// One end of a connection within the machine.
pub(in crate::conformance) type Stream = UnixStream;

/// How long an event that must come is waited for.
pub(in crate::conformance) const PATIENCE: Duration = Duration::from_secs(3);

/// What `connect` says of a connection that is under way.
pub(in crate::conformance) const CONNECTING: rustix::io::Errno = rustix::io::Errno::INPROGRESS;

/// Two connected local sockets that do not block.
pub(in crate::conformance) fn pair() -> io::Result<(Stream, Stream)> {
    let (a, b) = UnixStream::pair()?;
    a.set_nonblocking(true)?;
    b.set_nonblocking(true)?;
    Ok((a, b))
}

/// The reading and the writing end of a pipe; neither blocks.
pub(in crate::conformance) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = rustix::pipe::pipe()?;
    for end in [&read, &write] {
        rustix::io::ioctl_fionbio(end.as_fd(), true)?;
    }
    Ok((read, write))
}

/// Returns when data has arrived.
pub(in crate::conformance) fn arrived(_: &Stream) -> Tried {
    Ok(())
}

/// Whether a read may not tell that the connection was reset.
pub(in crate::conformance) fn resets_look_like_ends() -> bool {
    false
}

/// Lets the number of `old` name the file of `new`, in one step, so that no other thread gets the number in between.
pub(in crate::conformance) fn take_over(old: Stream, new: &Stream) -> Result<Stream, Stop> {
    let mut number = OwnedFd::from(old);
    rustix::io::dup2(new, &mut number)?;
    Ok(UnixStream::from(number))
}

/// As many pairs as the process may open, with room to spare for everything else in it.
pub(in crate::conformance) fn affordable_pairs(wanted: usize) -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(descriptors.saturating_sub(200) / 2).unwrap_or(usize::MAX).min(wanted)
}

/// The processor time that this thread has used so far.
#[cfg(target_os = "netbsd")]
pub(in crate::conformance) fn processor_time() -> Result<Duration, Stop> {
    Err(Stop::Skipped("rustix does not know NetBSD's clock of a thread".to_owned()))
}

/// The processor time that this thread has used so far.
#[cfg(not(target_os = "netbsd"))]
pub(in crate::conformance) fn processor_time() -> io::Result<Duration> {
    use rustix::time::{ClockId, clock_gettime};

    let time = clock_gettime(ClockId::ThreadCPUTime);
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}
