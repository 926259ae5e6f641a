//! `Io` in both directions, over streams in memory.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::future::block_on;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use hyper::rt::{Read, ReadBuf, Write};
use tenter_hyper::Io;

/// A stream that gives its chunks one per read, with a `Pending` before each, and records what is done to it.
#[derive(Debug, Default)]
struct Script {
    chunks: Vec<Vec<u8>>,
    was_pending: bool,
    offered: Vec<usize>,
    overstate: usize,
    written: Vec<Vec<u8>>,
    flushed: usize,
    closed: usize,
}

impl Script {
    fn reading(chunks: &[&[u8]]) -> Self {
        Script { chunks: chunks.iter().rev().map(|chunk| chunk.to_vec()).collect(), ..Script::default() }
    }
}

impl AsyncRead for Script {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.was_pending = !self.was_pending;
        if self.was_pending {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.offered.push(buf.len());
        let Some(mut chunk) = self.chunks.pop() else { return Poll::Ready(Ok(self.overstate)) };
        let taken = chunk.len().min(buf.len());
        buf[..taken].copy_from_slice(&chunk[..taken]);
        if taken < chunk.len() {
            self.chunks.push(chunk.split_off(taken));
        }
        Poll::Ready(Ok(taken))
    }
}

impl AsyncWrite for Script {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.written.push(buf.to_vec());
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.written.push(bufs.iter().flat_map(|buf| buf.iter().copied()).collect());
        Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flushed += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.closed += 1;
        Poll::Ready(Ok(()))
    }
}

/// One hyper read into a fresh uninitialised buffer of `capacity` bytes, through the `Pending`s.
fn hyper_read(io: &mut Io<Script>, capacity: usize) -> io::Result<Vec<u8>> {
    let mut memory = vec![MaybeUninit::uninit(); capacity];
    let mut buf = ReadBuf::uninit(&mut memory);
    block_on(std::future::poll_fn(|cx| Read::poll_read(Pin::new(&mut *io), cx, buf.unfilled())))?;
    Ok(buf.filled().to_vec())
}

#[test]
fn a_hyper_read_fills_what_was_read_and_no_more() {
    let mut io = Io::new(Script::reading(&[b"hello", b"", b"rest"]));
    assert_eq!(hyper_read(&mut io, 64).unwrap(), b"hello");
    assert_eq!(hyper_read(&mut io, 64).unwrap(), b"", "the end of the stream leaves the buffer as it is");
    assert_eq!(hyper_read(&mut io, 2).unwrap(), b"re", "no more than the buffer has room for");
    assert_eq!(hyper_read(&mut io, 64).unwrap(), b"st");
}

#[test]
fn a_hyper_read_appends_after_what_is_filled() {
    let mut io = Io::new(Script::reading(&[b"ab", b"cd"]));
    let mut memory = [MaybeUninit::uninit(); 8];
    let mut buf = ReadBuf::uninit(&mut memory);
    for _ in 0..2 {
        block_on(std::future::poll_fn(|cx| Read::poll_read(Pin::new(&mut io), cx, buf.unfilled()))).unwrap();
    }
    assert_eq!(buf.filled(), b"abcd");
}

#[test]
fn pending_is_passed_on_and_takes_nothing() {
    let mut io = Io::new(Script::reading(&[b"later"]));
    let mut memory = [MaybeUninit::uninit(); 8];
    let mut buf = ReadBuf::uninit(&mut memory);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Read::poll_read(Pin::new(&mut io), &mut cx, buf.unfilled()).is_pending());
    assert_eq!(buf.filled(), b"");
    assert_eq!(hyper_read(&mut io, 8).unwrap(), b"later");
}

#[test]
fn what_is_offered_follows_what_comes() {
    let big = vec![7; 300 * 1024];
    let mut io = Io::new(Script::reading(&[&big, b"small", b"again"]));
    let mut total = 0;
    while total < big.len() {
        total += hyper_read(&mut io, 1 << 20).unwrap().len();
    }
    assert_eq!(total, big.len());
    hyper_read(&mut io, 1 << 20).unwrap();
    hyper_read(&mut io, 1 << 20).unwrap();
    let offered = &io.get_ref().offered;
    assert_eq!(offered[0], 8 * 1024);
    assert_eq!(*offered.iter().max().unwrap(), 64 * 1024, "full reads make room, up to the limit");
    assert_eq!(*offered.last().unwrap(), 8 * 1024, "a small read gives the room back: {offered:?}");
}

#[test]
fn a_stream_that_overstates_what_it_read_is_an_error() {
    let mut io = Io::new(Script { overstate: 9, ..Script::default() });
    assert_eq!(hyper_read(&mut io, 8).unwrap_err().kind(), io::ErrorKind::Other);
}

#[test]
fn writes_flush_and_shutdown_are_forwarded() {
    let mut io = Io::new(Script::default());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(Write::poll_write(Pin::new(&mut io), &mut cx, b"one"), Poll::Ready(Ok(3))));
    let two = [IoSlice::new(b"head"), IoSlice::new(b"body")];
    assert!(matches!(Write::poll_write_vectored(Pin::new(&mut io), &mut cx, &two), Poll::Ready(Ok(8))));
    assert!(Write::poll_flush(Pin::new(&mut io), &mut cx).is_ready());
    assert!(Write::poll_shutdown(Pin::new(&mut io), &mut cx).is_ready());
    let script = io.into_inner();
    assert_eq!(script.written, [b"one".to_vec(), b"headbody".to_vec()]);
    assert_eq!((script.flushed, script.closed), (1, 1));
}

#[test]
fn vectored_writes_are_announced_as_the_constructor_says() {
    assert!(Io::new(Script::default()).is_write_vectored());
    assert!(!Io::without_vectored_writes(Script::default()).is_write_vectored());
}

#[test]
fn a_hyper_stream_serves_futures_io() {
    let mut io = Io::new(Io::new(Script::reading(&[b"over ", b"and out"])));
    block_on(async {
        let mut text = String::new();
        io.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "over and out");
        io.write_all(b"ack").await.unwrap();
        assert_eq!(io.write_vectored(&[IoSlice::new(b"a"), IoSlice::new(b"b")]).await.unwrap(), 2);
        io.flush().await.unwrap();
        io.close().await.unwrap();
    });
    let script = io.into_inner().into_inner();
    assert_eq!(script.written, [b"ack".to_vec(), b"ab".to_vec()]);
    assert_eq!((script.flushed, script.closed), (1, 1));
}
