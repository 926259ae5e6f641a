//! Whether a ring does here what the reactor needs.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::error::UringError;
use crate::kernel::{Answer, Command, Kernel, Name, Transfer};
use crate::ring::Ring;

/// How long the kernel may take for an answer that is due at once.
const PATIENCE: Duration = Duration::from_secs(5);

const TRIAL: Name = Name::Source(0);

/// Watches a socket that can be written, and gives that up again: the opcodes and flags of all that the reactor does.
///
/// A sandbox may let a ring be made and forbid its use, and a kernel may know the system call and not the rest.
///
/// # Errors
/// What is missing.
pub(crate) fn probe(ring: &Ring) -> io::Result<()> {
    let (socket, _peer) = UnixStream::pair()?;
    ask(ring, Command::Watch { source: 0, fd: socket.as_raw_fd() })?;
    let first = answer(ring, TRIAL, "answers to polls (Linux 5.1)")?;
    if first.result < 0 || !first.more {
        // Before 5.13 the flag is an invalid argument.
        return Err(UringError::Missing { what: "polls that go on after an event (Linux 5.13)" }.into());
    }
    ask(ring, Command::Cancel(TRIAL))?;
    let last = answer(ring, TRIAL, "the cancelling of polls (Linux 5.5)")?;
    if last.more || last.result != -libc::ECANCELED {
        return Err(UringError::Missing { what: "the cancelling of polls (Linux 5.5)" }.into());
    }
    ring.settle();
    transfer(ring, socket.as_raw_fd())
}

/// Reads nothing.
fn transfer(ring: &Ring, fd: RawFd) -> io::Result<()> {
    let nothing = Transfer { operation: 0, writes: false, fd, address: 0, length: 0, offset: None };
    ask(ring, Command::Transfer(nothing))?;
    match answer(ring, Name::Operation(0), "reads (Linux 5.6)")?.result {
        0 => Ok(()),
        _ => Err(UringError::Missing { what: "reads (Linux 5.6)" }.into()),
    }
}

fn ask(ring: &Ring, command: Command) -> io::Result<()> {
    let pushed = ring.push(command);
    debug_assert!(pushed, "the queue of a new ring is empty");
    ring.submit().map(drop).map_err(UringError::explain)
}

/// The next answer with this name.
fn answer(ring: &Ring, name: Name, what: &'static str) -> io::Result<Answer> {
    let end = Instant::now() + PATIENCE;
    let mut found = None;
    while found.is_none() {
        ring.reap(&mut |answer| {
            if answer.name == name {
                found = found.or(Some(answer));
            }
        });
        let left = end.saturating_duration_since(Instant::now());
        if found.is_none() && left.is_zero() {
            return Err(UringError::Missing { what }.into());
        }
        if found.is_none() {
            ring.wait(Some(left)).map_err(UringError::explain)?;
        }
    }
    found.ok_or_else(|| UringError::Missing { what }.into())
}
