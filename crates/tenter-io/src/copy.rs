//! `copy_bidirectional`: what a proxy does.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use tenter_core::coop;

/// The bytes that are on the way in each direction, at most.
const ROOM: usize = 8 * 1024;

/// Copies both ways between two streams until both have ended: a proxy.
///
/// The end of one stream is passed on: once everything before it is written, the other one's writing half is closed, and its
/// answer still comes back. Bytes do not wait in a buffered stream for more to come: it is flushed whenever there is nothing to
/// read. Gives how many bytes went from `a` to `b` and from `b` to `a`.
///
/// ```
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use tenter_io::{copy_bidirectional, duplex};
///
/// tenter_runtime::block_on(async {
///     let ((mut client, mut near), (mut far, mut server)) = (duplex(16), duplex(16));
///     let proxy = tenter_runtime::spawn(async move { copy_bidirectional(&mut near, &mut far).await });
///     client.write_all(b"question").await?;
///     client.close().await?;
///
///     let mut question = String::new();
///     server.read_to_string(&mut question).await?; // up to the end that the client made
///     server.write_all(b"answer").await?;
///     drop(server);
///     let mut answer = String::new();
///     client.read_to_string(&mut answer).await?;
///     assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
///     assert_eq!(proxy.await?, (8, 6));
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// An [`Async`](crate::Async) that is closed is only flushed, as in smol: to pass the end on it takes streams that shut down their
/// writing half, as the sockets of tenter-net do.
///
/// # Errors
/// The first error of either stream, with what went through before.
///
/// # Cancel safety
/// Up to 8 KiB in each direction that were read and not yet written are lost, and so is the count.
pub async fn copy_bidirectional<A, B>(a: &mut A, b: &mut B) -> Result<(u64, u64), CopyError>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    let (mut forth, mut back) = (Direction::new(), Direction::new());
    let mut back_first = false;
    let done = poll_fn(|cx| {
        // Both are polled each time: what wakes one may be what the other waits for. They take turns at being first, because one
        // that is always ready leaves nothing of the budget.
        back_first = !back_first;
        let early = if back_first { back.poll(b, a, cx)? } else { Poll::Ready(()) };
        let there = forth.poll(a, b, cx)?;
        let here = if back_first { early } else { back.poll(b, a, cx)? };
        if there.is_ready() && here.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
    });
    let result = done.await;
    match result {
        Ok(()) => Ok((forth.copied, back.copied)),
        Err(error) => Err(CopyError { a_to_b: forth.copied, b_to_a: back.copied, error }),
    }
}

/// An error in the midst of [`copy_bidirectional`], with how many bytes were written before.
///
/// It becomes an [`io::Error`] of the same kind by `?`, with itself within.
#[derive(Debug)]
#[non_exhaustive]
pub struct CopyError {
    /// Bytes read from `a` and written to `b`.
    pub a_to_b: u64,
    /// Bytes read from `b` and written to `a`.
    pub b_to_a: u64,
    /// What the stream says.
    pub error: io::Error,
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "copying both ways ended after {} and {} bytes: {}", self.a_to_b, self.b_to_a, self.error)
    }
}

impl Error for CopyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl From<CopyError> for io::Error {
    fn from(error: CopyError) -> Self {
        Self::new(error.error.kind(), error)
    }
}

/// Which step of a direction is under way.
enum Step {
    Copy,
    /// The source has ended; everything is written, and to be flushed.
    Flush,
    Close,
    Done,
}

struct Direction {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    copied: u64,
    step: Step,
    /// Something was written since the last flush.
    unflushed: bool,
}

impl Direction {
    fn new() -> Self {
        Self { bytes: vec![0; ROOM], start: 0, end: 0, copied: 0, step: Step::Copy, unflushed: false }
    }

    fn poll<R, W>(&mut self, reader: &mut R, writer: &mut W, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        loop {
            match self.step {
                Step::Copy => {
                    ready!(self.poll_write(writer, cx))?;
                    if ready!(self.poll_read(reader, writer, cx))? == 0 {
                        self.bytes = Vec::new();
                        self.step = Step::Flush;
                    }
                }
                Step::Flush => {
                    ready!(Pin::new(&mut *writer).poll_flush(cx))?;
                    self.step = Step::Close;
                }
                Step::Close => {
                    match ready!(Pin::new(&mut *writer).poll_close(cx)) {
                        // There is nobody left to be told.
                        Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
                        done => done?,
                    }
                    self.step = Step::Done;
                }
                Step::Done => return Poll::Ready(Ok(())),
            }
        }
    }

    /// Writes what was read.
    fn poll_write<W: AsyncWrite + Unpin + ?Sized>(
        &mut self,
        writer: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.start < self.end {
            let len = ready!(Pin::new(&mut *writer).poll_write(cx, &self.bytes[self.start..self.end]))?;
            if len == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.start += len;
            self.copied += len as u64;
            self.unflushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads as much as there is room for, and flushes while there is nothing.
    fn poll_read<R, W>(&mut self, reader: &mut R, writer: &mut W, cx: &mut Context<'_>) -> Poll<io::Result<usize>>
    where
        R: AsyncRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        // Streams that are always ready, and have no budget of their own, keep nobody else waiting.
        let unit = ready!(coop::poll_proceed(cx));
        match Pin::new(reader).poll_read(cx, &mut self.bytes) {
            Poll::Ready(Ok(len)) => {
                unit.made_progress();
                (self.start, self.end) = (0, len);
                Poll::Ready(Ok(len))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                if self.unflushed {
                    ready!(Pin::new(writer).poll_flush(cx))?;
                    self.unflushed = false;
                }
                Poll::Pending
            }
        }
    }
}
