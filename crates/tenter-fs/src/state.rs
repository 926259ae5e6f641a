//! What a file has under way, one thing at a time.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tenter_runtime::Operation;

use crate::pool::Job;
use crate::position::Position;
use crate::transfer::{Crowd, Outcome, Transfer};

/// The most bytes that one read or write moves.
const MOST: usize = 1 << 20;

/// A file's buffers, position, and what is under way.
#[derive(Debug)]
pub(crate) struct State {
    file: Arc<File>,
    position: Position,
    doing: Doing,
    /// What was read and nobody has had yet; with a position of its own, from that position on. Else the system is further by
    /// so much.
    unread: Vec<u8>,
    /// How much of `unread` has been had.
    had: usize,
    /// Why a write failed whose bytes had been taken already.
    failed: Option<io::Error>,
    crowd: Arc<Crowd>,
}

enum Doing {
    /// Nothing; a buffer to use again.
    Nothing(Vec<u8>),
    Reading(Transfer),
    Writing(Transfer),
    Seeking(SeekFrom, Seeking),
    Resizing(Job<Resize, io::Result<()>>, Told),
}

/// A seek under way.
type Seeking = Job<(Arc<File>, SeekFrom), io::Result<u64>>;

/// A change of length.
struct Resize {
    file: Arc<File>,
    /// To so many bytes.
    size: u64,
    /// By how many bytes the system goes back then.
    back: i64,
}

/// How something ended, for who began it: others may have waited for its end, too.
pub(crate) type Told = Arc<OnceLock<io::Result<()>>>;

impl std::fmt::Debug for Doing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing(_) => "Nothing",
            Self::Reading(_) => "Reading",
            Self::Writing(_) => "Writing",
            Self::Seeking(..) => "Seeking",
            Self::Resizing(..) => "Resizing",
        })
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // As a write, it takes place although nobody waits for it any more.
        if let Doing::Resizing(job, _) = std::mem::replace(&mut self.doing, Doing::Nothing(Vec::new())) {
            job.detach();
        }
    }
}

