//! What is to be written: the way from whoever writes to the job that does.
//!
//! A job takes what there is, writes it without the lock, and comes back for more. It ends under the lock, in the hold in
//! which it found nothing: whatever was pushed before is written by it, and who comes later sees that it has ended and
//! starts another one. So bytes that were taken need nobody to wait for them.

use std::io::{self, Write};
use std::sync::Mutex;
use std::task::Waker;

use super::errand::lock;

#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
    /// Whether to flush, once all is written.
    flush: bool,
    /// The job takes no more.
    ended: bool,
    /// Who waits for room.
    waker: Option<Waker>,
}

#[derive(Debug, Default)]
pub(super) struct Outbox(Mutex<Pending>);

/// What became of bytes that were to be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Push {
    Took(usize),
    /// There is no room, and the waker will be woken when there is.
    Full,
    /// The job takes no more.
    Ended,
}

impl Outbox {
    /// Takes as much of `buf` as there is room for, if at most `most` bytes may lie here.
    pub(super) fn push(&self, buf: &[u8], most: usize, waker: &Waker) -> Push {
        let mut pending = lock(&self.0);
        if pending.ended {
            return Push::Ended;
        }
        let len = buf.len().min(most.max(1).saturating_sub(pending.bytes.len()));
        if len == 0 && !buf.is_empty() {
            let before = pending.waker.replace(waker.clone());
            drop(pending);
            drop(before);
            return Push::Full;
        }
        pending.bytes.extend_from_slice(&buf[..len]);
        pending.flush = false;
        Push::Took(len)
    }

    /// Has the job flush before it ends, if it has not ended yet.
    pub(super) fn flush(&self) {
        lock(&self.0).flush = true;
    }

    /// The job: writes all that comes; whether it flushed after that.
    ///
    /// After an error what has come and comes is dropped: `ended` is set.
    pub(super) fn write_to(&self, sink: &mut impl Write) -> io::Result<bool> {
        let result = self.write_all_to(sink);
        if result.is_err() {
            lock(&self.0).ended = true;
        }
        result
    }

    fn write_all_to(&self, sink: &mut impl Write) -> io::Result<bool> {
        let mut bytes = Vec::new();
        let mut flushed = false;
        loop {
            bytes.clear();
            let (waker, flush) = {
                let mut pending = lock(&self.0);
                std::mem::swap(&mut pending.bytes, &mut bytes);
                let flush = bytes.is_empty() && pending.flush && !flushed;
                if bytes.is_empty() && !flush {
                    pending.ended = true;
                    return Ok(flushed);
                }
                (pending.waker.take(), flush)
            };
            if let Some(waker) = waker {
                waker.wake();
            }
            if flush {
                flush_retrying(sink)?;
            } else {
                sink.write_all(&bytes)?;
            }
            flushed = flush;
        }
    }
}

pub(super) fn flush_retrying(sink: &mut impl Write) -> io::Result<()> {
    loop {
        match sink.flush() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
