//! Who speaks with the kernel, and when: the protocol of the crate's page.

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::PoisonError;
use std::time::Duration;

use tenter_core::sync::{Condvar, Mutex, MutexGuard};
use tenter_reactor::{Abandoned, Completed, Deadline, Events, Operation, ReactorError, Refused, Ticket, Token};

use crate::kernel::{Command, Kernel, Name};
use crate::state::State;

/// How long a submission that the kernel has no room for pauses.
const PAUSE: Duration = Duration::from_millis(1);

/// A ring and everything that is known about it.
pub struct Desk<K: Kernel> {
    pub(crate) kernel: K,
    pub(crate) state: Mutex<State>,
    /// Notified when [`State::waiting`] ends.
    free: Condvar,
}

impl<K: Kernel + fmt::Debug> fmt::Debug for Desk<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("kernel", &self.kernel).finish_non_exhaustive()
    }
}

type Locked<'a> = MutexGuard<'a, State>;

impl<K: Kernel> Desk<K> {
    /// A desk that watches nothing.
    pub fn new(kernel: K) -> Self {
        Self { kernel, state: Mutex::new(State::default()), free: Condvar::new() }
    }

    /// Starts to watch.
    ///
    /// # Errors
    /// `ReservedToken`, `AlreadyRegistered` or `SourceLimit`.
    pub fn register(&self, fd: RawFd, token: Token) -> io::Result<()> {
        if token == Token::RESERVED {
            return Err(ReactorError::ReservedToken.into());
        }
        let mut state = self.lock();
        let source = state.sources.open(fd, token)?;
        state.unasked.push_back(source);
        // If the kernel can't be told now it will be by the next wait, which says so if it can't either.
        drop(self.pass_on(state));
        Ok(())
    }

    /// Ends the watching; returns when the kernel holds no reference to the descriptor's file.
    ///
    /// # Errors
    /// `NotRegistered`.
    pub fn deregister(&self, fd: RawFd, token: Token) -> io::Result<()> {
        let mut state = self.lock();
        let (source, known) = state.sources.begin_close(fd, token)?;
        state.forget(Name::Source(source));
        state.trim_unasked();
        if state.sources.is_polled(source) {
            state.commands.push_back(Command::Cancel(Name::Source(source)));
            state = self.submit(state)?;
        }
        while state.sources.is_polled(source) {
            if state.waiting {
                state = self.queue(state, None);
                continue;
            }
            self.reap(&mut state);
            if state.sources.is_polled(source) {
                state = self.enter(state, None)?;
            }
        }
        state.sources.finish_close(source);
        Self::leave(state);
        if known {
            self.kernel.settle();
        }
        Ok(())
    }

    /// Waits for events, a wake or the timeout. One thread at a time.
    ///
    /// # Errors
    /// What the system says.
    pub fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let deadline = Deadline::after(timeout);
        let mut state = self.lock();
        loop {
            if state.waiting {
                // A thread that deregisters is in the kernel; it will not be long.
                state = self.queue(state, deadline.remaining());
                if state.waiting && deadline.is_over() {
                    return Ok(());
                }
                continue;
            }
            self.reap(&mut state);
            let over = state.woken || state.has_reports() || deadline.is_over();
            if !over {
                state = self.enter(state, deadline.remaining())?;
                continue;
            }
            if self.has_work(&state) {
                state = self.submit(state)?;
                // The lock may have been released meanwhile, and somebody else have begun to wait.
                if !state.waiting {
                    self.reap(&mut state);
                }
            }
            state.report(events);
            if std::mem::take(&mut state.woken) || !events.is_empty() || deadline.is_over() {
                Self::leave(state);
                return Ok(());
            }
        }
    }

    /// Ends the present wait, or the next.
    ///
    /// # Errors
    /// What the system says.
    pub fn wake(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.woken = true;
        if state.waiting && !state.kicked {
            state.kicked = true;
            state.commands.push_back(Command::Answer);
            return self.submit(state).map(drop);
        }
        Ok(())
    }
}

/// Operations.
impl<K: Kernel> Desk<K> {
    /// Begins an operation.
    ///
    /// # Errors
    /// What the system says, with the operation.
    pub fn begin(&self, operation: Operation, token: Token) -> Result<Ticket, Box<Refused>> {
        if token == Token::RESERVED {
            return Err(Box::new(Refused::new(operation, ReactorError::ReservedToken.into())));
        }
        let mut state = self.lock();
        let (number, command) = state.operations.open(operation, token);
        state.commands.push_back(command);
        // If the kernel can't be told now it will be by the next wait, which says so if it can't either.
        drop(self.pass_on(state));
        Ok(Ticket::new(number))
    }

    /// The outcome of an operation.
    ///
    /// # Errors
    /// The ticket, if it is not over.
    pub fn take(&self, ticket: Ticket) -> Result<Completed, Ticket> {
        let mut state = self.lock();
        // Only what is over has something to report.
        state.forget(Name::Operation(ticket.number()));
        state.operations.take(ticket.number()).ok_or(ticket)
    }

