//! The reactor.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Mutex, TryLockError};
use std::time::Duration;

use tenter_reactor::{
    Abandoned, Capabilities, Completed, Completions, Events, Interest, Operation, Reactor, ReactorError, Refused,
    Source, Ticket, Token, Trigger,
};

use crate::desk::Desk;
use crate::probe::probe;
use crate::ring::Ring;

/// Commands that one system call submits at most: 64 bytes each.
const COMMANDS: u32 = 128;

/// Answers that the ring has room for, 16 bytes each; the kernel keeps those beyond.
const ANSWERS: u32 = 1024;

/// A reactor on an io_uring of its own.
#[derive(Debug)]
pub struct UringReactor {
    desk: Desk<Ring>,
    /// Held by the thread in `wait`.
    seat: Mutex<()>,
}

impl UringReactor {
    /// A reactor that watches nothing yet, after a poll on its ring has been tried.
    ///
    /// # Errors
    /// A [`UringError`](crate::UringError) if the system has no io_uring, forbids it, or has one that lacks something;
    /// what the system says if no descriptor is left.
    pub fn new() -> io::Result<Self> {
        Self::with_room(COMMANDS, ANSWERS)
    }

    /// A reactor whose ring has room for so many commands and answers at a time, rounded up to powers of two. Nothing
    /// depends on it but the number of system calls.
    ///
    /// # Errors
    /// As [`new`](Self::new); also if `answers` is less than `commands`, or either is too large for the system.
    pub fn with_room(commands: u32, answers: u32) -> io::Result<Self> {
        let ring = Ring::new(commands, answers)?;
        probe(&ring)?;
        Ok(Self { desk: Desk::new(ring), seat: Mutex::new(()) })
    }
}

impl Reactor for UringReactor {
    fn name(&self) -> &'static str {
        crate::NAME
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::new(Trigger::Edge);
        capabilities.timer_granularity = Duration::from_nanos(1);
        capabilities.true_edges = true;
        capabilities.regular_files = true;
        capabilities
    }

    #[allow(unsafe_code, reason = "the trait's method is unsafe to call")]
    unsafe fn register(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        self.desk.register(number(source), token)
    }

    fn arm(&self, source: Source<'_>, token: Token, interest: Interest) -> io::Result<()> {
        let _ = (source, token, interest);
        Err(ReactorError::NotArmable.into())
    }

    fn deregister(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        self.desk.deregister(number(source), token)
    }

    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        let _seat = match self.seat.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(ReactorError::AlreadyWaiting.into()),
            seat => seat,
        };
        self.desk.wait(events, timeout)
    }

    fn wake(&self) -> io::Result<()> {
        self.desk.wake()
    }

    fn completions(&self) -> Option<&dyn Completions> {
        Some(self)
    }
}

impl Completions for UringReactor {
    fn submit(&self, operation: Operation, token: Token) -> Result<Ticket, Box<Refused>> {
        self.desk.begin(operation, token)
    }

    fn take(&self, ticket: Ticket) -> Result<Completed, Ticket> {
        self.desk.take(ticket)
    }

    fn abandon(&self, ticket: Ticket, how: Abandoned) {
        self.desk.abandon(ticket, how);
    }
}

fn number(source: Source<'_>) -> RawFd {
    match source {
        Source::Fd(fd) => fd.as_raw_fd(),
        _ => unreachable!("Unix has no other sources"),
    }
}
