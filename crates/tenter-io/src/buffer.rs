//! Bytes that were read and are not taken yet.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncRead;

/// Room at first, in bytes: what the standard library's buffers hold.
const FIRST: usize = 8 * 1024;

/// More room than this, in bytes, is given back once it isn't needed.
pub(crate) const KEPT: usize = 64 * 1024;

/// A queue of bytes in one piece, which grows as they arrive, never by what a peer announces.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// All of it has a value, for readers are lent only what has.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    pub(crate) fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Takes the first bytes off; they stay where they are until the next read.
    pub(crate) fn take(&mut self, len: usize) -> &[u8] {
        assert!(len <= self.len(), "{len} bytes are taken of {}", self.len());
        let start = self.start;
        self.start += len;
        &self.bytes[start..self.start]
    }

    /// One read of the source into the room behind; zero is its end.
    pub(crate) fn poll_fill<R: AsyncRead + Unpin>(
        &mut self,
        source: &mut R,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let room = self.room();
        let most = room.len();
        let len = ready!(Pin::new(source).poll_read(cx, room))?;
        assert!(len <= most, "a reader said that it read {len} bytes into {most}");
        self.end += len;
        Poll::Ready(Ok(len))
    }

    /// The room behind what is there, never empty.
    ///
    /// Each byte is moved a bounded number of times: what is left moves to the front only after as much was taken, and
    /// room doubles.
    fn room(&mut self) -> &mut [u8] {
        let (len, whole) = (self.len(), self.bytes.len());
        if whole > KEPT && len <= FIRST / 2 {
            let mut smaller = vec![0; FIRST];
            smaller[..len].copy_from_slice(self.filled());
            (self.bytes, self.start, self.end) = (smaller, 0, len);
        } else if len == 0 {
            (self.start, self.end) = (0, 0);
        } else if whole - self.end < whole / 4 && self.start >= whole / 2 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, len);
        }
        if self.end == self.bytes.len() {
            self.bytes.resize((self.bytes.len() * 2).max(FIRST), 0);
        }
        &mut self.bytes[self.end..]
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn fill(buffer: &mut Buffer, mut bytes: &[u8]) {
        let mut cx = Context::from_waker(Waker::noop());
        while !bytes.is_empty() {
            assert!(buffer.poll_fill(&mut bytes, &mut cx).is_ready());
        }
    }

    #[test]
    fn what_goes_in_comes_out_in_order() {
        let mut buffer = Buffer::default();
        let (mut put, mut taken) = (0_u32, 0_u32);
        for round in 0..2000_u32 {
            for _ in 0..round % 37 {
                fill(&mut buffer, &put.to_le_bytes());
                put += 1;
            }
            for _ in 0..(round % 31).min(put - taken) {
                assert_eq!(buffer.take(4), taken.to_le_bytes());
                taken += 1;
            }
        }
        assert_eq!(buffer.len(), 4 * (put - taken) as usize);
    }

    #[test]
    fn the_room_of_a_large_message_is_given_back() {
        let mut buffer = Buffer::default();
        fill(&mut buffer, &vec![7; 10 * KEPT]);
        assert!(buffer.bytes.len() >= 10 * KEPT);
        buffer.take(10 * KEPT - 3);
        fill(&mut buffer, b"next");
        assert_eq!((buffer.bytes.len(), buffer.filled()), (FIRST, &b"\x07\x07\x07next"[..]));
    }

    #[test]
    fn small_messages_need_no_more_than_the_first_room() {
        let mut buffer = Buffer::default();
        for _ in 0..10_000 {
            fill(&mut buffer, &[1; 100]);
            buffer.take(if buffer.len() > 1000 { 600 } else { 50 });
        }
        assert_eq!(buffer.bytes.len(), FIRST);
    }
}