    /// Gives an operation up.
    pub fn abandon(&self, ticket: Ticket, how: Abandoned) {
        let mut state = self.lock();
        let name = Name::Operation(ticket.number());
        state.forget(name);
        if state.operations.abandon(ticket.number(), how) {
            if how == Abandoned::Cancelled {
                state.commands.push_back(Command::Cancel(name));
            }
            // Also what goes on to its end has to have begun: perhaps nobody ever waits again.
            if let Ok(mut state) = self.submit(state) {
                if !state.waiting {
                    self.reap(&mut state);
                }
                Self::leave(state);
            }
        } else {
            Self::leave(state);
        }
    }
}

/// The steps.
impl<K: Kernel> Desk<K> {
    /// No foreign code runs under the lock, so what it guards is whole even if a thread panicked while it held it.
    fn lock(&self) -> Locked<'_> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Releases the lock, and drops what nobody wants any more: that may close files.
    fn leave(mut state: Locked<'_>) {
        let discarded = std::mem::take(&mut state.operations.discarded);
        drop(state);
        drop(discarded);
    }

    fn has_work(&self, state: &State) -> bool {
        !state.commands.is_empty() || !state.unasked.is_empty() || self.kernel.has_work()
    }

    /// Sees to it that what was just asked reaches the kernel: by whoever enters it next, or now if somebody is in it.
    fn pass_on<'a>(&'a self, state: Locked<'a>) -> io::Result<Locked<'a>> {
        if state.waiting { self.submit(state) } else { Ok(state) }
    }

    /// Takes in what the kernel has answered. Not while another thread waits there: it would miss what is taken.
    fn reap(&self, state: &mut State) {
        debug_assert!(!state.waiting, "only the thread that waits reaps");
        self.kernel.reap(&mut |answer| state.answer(answer));
    }

    /// Moves what is to be asked into the ring's queue, and has the kernel make room there as often as it takes.
    fn fill<'a>(&'a self, state: Locked<'a>) -> io::Result<Locked<'a>> {
        let state = self.fill_commands(state)?;
        self.fill_polls(state)
    }

    fn fill_commands<'a>(&'a self, mut state: Locked<'a>) -> io::Result<Locked<'a>> {
        while let Some(command) = state.commands.front().copied() {
            if self.kernel.push(command) {
                state.commands.pop_front();
            } else {
                state = self.submit_queue(state)?;
            }
        }
        Ok(state)
    }

    /// Asks for polls, no more at a time than there is room for answers: a poll may be answered at once, and would end if the
    /// answer had no place. If some are left, there are answers to be taken.
    fn fill_polls<'a>(&'a self, mut state: Locked<'a>) -> io::Result<Locked<'a>> {
        while !state.unasked.is_empty() {
            if self.kernel.has_work() {
                // What is queued takes its places first, and so do answers that the kernel keeps.
                state = self.submit_queue(state)?;
            }
            let mut room = self.kernel.room();
            if room == 0 {
                break;
            }
            while let Some(source) = state.unasked.front().copied() {
                if let Some(fd) = state.sources.unasked(source) {
                    if room == 0 || !self.kernel.push(Command::Watch { source, fd }) {
                        break;
                    }
                    room -= 1;
                    state.sources.asked(source);
                }
                state.unasked.pop_front();
            }
        }
        Ok(state)
    }

    /// Submits everything that there is room for.
    fn submit<'a>(&'a self, state: Locked<'a>) -> io::Result<Locked<'a>> {
        let state = self.fill(state)?;
        self.submit_queue(state)
    }

    fn submit_queue<'a>(&'a self, mut state: Locked<'a>) -> io::Result<Locked<'a>> {
        while !self.kernel.submit()? {
            // No memory, or no room for answers: somebody has to reap.
            if !state.waiting {
                self.reap(&mut state);
            }
            state = self.queue(state, Some(PAUSE));
        }
        Ok(state)
    }

    /// Waits in the kernel.
    fn enter<'a>(&'a self, state: Locked<'a>, timeout: Option<Duration>) -> io::Result<Locked<'a>> {
        let mut state = self.fill(state)?;
        if state.waiting {
            // The lock was released on the way; whoever called looks again.
            return Ok(state);
        }
        state.waiting = true;
        state.kicked = false;
        drop(state);
        let waited = self.kernel.wait(timeout);
        let mut state = self.lock();
        state.waiting = false;
        if state.queueing > 0 {
            self.free.notify_all();
        }
        // What came is taken in before anybody else looks: those who queue find it done.
        self.reap(&mut state);
        waited.map(|()| state)
    }

    /// Waits until nobody is in the kernel; may return early.
    fn queue<'a>(&'a self, mut state: Locked<'a>, timeout: Option<Duration>) -> Locked<'a> {
        state.queueing += 1;
        let mut state = match timeout {
            None => self.free.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(timeout) => self.free.wait_timeout(state, timeout).unwrap_or_else(PoisonError::into_inner).0,
        };
        state.queueing -= 1;
        state
    }
}
