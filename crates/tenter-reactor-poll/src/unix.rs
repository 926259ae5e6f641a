//! The system call: poll, on Linux ppoll.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tenter_reactor::oneshot::{Armed, Multiplexer};
use tenter_reactor::{Capabilities, Interest, Readiness, Trigger};

/// Whether the system's call takes nanoseconds.
const PRECISE: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// The call, and the list it works on.
#[derive(Debug)]
pub struct PollCall {
    /// Empty between calls; kept for its memory.
    list: Vec<PollFd<'static>>,
}

impl Multiplexer for PollCall {
    const NAME: &'static str = crate::NAME;

    fn new() -> io::Result<Self> {
        Ok(Self { list: Vec::new() })
    }

    fn capabilities() -> Capabilities {
        let mut capabilities = Capabilities::new(Trigger::OneShot);
        capabilities.regular_files = true;
        if PRECISE {
            capabilities.timer_granularity = Duration::from_nanos(1);
        }
        capabilities
    }

    fn call(
        &mut self,
        channel: BorrowedFd<'_>,
        armed: &[Armed],
        timeout: Option<Duration>,
        ready: &mut Vec<(usize, Readiness)>,
    ) -> io::Result<bool> {
        let mut list = recycle(std::mem::take(&mut self.list));
        list.push(PollFd::from_borrowed_fd(channel, PollFlags::IN));
        list.extend(armed.iter().map(|armed| PollFd::from_borrowed_fd(armed.fd(), flags(armed.interest()))));
        let result = poll(&mut list, timeout.map(timespec).as_ref());
        let signalled = !list[0].revents().is_empty();
        if result.is_ok() {
            ready.extend(list[1..].iter().enumerate().filter_map(|(index, polled)| {
                let readiness = readiness(polled.revents());
                (!readiness.is_empty()).then_some((index, readiness))
            }));
        }
        self.list = recycle(list);
        result?;
        Ok(signalled)
    }
}

/// An empty list with the memory of `list`, for descriptors of another lifetime.
fn recycle<'to>(mut list: Vec<PollFd<'_>>) -> Vec<PollFd<'to>> {
    list.clear();
    // Collecting in place keeps the allocation; there is no element whose lifetime would change.
    list.into_iter().map(|_| unreachable!("the list was cleared")).collect()
}

/// What to ask poll for. It reports errors and hang-ups unasked.
fn flags(interest: Interest) -> PollFlags {
    let mut flags = PollFlags::empty();
    if interest.contains(Interest::READ) {
        flags |= PollFlags::IN | READ_CLOSED;
    }
    if interest.contains(Interest::WRITE) {
        flags |= PollFlags::OUT;
    }
    if interest.contains(Interest::PRIORITY) {
        flags |= PollFlags::PRI;
    }
    flags
}

/// The flag that says that the peer sends no more; systems without it say so by a read that returns nothing.
#[cfg(any(target_os = "linux", target_os = "android"))]
const READ_CLOSED: PollFlags = PollFlags::RDHUP;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const READ_CLOSED: PollFlags = PollFlags::empty();

/// What poll's answer means. A descriptor that is not open (`NVAL`) is an error of that source, not of the wait.
fn readiness(flags: PollFlags) -> Readiness {
    let mut readiness = Readiness::NONE;
    if flags.contains(PollFlags::IN) {
        readiness |= Readiness::READ;
    }
    if flags.contains(PollFlags::OUT) {
        readiness |= Readiness::WRITE;
    }
    if flags.contains(PollFlags::PRI) {
        readiness |= Readiness::PRIORITY;
    }
    if flags.intersects(READ_CLOSED) {
        readiness |= Readiness::READ | Readiness::READ_CLOSED;
    }
    if flags.contains(PollFlags::HUP) {
        readiness |= Readiness::READ | Readiness::READ_CLOSED | hang_up_of_writers(flags);
    }
    if flags.intersects(PollFlags::ERR.union(PollFlags::NVAL)) {
        readiness |= Readiness::ERROR;
    }
    readiness
}

/// Whether a hang-up also means that writing is over. On Linux it does: a socket hangs up when both directions are shut.
/// Elsewhere some systems set `HUP` when only the peer has shut down, and `OUT` tells.
fn hang_up_of_writers(flags: PollFlags) -> Readiness {
    if PRECISE || !flags.contains(PollFlags::OUT) {
        Readiness::WRITE | Readiness::WRITE_CLOSED
    } else {
        Readiness::NONE
    }
}

/// The timeout as the call takes it: never less, and in whole milliseconds where it counts those.
fn timespec(timeout: Duration) -> Timespec {
    let timeout = if PRECISE { timeout } else { whole_milliseconds(timeout) };
    // The engine's calls last a day at most, so the seconds fit.
    Timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos() as _ }
}

fn whole_milliseconds(timeout: Duration) -> Duration {
    let excess = timeout.subsec_nanos() % 1_000_000;
    if excess == 0 { timeout } else { timeout.saturating_add(Duration::from_nanos(u64::from(1_000_000 - excess))) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn whole_milliseconds_must_not_round_down(seconds in 0u64..=86_400, nanoseconds in 0u32..1_000_000_000) {
            let timeout = Duration::new(seconds, nanoseconds);
            let rounded = whole_milliseconds(timeout);
            prop_assert!(rounded >= timeout);
            prop_assert!(rounded - timeout < Duration::from_millis(1));
            prop_assert_eq!(rounded.subsec_nanos() % 1_000_000, 0);
        }
    }

    #[test]
    fn nothing_awaited_asks_for_nothing() {
        assert_eq!(flags(Interest::NONE), PollFlags::empty());
        assert!(readiness(PollFlags::empty()).is_empty());
    }

    #[test]
    fn a_hang_up_with_room_to_write_does_not_end_writing_where_only_the_peer_may_have_shut_down() {
        let said = readiness(PollFlags::HUP | PollFlags::OUT);
        assert_eq!(said.contains(Readiness::WRITE_CLOSED), PRECISE);
        assert!(said.contains(Readiness::READ_CLOSED));
    }
}
