//! The system call: select, on Linux pselect6.

mod set;

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use rustix::event::{Timespec, select};
use rustix::io::Errno;
use tenter_reactor::oneshot::{Armed, Multiplexer};
use tenter_reactor::{Capabilities, Interest, ReactorError, Readiness, Trigger};

use self::set::Set;

/// Whether the call takes nanoseconds; elsewhere microseconds, which rustix rounds up to.
const PRECISE: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Whether the kernel takes sets of any length.
const ANY_LENGTH: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "netbsd",
    target_os = "openbsd",
));

/// `FD_SETSIZE` where the sets have a fixed length: the number of the first descriptor that does not fit.
const FIXED_LENGTH: usize = 1024;

/// The call, and the sets it works on.
#[derive(Debug, Default)]
pub struct SelectCall {
    read: Set,
    write: Set,
    priority: Set,
}

impl Multiplexer for SelectCall {
    const NAME: &'static str = crate::NAME;

    fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    fn capabilities() -> Capabilities {
        let mut capabilities = Capabilities::new(Trigger::OneShot);
        capabilities.regular_files = true;
        capabilities.timer_granularity = if PRECISE { Duration::from_nanos(1) } else { Duration::from_micros(1) };
        if !ANY_LENGTH {
            capabilities.max_sources = Some(FIXED_LENGTH);
            capabilities.limitation = Some("select takes only descriptors with numbers below 1024 on this system");
        }
        capabilities
    }

    fn admit(fd: RawFd) -> Result<(), ReactorError> {
        if ANY_LENGTH || usize::try_from(fd).is_ok_and(|fd| fd < FIXED_LENGTH) {
            Ok(())
        } else {
            Err(ReactorError::SourceLimit { limit: Some(FIXED_LENGTH) })
        }
    }

    fn call(
        &mut self,
        channel: BorrowedFd<'_>,
        armed: &[Armed],
        timeout: Option<Duration>,
        ready: &mut Vec<(usize, Readiness)>,
    ) -> io::Result<bool> {
        match self.select(channel.as_raw_fd(), armed, timeout) {
            Ok(()) => {}
            Err(Errno::BADF) => {
                ready.extend(closed(armed));
                if ready.is_empty() {
                    // If every number is open again by now, the call can be repeated.
                    return Err(rustix::io::fcntl_getfd(channel).err().unwrap_or(Errno::INTR).into());
                }
                return Ok(false);
            }
            Err(errno) => return Err(errno.into()),
        }
        ready.extend(armed.iter().enumerate().filter_map(|(index, armed)| {
            let readiness = self.readiness(armed);
            (!readiness.is_empty()).then_some((index, readiness))
        }));
        Ok(self.read.contains(channel.as_raw_fd()))
    }
}

impl SelectCall {
    /// Fills the sets, and has the kernel leave in them what is ready.
    #[allow(unsafe_code, reason = "rustix's select takes descriptors as bare numbers")]
    fn select(&mut self, channel: RawFd, armed: &[Armed], timeout: Option<Duration>) -> Result<(), Errno> {
        let largest = armed.iter().map(|armed| armed.fd().as_raw_fd()).fold(channel, RawFd::max);
        let bound = largest.checked_add(1).ok_or(Errno::BADF)?;
        for set in [&mut self.read, &mut self.write, &mut self.priority] {
            set.reset(bound);
        }
        self.read.insert(channel);
        for (fd, interest) in armed.iter().map(|armed| (armed.fd().as_raw_fd(), armed.interest())) {
            if interest.contains(Interest::READ) {
                self.read.insert(fd);
            }
            if interest.contains(Interest::WRITE) {
                self.write.insert(fd);
            }
            if interest.contains(Interest::PRIORITY) {
                self.priority.insert(fd);
            }
        }
        // The engine's calls last a day at most, so the seconds fit.
        let timeout =
            timeout.map(|timeout| Timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos() as _ });
        let (read, write, priority) = (self.read.elements(), self.write.elements(), self.priority.elements());
        // SAFETY: what is in the sets is the engine's channel and armed descriptors, which stay open during the call by
        // the contract of `register`; each set has an element for every number below `bound`, which rustix checks.
        unsafe { select(bound, Some(read), Some(write), Some(priority), timeout.as_ref())? };
        Ok(())
    }

    /// What the sets say about one source.
    fn readiness(&self, armed: &Armed) -> Readiness {
        let fd = armed.fd().as_raw_fd();
        let mut readiness = Readiness::NONE;
        if self.read.contains(fd) {
            readiness |= Readiness::READ;
        }
        if self.write.contains(fd) {
            readiness |= Readiness::WRITE;
        }
        if self.priority.contains(fd) {
            readiness |= Readiness::PRIORITY;
        }
        readiness
    }
}

/// The sources whose descriptors are not open, against the contract: an error of each of them, not of the wait.
fn closed(armed: &[Armed]) -> impl Iterator<Item = (usize, Readiness)> {
    let is_closed = |armed: &Armed| rustix::io::fcntl_getfd(armed.fd()) == Err(Errno::BADF);
    armed.iter().enumerate().filter(move |(_, armed)| is_closed(armed)).map(|(index, _)| (index, Readiness::ERROR))
}
