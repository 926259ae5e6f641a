//! What stands on any stream of bytes: buffered readers and writers, frames, copying, streams in memory.

#[path = "../common/mod.rs"]
mod common;

mod codec;
mod copy;
mod duplex;
mod reader;
mod turns;
mod writer;

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures_lite::{AsyncRead, AsyncWrite};

/// Polls a future once, and drops it.
fn once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Gives what it was made with in pieces, and waits before each of them.
#[derive(Debug)]
struct Pieces {
    pieces: VecDeque<Vec<u8>>,
    waited: bool,
}

impl Pieces {
    /// Cuts `bytes` into pieces of these lengths, and of ever the last one.
    fn new(bytes: &[u8], lengths: &[usize]) -> Self {
        let mut pieces = VecDeque::new();
        let mut rest = bytes;
        let last = lengths.last().copied().unwrap_or(usize::MAX);
        for len in lengths.iter().copied().chain(std::iter::repeat(last)) {
            if rest.is_empty() {
                break;
            }
            let (piece, others) = rest.split_at(len.clamp(1, rest.len()));
            pieces.push_back(piece.to_vec());
            rest = others;
        }
        Self { pieces, waited: false }
    }
}

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.waited = !self.waited;
        if self.waited {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(piece) = self.pieces.front_mut() else { return Poll::Ready(Ok(0)) };
        let len = piece.len().min(buf.len());
        buf[..len].copy_from_slice(&piece[..len]);
        piece.drain(..len);
        if piece.is_empty() {
            self.pieces.pop_front();
        }
        Poll::Ready(Ok(len))
    }
}

/// Takes up to so many bytes at a time, and waits before each.
#[derive(Debug, Default)]
struct Slow {
    taken: Vec<u8>,
    at_once: usize,
    waited: bool,
}

impl AsyncWrite for Slow {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.waited = !self.waited;
        if self.waited {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let len = self.at_once.min(buf.len());
        self.taken.extend_from_slice(&buf[..len]);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