impl State {
    pub(crate) fn new(file: Arc<File>, position: Position) -> Self {
        let doing = Doing::Nothing(Vec::new());
        Self { file, position, doing, unread: Vec::new(), had: 0, failed: None, crowd: Arc::default() }
    }

    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            match &mut self.doing {
                // They may change what is to be read.
                Doing::Writing(_) | Doing::Seeking(..) | Doing::Resizing(..) => ready!(self.poll_settled(cx)),
                _ if self.had < self.unread.len() || into.is_empty() => return Poll::Ready(Ok(self.have(into))),
                Doing::Nothing(buffer) => {
                    let mut buffer = std::mem::take(buffer);
                    buffer.resize(into.len().min(MOST), 0);
                    let operation = Operation::read(self.file.clone(), buffer, self.position.offset());
                    self.doing = Doing::Reading(self.begin(operation)?);
                }
                Doing::Reading(_) => {
                    ready!(self.poll_reading(cx))?;
                    if self.unread.is_empty() {
                        return Poll::Ready(Ok(0));
                    }
                }
            }
        }
    }

    fn begin(&self, operation: Operation) -> io::Result<Transfer> {
        Transfer::begin(operation, self.position != Position::Stream)
    }

    /// Gives out what was read.
    fn have(&mut self, into: &mut [u8]) -> usize {
        let count = into.len().min(self.unread.len() - self.had);
        into[..count].copy_from_slice(&self.unread[self.had..self.had + count]);
        self.had += count;
        self.position.advance(count);
        if self.had == self.unread.len() {
            self.forget_unread();
        }
        count
    }

    /// Throws away what was read; the buffer is used again.
    fn forget_unread(&mut self) {
        self.had = 0;
        self.unread.clear();
        if let Doing::Nothing(buffer) = &mut self.doing {
            std::mem::swap(buffer, &mut self.unread);
            self.unread.clear();
        }
    }

    /// Ends a read; an error means that nothing was read.
    fn poll_reading(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Doing::Reading(transfer) = &mut self.doing else { return Poll::Ready(Ok(())) };
        let Outcome { mut buffer, result } = ready!(transfer.poll(&mut Context::from_waker(&self.crowd.join(cx))));
        match result {
            Ok(count) => {
                buffer.truncate(count);
                self.doing = Doing::Nothing(std::mem::replace(&mut self.unread, buffer));
                self.had = 0;
                Poll::Ready(Ok(()))
            }
            Err(error) => {
                self.doing = Doing::Nothing(buffer);
                Poll::Ready(Err(error))
            }
        }
    }

    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_flush(cx))?;
        let Doing::Nothing(buffer) = &mut self.doing else { return Poll::Ready(Ok(0)) };
        let mut buffer = std::mem::take(buffer);
        let count = from.len().min(MOST);
        buffer.clear();
        buffer.extend_from_slice(&from[..count]);
        if count > 0 {
            let operation = Operation::write(self.file.clone(), buffer, self.position.offset());
            self.doing = Doing::Writing(self.begin(operation)?);
            self.position.advance(count);
        }
        Poll::Ready(Ok(count))
    }

    /// Waits until all writes have taken place.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_settled(cx));
        Poll::Ready(self.failed.take().map_or(Ok(()), Err))
    }

    /// Waits until nothing is under way. Of a read that nobody waits for, the bytes stay for the next.
    pub(crate) fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut self.doing {
                Doing::Nothing(_) => return Poll::Ready(()),
                Doing::Reading(_) if self.position.offset().is_some() => self.doing = Doing::Nothing(Vec::new()),
                // Its error was that of a read that nobody waits for; the next meets it again.
                Doing::Reading(_) => drop(ready!(self.poll_reading(cx))),
                Doing::Writing(_) => ready!(self.poll_writing(cx)),
                Doing::Seeking(_, job) => {
                    let waker = self.crowd.join(cx);
                    let sought = ready!(job.poll(&mut Context::from_waker(&waker)));
                    self.doing = Doing::Nothing(Vec::new());
                    if matches!(sought, Ok(Ok(_))) && self.position.offset().is_none() {
                        self.forget_unread();
                    }
                }
                Doing::Resizing(job, told) => {
                    let waker = self.crowd.join(cx);
                    let result =
                        ready!(job.poll(&mut Context::from_waker(&waker))).unwrap_or_else(|(_, error)| Err(error));
                    let told = Arc::clone(told);
                    self.doing = Doing::Nothing(Vec::new());
                    if result.is_ok() {
                        self.forget_unread();
                    }
                    told.set(result).expect("it ends once");
                }
            }
        }
    }

    /// Ends a write, or goes on with what is left of it.
    fn poll_writing(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Doing::Writing(transfer) = &mut self.doing else { return Poll::Ready(()) };
        let Outcome { mut buffer, result } = ready!(transfer.poll(&mut Context::from_waker(&self.crowd.join(cx))));
        let mut left = buffer.len();
        match self.position {
            // It was read for whoever goes on from there, where other bytes may be now.
            Position::Own(_) => self.forget_unread(),
            // The system has gone on to the end.
            Position::System if matches!(result, Ok(1..)) => self.forget_unread(),
            Position::System | Position::Stream => {}
        }
        let result = result.and_then(|count| match count {
            0 => Err(io::ErrorKind::WriteZero.into()),
            count if count >= left => Ok(None),
            count => {
                buffer.drain(..count);
                left -= count;
                let offset = self.position.offset().map(|end| end - buffer.len() as u64);
                self.begin(Operation::write(self.file.clone(), std::mem::take(&mut buffer), offset)).map(Some)
            }
        });
        self.doing = match result {
            Ok(Some(rest)) => Doing::Writing(rest),
            Ok(None) => Doing::Nothing(buffer),
            Err(error) => {
                self.failed = Some(error);
                self.position.retreat(left);
                Doing::Nothing(buffer)
            }
        };
        Poll::Ready(())
    }

    pub(crate) fn poll_seek(&mut self, cx: &mut Context<'_>, seek: SeekFrom) -> Poll<io::Result<u64>> {
        loop {
            match &mut self.doing {
                Doing::Seeking(same, job) if *same == seek => {
                    let waker = self.crowd.join(cx);
                    let position =
                        ready!(job.poll(&mut Context::from_waker(&waker))).unwrap_or_else(|(_, error)| Err(error));
                    self.doing = Doing::Nothing(Vec::new());
                    return Poll::Ready(position.inspect(|position| self.arrive(*position)));
                }
                Doing::Nothing(_) => {
                    if let Some(target) = self.position.target(seek) {
                        return Poll::Ready(target.inspect(|position| self.arrive(*position)));
                    }
                    self.doing = Doing::Seeking(seek, self.ask(seek)?);
                }
                _ => ready!(self.poll_settled(cx)),
            }
        }
    }

    /// Has the system seek.
    fn ask(&mut self, seek: SeekFrom) -> io::Result<Seeking> {
        let seek = match seek {
            SeekFrom::Current(by) => SeekFrom::Current(by.saturating_sub(self.ahead())),
            seek => seek,
        };
        Job::start((self.file.clone(), seek), |(file, seek)| (&*file).seek(seek)).map_err(|(_, error)| error)
    }

    /// By how much the system is further than whoever reads, in bytes, if the position is the system's.
    fn ahead(&self) -> i64 {
        (self.unread.len() - self.had) as i64
    }

    /// Begins to change the length when all writes have taken place. It ends before anything else begins.
    pub(crate) fn poll_resize(&mut self, cx: &mut Context<'_>, size: u64) -> Poll<io::Result<Told>> {
        ready!(self.poll_flush(cx))?;
        let back = if self.position == Position::System { self.ahead() } else { 0 };
        let resize = Resize { file: self.file.clone(), size, back };
        let job = Job::start(resize, |Resize { file, size, back }| {
            file.set_len(size)?;
            // What was read for later will be read again.
            if back > 0 { (&*file).seek(SeekFrom::Current(-back)).map(drop) } else { Ok(()) }
        });
        let told = Told::default();
        self.doing = Doing::Resizing(job.map_err(|(_, error)| error)?, told.clone());
        Poll::Ready(Ok(told))
    }

    fn arrive(&mut self, position: u64) {
        if let Position::Own(own) = &mut self.position {
            *own = position;
        }
        self.forget_unread();
    }
}
