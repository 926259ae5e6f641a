//! Operations that a reactor carries out itself, beside telling what is ready.

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::Token;

/// What an [`Operation`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Reads into the buffer, at most its length.
    Read,
    /// Writes the buffer, or a part of it from its beginning.
    Write,
}

/// A read or write that owns everything it needs: the buffer, and a share of the file, which thereby stays open.
///
/// ```
/// use std::sync::Arc;
/// use tenter_reactor::{Action, Operation};
///
/// let file = Arc::new(std::fs::File::open(std::env::current_exe()?)?);
/// let operation = Operation::read(file, vec![0; 4096], Some(0));
/// assert_eq!(operation.action, Action::Read);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Operation {
    /// What it does.
    pub action: Action,
    /// The file.
    pub file: Arc<File>,
    /// What is read into or written; all of it initialised.
    pub buffer: Vec<u8>,
    /// Where in the file, in bytes from its beginning; `None`: at the file's own position, which then moves.
    pub offset: Option<u64>,
}

impl Operation {
    /// Reads at most as much as the buffer is long.
    #[must_use]
    pub fn read(file: Arc<File>, buffer: Vec<u8>, offset: Option<u64>) -> Self {
        Self { action: Action::Read, file, buffer, offset }
    }

    /// Writes the buffer, or a part of it.
    #[must_use]
    pub fn write(file: Arc<File>, buffer: Vec<u8>, offset: Option<u64>) -> Self {
        Self { action: Action::Write, file, buffer, offset }
    }
}

/// An operation that is over.
#[derive(Debug)]
#[non_exhaustive]
pub struct Completed {
    /// What was submitted, buffer and all.
    pub operation: Operation,
    /// How many bytes were read or written.
    pub result: io::Result<usize>,
}

impl Completed {
    /// For reactors.
    #[must_use]
    pub fn new(operation: Operation, result: io::Result<usize>) -> Self {
        Self { operation, result }
    }
}

/// An operation that a reactor did not take, and why; it has not begun.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refused {
    /// What was submitted.
    pub operation: Operation,
    /// Why it was refused.
    pub error: io::Error,
}

impl Refused {
    /// For reactors.
    #[must_use]
    pub fn new(operation: Operation, error: io::Error) -> Self {
        Self { operation, error }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the operation was not submitted: {}", self.error)
    }
}

impl std::error::Error for Refused {}

/// A claim on an operation that was submitted; given up for its outcome, or to be rid of it.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an operation whose ticket is lost is never taken out of its reactor"]
pub struct Ticket(u32);

impl Ticket {
    /// For reactors: the ticket with this number.
    pub fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.0
    }
}

/// What becomes of an operation whose outcome nobody wants any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abandoned {
    /// It is cancelled if that is still possible.
    Cancelled,
    /// It goes on to its end.
    Finished,
}

/// Operations that a reactor carries out; see [`Reactor::completions`](crate::Reactor::completions).
///
/// The end of an operation is an event of its token, ready to read, like a source's. Submitting never blocks on the
/// operation. Like those of the reactor, these methods may be called from any thread at any time, and take effect in a wait
/// that is under way; an operation that was submitted while nobody waits may begin with the next wait.
pub trait Completions {
    /// Begins an operation.
    ///
    /// Until it is over the reactor owns it: the buffer stays where it is and the file open, whatever becomes of the
    /// ticket, and of the reactor.
    ///
    /// # Errors
    /// What the system says; the operation comes back.
    fn submit(&self, operation: Operation, token: Token) -> Result<Ticket, Box<Refused>>;

    /// The outcome of an operation that is over. Waits that begin later do not report its token.
    ///
    /// # Errors
    /// The ticket, if the operation is not over yet.
    fn take(&self, ticket: Ticket) -> Result<Completed, Ticket>;

    /// Gives up an operation. Waits that begin later do not report its token; the buffer and the share of the file are
    /// dropped as soon as the operation is over.
    fn abandon(&self, ticket: Ticket, how: Abandoned);
}
