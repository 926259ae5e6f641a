//! The system call: WSAPoll.

use std::io;
use std::os::windows::io::BorrowedSocket;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tenter_reactor::oneshot::{Armed, Multiplexer};
use tenter_reactor::{Capabilities, Interest, Readiness, Trigger};

/// How often to look after sockets that WSAPoll cannot wait for, see [`is_hung_up_only`]; about a tick of Windows' clock.
const LOOK: Duration = Duration::from_millis(10);

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
        Capabilities::new(Trigger::OneShot)
    }

    fn call(
        &mut self,
        channel: BorrowedSocket<'_>,
        armed: &[Armed],
        timeout: Option<Duration>,
        ready: &mut Vec<(usize, Readiness)>,
    ) -> io::Result<bool> {
        let mut list = recycle(std::mem::take(&mut self.list));
        let result = call(&mut list, channel, armed, timeout, ready);
        self.list = recycle(list);
        result
    }
}

/// The call over a list that is empty before it.
fn call<'list>(
    list: &mut Vec<PollFd<'list>>,
    channel: BorrowedSocket<'list>,
    armed: &'list [Armed],
    timeout: Option<Duration>,
    ready: &mut Vec<(usize, Readiness)>,
) -> io::Result<bool> {
    list.push(PollFd::from_borrowed_fd(channel, PollFlags::RDNORM));
    list.extend(armed.iter().map(|armed| PollFd::from_borrowed_fd(armed.socket(), flags(armed.interest()))));
    poll(list, timeout.map(timespec).as_ref())?;
    let mut deaf = false;
    for (index, (polled, armed)) in list[1..].iter().zip(armed).enumerate() {
        if is_hung_up_only(polled.revents(), armed.interest()) {
            deaf = true;
        } else if !polled.revents().is_empty() {
            ready.push((index, readiness(polled.revents())));
        }
    }
    if deaf && ready.is_empty() && list[0].revents().is_empty() {
        // The engine calls again. Meanwhile the others are waited for, but not for long.
        let mut polled = std::mem::take(list).into_iter();
        list.extend(polled.next());
        let others = polled.zip(armed).filter(|(polled, armed)| !is_hung_up_only(polled.revents(), armed.interest()));
        list.extend(others.map(|(polled, _)| polled));
        poll(list, Some(&timespec(timeout.map_or(LOOK, |timeout| timeout.min(LOOK)))))?;
    }
    Ok(!list[0].revents().is_empty())
}

/// Whether all that is said is that the peer has sent its last byte, to someone who waits to write. WSAPoll says so unasked
/// and at once, for as long as that lasts, so it cannot wait for the room to write in.
fn is_hung_up_only(said: PollFlags, interest: Interest) -> bool {
    said == PollFlags::HUP && !interest.contains(Interest::READ)
}

/// An empty list with the memory of `list`, for sockets of another lifetime.
fn recycle<'to>(mut list: Vec<PollFd<'_>>) -> Vec<PollFd<'to>> {
    list.clear();
    // Collecting in place keeps the allocation; there is no element whose lifetime would change.
    list.into_iter().map(|_| unreachable!("the list was cleared")).collect()
}

/// What to ask WSAPoll for. It reports errors and hang-ups unasked, and refuses to be asked for `PRI`: urgent data is
/// `RDBAND` here.
fn flags(interest: Interest) -> PollFlags {
    let mut flags = PollFlags::empty();
    if interest.contains(Interest::READ) {
        flags |= PollFlags::RDNORM;
    }
    if interest.contains(Interest::WRITE) {
        flags |= PollFlags::WRNORM;
    }
    if interest.contains(Interest::PRIORITY) {
        flags |= PollFlags::RDBAND;
    }
    flags
}

/// What WSAPoll's answer means. A hang-up is the peer's: it sends no more, but may read on. A socket that is not open
/// (`NVAL`) is an error of that source, not of the wait.
fn readiness(flags: PollFlags) -> Readiness {
    let pairs = [
        (PollFlags::RDNORM, Readiness::READ),
        (PollFlags::WRNORM, Readiness::WRITE),
        (PollFlags::RDBAND, Readiness::PRIORITY),
        (PollFlags::HUP, Readiness::READ | Readiness::READ_CLOSED),
        (PollFlags::ERR, Readiness::ERROR),
        (PollFlags::NVAL, Readiness::ERROR),
    ];
    let said = pairs.into_iter().filter(|(flag, _)| flags.contains(*flag));
    said.fold(Readiness::NONE, |all, (_, readiness)| all | readiness)
}

/// The timeout, which rustix rounds up to milliseconds. The engine's calls last a day at most, so they fit.
fn timespec(timeout: Duration) -> Timespec {
    Timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos() as _ }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_awaited_asks_for_nothing() {
        assert_eq!(flags(Interest::NONE), PollFlags::empty());
        assert!(readiness(PollFlags::empty()).is_empty());
    }

    #[test]
    fn a_peer_that_sends_no_more_may_still_read() {
        let said = readiness(PollFlags::HUP);
        assert!(said.contains(Readiness::READ_CLOSED) && !said.contains(Readiness::WRITE_CLOSED));
    }
}
