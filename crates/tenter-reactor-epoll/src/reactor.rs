//! The reactor.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::Duration;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;
use tenter_reactor::{
    Capabilities, Deadline, Event, Events, Interest, Reactor, ReactorError, Readiness, Source, Token, Trigger,
};

use crate::call::WaitCall;

/// What every source is watched for.
const WATCHED: EventFlags =
    EventFlags::IN.union(EventFlags::OUT).union(EventFlags::RDHUP).union(EventFlags::PRI).union(EventFlags::ET);

/// The number that the eventfd is registered under; `Token::RESERVED` on 64 bits, beyond every token on 32.
const WAKE: u64 = u64::MAX;

/// A reactor on an epoll instance of its own.
#[derive(Debug)]
pub struct EpollReactor {
    epoll: OwnedFd,
    /// Registered edge-triggered under [`WAKE`], written by `wake`, read by nobody.
    wake: OwnedFd,
    call: WaitCall,
    /// What the kernel writes its events into. Held by the thread in `wait`.
    seat: Mutex<Buffer>,
}

/// The kernel's events.
struct Buffer(Vec<libc::epoll_event>);

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Buffer").field("capacity", &self.0.capacity()).finish()
    }
}

impl EpollReactor {
    /// A reactor that watches nothing yet, with the most precise timeouts that the system has.
    ///
    /// # Errors
    /// If no descriptor is left, or the system has no epoll.
    pub fn new() -> io::Result<Self> {
        let mut reactor = Self::with_milliseconds()?;
        reactor.call = WaitCall::probe(reactor.epoll.as_fd());
        Ok(reactor)
    }

    /// A reactor whose timeouts are rounded up to milliseconds, as on systems without `epoll_pwait2`.
    ///
    /// # Errors
    /// If no descriptor is left, or the system has no epoll.
    pub fn with_milliseconds() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &wake, EventData::new_u64(WAKE), EventFlags::IN | EventFlags::ET)?;
        Ok(Self { epoll, wake, call: WaitCall::Coarse, seat: Mutex::new(Buffer(Vec::new())) })
    }
}

impl Reactor for EpollReactor {
    fn name(&self) -> &'static str {
        crate::NAME
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::new(Trigger::Edge);
        capabilities.timer_granularity = self.call.granularity();
        capabilities.true_edges = true;
        if self.call == WaitCall::Coarse {
            capabilities.limitation = Some("no epoll_pwait2 (Linux 5.11): timeouts round up to milliseconds");
        }
        capabilities
    }

    #[allow(unsafe_code, reason = "the trait's method is unsafe to call")]
    unsafe fn register(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        if token == Token::RESERVED {
            return Err(ReactorError::ReservedToken.into());
        }
        epoll::add(&self.epoll, descriptor(source), EventData::new_u64(token.0 as u64), WATCHED).map_err(|errno| {
            match errno {
                Errno::EXIST => ReactorError::AlreadyRegistered.into(),
                // The file has no `poll` of its own: a regular file, a directory.
                Errno::PERM => ReactorError::Unwatchable.into(),
                // fs.epoll.max_user_watches.
                Errno::NOSPC => ReactorError::SourceLimit { limit: None }.into(),
                errno => errno.into(),
            }
        })
    }

    fn arm(&self, source: Source<'_>, token: Token, interest: Interest) -> io::Result<()> {
        let _ = (source, token, interest);
        Err(ReactorError::NotArmable.into())
    }

    fn deregister(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        // epoll finds the registration by number and file; it could not check the token.
        let _ = token;
        epoll::delete(&self.epoll, descriptor(source)).map_err(|errno| match errno {
            Errno::NOENT | Errno::PERM => ReactorError::NotRegistered.into(),
            errno => errno.into(),
        })
    }

    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        let mut seat = match self.seat.try_lock() {
            Ok(seat) => seat,
            Err(TryLockError::Poisoned(seat)) => PoisonError::into_inner(seat),
            Err(TryLockError::WouldBlock) => return Err(ReactorError::AlreadyWaiting.into()),
        };
        let buffer = &mut seat.0;
        let deadline = Deadline::after(timeout);
        loop {
            match self.call.wait(self.epoll.as_fd(), buffer, events.capacity(), deadline.remaining()) {
                Ok(()) if buffer.is_empty() && !deadline.is_over() => {}
                Ok(()) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        for event in buffer.iter().filter(|event| event.u64 != WAKE) {
            let token = Token(event.u64 as usize);
            events.push(Event { token, readiness: readiness(EventFlags::from_bits_retain(event.events)) });
        }
        Ok(())
    }

    fn wake(&self) -> io::Result<()> {
        match rustix::io::retry_on_intr(|| rustix::io::write(&self.wake, &1u64.to_ne_bytes())) {
            Ok(_) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

fn descriptor(source: Source<'_>) -> BorrowedFd<'_> {
    match source {
        Source::Fd(fd) => fd,
        _ => unreachable!("Unix has no other sources"),
    }
}

/// What the kernel's answer means.
fn readiness(flags: EventFlags) -> Readiness {
    let mut readiness = Readiness::NONE;
    if flags.contains(EventFlags::IN) {
        readiness |= Readiness::READ;
    }
    if flags.contains(EventFlags::OUT) {
        readiness |= Readiness::WRITE;
    }
    if flags.contains(EventFlags::PRI) {
        readiness |= Readiness::PRIORITY;
    }
    if flags.contains(EventFlags::RDHUP) {
        readiness |= Readiness::READ | Readiness::READ_CLOSED;
    }
    if flags.contains(EventFlags::HUP) {
        readiness |= Readiness::READ | Readiness::READ_CLOSED | Readiness::WRITE | Readiness::WRITE_CLOSED;
    }
    if flags.contains(EventFlags::ERR) {
        readiness |= Readiness::ERROR;
    }
    readiness
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_timeout_that_takes_several_calls_must_not_be_early() {
        const TIMEOUT: Duration = Duration::from_millis(23);
        for reactor in [EpollReactor::new().unwrap(), EpollReactor::with_milliseconds().unwrap()] {
            let start = Instant::now();
            reactor.wait(&mut Events::with_capacity(1), Some(TIMEOUT)).unwrap();
            assert!(start.elapsed() >= TIMEOUT, "{:?}: over after {:?}", reactor.call, start.elapsed());
        }
    }
}
