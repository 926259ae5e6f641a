//! The ring: queues shared with the kernel, and the system call between them.

use std::fmt;
use std::io;
use std::thread;
use std::time::Duration;

use io_uring::types::{Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};

use crate::error::UringError;
use crate::kernel::{Answer, Command, Kernel, Name, Transfer};

/// What a source is watched for. Without a flag for levels, the kernel reports edges.
const WATCHED: u32 = (libc::POLLIN | libc::POLLOUT | libc::POLLPRI | libc::POLLRDHUP) as u32;

/// The longest single call; longer timeouts take several. In tests short, so that they meet timeouts that take several.
const LONGEST_CALL: Duration = if cfg!(test) { Duration::from_millis(5) } else { Duration::from_secs(24 * 60 * 60) };

/// How long a wait that the kernel has no memory for pauses.
const PAUSE: Duration = Duration::from_millis(1);

/// A ring of its own.
pub(crate) struct Ring {
    uring: IoUring,
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").finish_non_exhaustive()
    }
}

impl Ring {
    /// A ring with room for so many commands and answers at a time.
    ///
    /// No flag ties it to a thread: see the crate's page. One command that fails does not hold up those behind it.
    ///
    /// # Errors
    /// A [`UringError`], or what the system says.
    pub(crate) fn new(commands: u32, answers: u32) -> io::Result<Self> {
        let uring = IoUring::builder().setup_submit_all().setup_cqsize(answers).build(commands);
        let uring = uring.map_err(UringError::explain)?;
        // The kernel must keep answers that there is no room for, and take a timeout with a wait.
        if !uring.params().is_feature_nodrop() || !uring.params().is_feature_ext_arg() {
            return Err(UringError::Missing { what: "waits with a timeout (Linux 5.11)" }.into());
        }
        Ok(Self { uring })
    }

    /// The commands that wait in the ring.
    #[allow(unsafe_code, reason = "the queue is shared with the kernel; it is ours alone under the desk's lock")]
    fn with_commands<R>(&self, act: impl FnOnce(&mut squeue::SubmissionQueue<'_>) -> R) -> R {
        // SAFETY: no other `SubmissionQueue` exists: `push` and `has_work`, the only callers, run under the desk's lock, or
        // before the ring is shared.
        act(&mut unsafe { self.uring.submission_shared() })
    }

    fn entry(command: Command) -> squeue::Entry {
        match command {
            Command::Watch { source, fd } => {
                opcode::PollAdd::new(Fd(fd), WATCHED).multi(true).build().user_data(Name::Source(source).pack())
            }
            Command::Transfer(transfer) => Self::transfer(transfer),
            Command::Cancel(name) => opcode::AsyncCancel::new(name.pack()).build().user_data(Name::Nobody.pack()),
            Command::Answer => opcode::Nop::new().build().user_data(Name::Nobody.pack()),
        }
    }

    fn transfer(Transfer { operation, writes, fd, address, length, offset }: Transfer) -> squeue::Entry {
        // All ones stand for the file's own position.
        let offset = offset.unwrap_or(u64::MAX);
        let entry = if writes {
            opcode::Write::new(Fd(fd), address as *const u8, length).offset(offset).build()
        } else {
            opcode::Read::new(Fd(fd), address as *mut u8, length).offset(offset).build()
        };
        entry.user_data(Name::Operation(operation).pack())
    }
}

impl Kernel for Ring {
    #[allow(unsafe_code, reason = "the kernel is given what a command points to")]
    fn push(&self, command: Command) -> bool {
        let entry = Self::entry(command);
        // SAFETY: of all commands `Transfer` alone points to something, to the buffer of an operation that is in the table of
        // operations. It stays there, and is not touched, until its answer has been reaped; at the end of the desk it is
        // waited for, or leaked.
        self.with_commands(|queue| unsafe { queue.push(&entry) }).is_ok()
    }

