//! What the reactor asks of the kernel, and what the kernel answers.

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

/// Whom an answer is for, packed into the 64 bits that io_uring carries along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// The poll of the source with this number.
    Source(u32),
    /// The operation with this number.
    Operation(u32),
    /// Nobody: what was asked for happens beside the answer.
    Nobody,
}

impl Name {
    const SOURCE: u64 = 1 << 32;
    const OPERATION: u64 = 2 << 32;

    /// As io_uring carries it.
    #[must_use]
    pub fn pack(self) -> u64 {
        match self {
            Self::Source(number) => Self::SOURCE | u64::from(number),
            Self::Operation(number) => Self::OPERATION | u64::from(number),
            Self::Nobody => 0,
        }
    }

    /// From what io_uring carried.
    #[must_use]
    pub fn unpack(bits: u64) -> Self {
        match bits & !u64::from(u32::MAX) {
            Self::SOURCE => Self::Source(bits as u32),
            Self::OPERATION => Self::Operation(bits as u32),
            _ => Self::Nobody,
        }
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Watch a descriptor for everything, edge-triggered, until it is cancelled.
    Watch {
        /// The number of the source.
        source: u32,
        /// Its descriptor.
        fd: RawFd,
    },
    /// Read or write.
    Transfer(Transfer),
    /// End what goes by this name.
    Cancel(Name),
    /// Answer at once, so that whoever waits returns.
    Answer,
}

/// A read or write of memory that stays where it is until the answer has been reaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The number of the operation.
    pub operation: u32,
    /// Whether it writes.
    pub writes: bool,
    /// The file's descriptor.
    pub fd: RawFd,
    /// Where the memory begins.
    pub address: usize,
    /// How many bytes.
    pub length: u32,
    /// Where in the file; `None`: at its own position.
    pub offset: Option<u64>,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whom it is for.
    pub name: Name,
    /// What came of it; an error number if negative.
    pub result: i32,
    /// Whether more answers to the same question follow.
    pub more: bool,
}

/// A ring, as the [`Desk`](crate::desk::Desk) uses it.
///
/// `push`, `room`, `submit` and `reap` are called under the desk's lock, `wait` and `settle` outside of it.
pub trait Kernel: Send + Sync {
    /// Queues a command. False: the queue is full; submit, then try again.
    fn push(&self, command: Command) -> bool;

    /// Whether there are commands to submit, or answers that the kernel keeps until it is asked for them.
    fn has_work(&self) -> bool;

    /// For how many answers there is room. None if there is an answer that the kernel keeps.
    fn room(&self) -> usize;

    /// Submits what is queued, by whomever, and waits for nothing. False: not all of it, for the kernel lacks memory, or
    /// room for answers.
    ///
    /// # Errors
    /// What the system says; the commands stay queued.
    fn submit(&self) -> io::Result<bool>;

    /// Submits what is queued, and waits until there is an answer that was not reaped or the timeout is over.
    ///
    /// May return early.
    ///
    /// # Errors
    /// What the system says; the end of the timeout and a signal are none.
    fn wait(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// Takes the answers that are there.
    fn reap(&self, take: &mut dyn FnMut(Answer));

    /// Returns when the kernel has let go of everything whose last answer has been reaped.
    fn settle(&self);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_kernel() {
        for name in
            [Name::Nobody, Name::Source(0), Name::Source(u32::MAX), Name::Operation(0), Name::Operation(u32::MAX)]
        {
            assert_eq!(Name::unpack(name.pack()), name);
        }
    }
}
