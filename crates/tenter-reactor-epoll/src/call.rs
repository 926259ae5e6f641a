//! The system calls that wait: `epoll_pwait2`, or `epoll_wait` where there is none.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::time::Duration;

/// The longest single call; longer timeouts take several. Under 24.8 days, which is what an `int` of milliseconds holds. In
/// tests short, so that they meet timeouts that take several calls.
const LONGEST_CALL: Duration = if cfg!(test) { Duration::from_millis(5) } else { Duration::from_secs(24 * 60 * 60) };

/// Which call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitCall {
    /// `epoll_pwait2`: nanoseconds.
    Precise,
    /// `epoll_wait`: milliseconds.
    Coarse,
}

/// The kernel's `__kernel_timespec`, which has 64 bits on every architecture.
#[repr(C)]
struct KernelTimespec {
    seconds: i64,
    nanoseconds: i64,
}

impl WaitCall {
    /// The best call that works on `epoll`. A kernel without `epoll_pwait2` says `ENOSYS`, a sandbox mostly `EPERM`; either
    /// way there is the older call.
    pub(crate) fn probe(epoll: BorrowedFd<'_>) -> Self {
        match pwait2(epoll, &mut Vec::new(), 1, Some(Duration::ZERO)) {
            Ok(()) => Self::Precise,
            Err(_) => Self::Coarse,
        }
    }

    /// What a timeout is counted in.
    pub(crate) fn granularity(self) -> Duration {
        match self {
            Self::Precise => Duration::from_nanos(1),
            Self::Coarse => Duration::from_millis(1),
        }
    }

    /// Replaces the contents of `buffer` with at most `limit` events.
    pub(crate) fn wait(
        self,
        epoll: BorrowedFd<'_>,
        buffer: &mut Vec<libc::epoll_event>,
        limit: usize,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let timeout = timeout.map(|timeout| timeout.min(LONGEST_CALL));
        match self {
            Self::Precise => pwait2(epoll, buffer, limit, timeout),
            Self::Coarse => wait(epoll, buffer, limit, timeout),
        }
    }
}

#[allow(unsafe_code, reason = "a system call that rustix offers only to programs built for Linux 5.11 and later")]
fn pwait2(
    epoll: BorrowedFd<'_>,
    buffer: &mut Vec<libc::epoll_event>,
    limit: usize,
    timeout: Option<Duration>,
) -> io::Result<()> {
    let timeout = timeout.map(|timeout| KernelTimespec {
        seconds: timeout.as_secs() as i64,
        nanoseconds: i64::from(timeout.subsec_nanos()),
    });
    let room = make_room(buffer, limit);
    // SAFETY: the buffer has room for `room` events, and the kernel writes no more; the timeout is null or lives until the
    // call returns; a null signal mask (whose size is then ignored) leaves the mask alone.
    let count = unsafe {
        libc::syscall(
            libc::SYS_epoll_pwait2,
            epoll.as_raw_fd(),
            buffer.as_mut_ptr(),
            room,
            timeout.as_ref().map_or(ptr::null(), ptr::from_ref),
            ptr::null::<libc::sigset_t>(),
            0usize,
        )
    };
    accept(buffer, count as i64)
}

#[allow(unsafe_code, reason = "the same buffer as the other call's")]
fn wait(
    epoll: BorrowedFd<'_>,
    buffer: &mut Vec<libc::epoll_event>,
    limit: usize,
    timeout: Option<Duration>,
) -> io::Result<()> {
    let room = make_room(buffer, limit);
    // SAFETY: the buffer has room for `room` events, and the kernel writes no more.
    let count = unsafe { libc::epoll_wait(epoll.as_raw_fd(), buffer.as_mut_ptr(), room, milliseconds(timeout)) };
    accept(buffer, i64::from(count))
}

/// Empties the buffer, gives it room for `limit` events, and says how many of these the kernel may write.
fn make_room(buffer: &mut Vec<libc::epoll_event>, limit: usize) -> i32 {
    buffer.clear();
    buffer.reserve_exact(limit);
    // The kernel refuses more than i32::MAX bytes.
    limit.min(i32::MAX as usize / size_of::<libc::epoll_event>()) as i32
}

/// Takes over the `count` events that the kernel has written, or its error.
#[allow(unsafe_code, reason = "the kernel has filled the buffer")]
fn accept(buffer: &mut Vec<libc::epoll_event>, count: i64) -> io::Result<()> {
    if count < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has written `count` events, and no more than the capacity.
    unsafe { buffer.set_len(count as usize) };
    Ok(())
}

/// A timeout in whole milliseconds: never less than asked, −1 for ever, and the largest there is if it exceeds that
/// (24.8 days; whoever waits longer calls again).
fn milliseconds(timeout: Option<Duration>) -> i32 {
    let Some(timeout) = timeout else { return -1 };
    timeout.as_nanos().div_ceil(1_000_000).try_into().unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn milliseconds_must_not_round_down(seconds in any::<u64>(), nanoseconds in 0u32..1_000_000_000, small in any::<bool>()) {
            let timeout = Duration::new(if small { seconds % 100 } else { seconds }, nanoseconds);
            let milliseconds = milliseconds(Some(timeout));
            prop_assert!(milliseconds >= 0, "a negative timeout would never end");
            let rounded = Duration::from_millis(milliseconds as u64);
            if milliseconds < i32::MAX {
                prop_assert!(rounded >= timeout, "{timeout:?} became {milliseconds} ms");
                prop_assert!(rounded - timeout < Duration::from_millis(1));
            }
        }
    }

    #[test]
    fn milliseconds_at_the_edges() {
        assert_eq!(milliseconds(None), -1);
        assert_eq!(milliseconds(Some(Duration::ZERO)), 0);
        assert_eq!(milliseconds(Some(Duration::from_nanos(1))), 1);
        assert_eq!(milliseconds(Some(Duration::from_nanos(1_000_001))), 2);
        assert_eq!(milliseconds(Some(Duration::MAX)), i32::MAX);
    }
}
