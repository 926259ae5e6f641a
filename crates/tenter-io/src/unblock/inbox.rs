//! What was read and is not taken yet.

use std::io::{self, Read, SeekFrom};

/// As much is read at a time at first, in bytes: what the standard library's buffers hold.
const FIRST_READ: usize = 8 * 1024;

/// As much is read at a time at most, in bytes; half of what tokio's files take, for the buffer is kept between reads.
const LONGEST_READ: usize = 1 << 20;

/// The bytes of one read.
#[derive(Debug, Default)]
pub(super) struct Bytes {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Bytes {
    /// Reads once, as much as `room` at most.
    pub(super) fn read(&mut self, source: &mut impl Read, room: usize) -> io::Result<usize> {
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        loop {
            match source.read(&mut self.buffer[..room]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(len) => {
                    (self.start, self.end) = (0, len.min(room));
                    return Ok(self.end);
                }
            }
        }
    }
}

/// What reads have left behind: bytes, the end of the stream, or an error.
#[derive(Debug)]
pub(super) struct Inbox {
    bytes: Bytes,
    /// How a read ended that gave no bytes.
    ended: Option<io::Result<()>>,
    /// As many bytes the next read is for.
    room: usize,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { bytes: Bytes::default(), ended: None, room: FIRST_READ }
    }

    /// The bytes that nobody took.
    fn unread(&self) -> usize {
        self.bytes.end - self.bytes.start
    }

    /// What there is; `None` if a read is needed to know.
    pub(super) fn take(&mut self, buf: &mut [u8]) -> Option<io::Result<usize>> {
        let Bytes { buffer, start, end } = &mut self.bytes;
        if start < end {
            let len = buf.len().min(*end - *start);
            buf[..len].copy_from_slice(&buffer[*start..*start + len]);
            *start += len;
            return Some(Ok(len));
        }
        self.ended.take().map(|ended| ended.map(|()| 0))
    }

    /// A buffer for the next read and how much it is for, if `asked` bytes are wanted and `most` are the limit.
    pub(super) fn lend(&mut self, asked: usize, most: usize) -> (Bytes, usize) {
        self.room = self.room.max(asked).min(LONGEST_READ);
        (std::mem::take(&mut self.bytes), self.room.min(most).max(1))
    }

    /// Takes the buffer back. Who fills it is given a larger one next time.
    pub(super) fn give_back(&mut self, bytes: Bytes, result: io::Result<usize>) {
        self.bytes = bytes;
        self.ended = match result {
            Ok(0) => Some(Ok(())),
            Err(error) => Some(Err(error)),
            Ok(len) => {
                if len >= self.room {
                    self.room = LONGEST_READ.min(self.room * 2);
                }
                None
            }
        };
    }

    pub(super) fn fail(&mut self, error: io::Error) {
        self.ended = Some(Err(error));
    }

    pub(super) fn forget(&mut self) {
        (self.bytes.start, self.bytes.end, self.ended) = (0, 0, None);
    }

    /// Where the object has to be told to go so that whoever reads gets to `position`: it is ahead by what was not
    /// taken.
    pub(super) fn real(&self, position: SeekFrom) -> io::Result<SeekFrom> {
        let SeekFrom::Current(by) = position else { return Ok(position) };
        let real = i64::try_from(self.unread()).ok().and_then(|unread| by.checked_sub(unread));
        real.map(SeekFrom::Current).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the position is further away than a file can be long")
        })
    }
}