    fn has_work(&self) -> bool {
        self.with_commands(|queue| !queue.is_empty() || queue.cq_overflow())
    }

    #[allow(unsafe_code, reason = "the queue is shared with the kernel; it is ours alone under the desk's lock")]
    fn room(&self) -> usize {
        if self.with_commands(|queue| queue.cq_overflow()) {
            return 0;
        }
        // SAFETY: no other `CompletionQueue` exists: `reap`, the only other place that makes one, runs under the desk's lock as
        // well, or before the ring is shared.
        let answers = unsafe { self.uring.completion_shared() };
        answers.capacity() - answers.len()
    }

    fn submit(&self) -> io::Result<bool> {
        loop {
            match self.uring.submit() {
                Ok(_) if self.with_commands(|queue| queue.is_empty()) => return Ok(true),
                Ok(_) => {}
                Err(error) => match error.raw_os_error() {
                    Some(libc::EINTR) => {}
                    Some(libc::EAGAIN | libc::EBUSY) => return Ok(false),
                    _ => return Err(error),
                },
            }
        }
    }

    fn wait(&self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = Timespec::from(timeout.map_or(LONGEST_CALL, |timeout| timeout.min(LONGEST_CALL)));
        let waited = self.uring.submitter().submit_with_args(1, &SubmitArgs::new().timespec(&timeout));
        match waited.map_err(|error| (error.raw_os_error(), error)) {
            // The call has less to submit than it was told if another thread has submitted it: then it does not wait.
            Ok(_) | Err((Some(libc::ETIME | libc::EINTR | libc::EBUSY), _)) => Ok(()),
            Err((Some(libc::EAGAIN), _)) => {
                thread::sleep(PAUSE);
                Ok(())
            }
            Err((_, error)) => Err(error),
        }
    }

    #[allow(unsafe_code, reason = "the queue is shared with the kernel; it is ours alone under the desk's lock")]
    fn reap(&self, take: &mut dyn FnMut(Answer)) {
        // SAFETY: no other `CompletionQueue` exists: `room`, the only other place that makes one, runs under the desk's lock as
        // well, or before the ring is shared.
        let answers = unsafe { self.uring.completion_shared() };
        for answer in answers {
            take(Answer {
                name: Name::unpack(answer.user_data()),
                result: answer.result(),
                more: cqueue::more(answer.flags()),
            });
        }
    }

    /// The kernel answers a poll for the last time, and then lets go of its file, in one go under the ring's own lock. A
    /// submission takes that lock too, also one of nothing; so it returns after both.
    #[allow(unsafe_code, reason = "the crate's safe calls leave out what submits nothing")]
    fn settle(&self) {
        // SAFETY: no argument is passed, and one command at most is submitted, which is in the queue if it is there at all.
        let _ = unsafe { self.uring.submitter().enter::<libc::sigset_t>(1, 0, 0, None) };
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_wait_must_end_with_its_call_and_not_before_an_answer() {
        let ring = Ring::new(4, 8).unwrap();
        let start = Instant::now();
        ring.wait(Some(Duration::from_millis(3))).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(3));
        assert!(ring.push(Command::Answer));
        let start = Instant::now();
        ring.wait(None).unwrap();
        assert!(start.elapsed() < Duration::from_secs(3));
        let mut answers = Vec::new();
        ring.reap(&mut |answer| answers.push(answer));
        assert_eq!(answers, [Answer { name: Name::Nobody, result: 0, more: false }]);
    }

    #[test]
    fn a_full_queue_must_say_so_and_be_emptied_by_a_submission() {
        let ring = Ring::new(4, 8).unwrap();
        for _ in 0..4 {
            assert!(ring.push(Command::Answer));
        }
        assert!(!ring.push(Command::Answer));
        assert!(ring.has_work());
        assert!(ring.submit().unwrap());
        assert!(!ring.has_work());
        assert!(ring.push(Command::Answer));
    }
}
