//! `StreamWriter`: takes bytes at once, writes them in the background, and holds its callers up when they are too fast.

mod error;
mod marks;
mod pump;
mod state;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;
use tenter_core::coop;

pub use error::WriteError;
pub use marks::WriteMarks;
use pump::Pump;
use state::Shared;

/// Takes bytes at once and writes them in the background, as asyncio's `StreamWriter`.
///
/// [`write`](Self::write) waits for nothing: what it takes is written in order, whether or not anybody waits for that, by a task
/// of the runtime in which the writer was made. What is taken while that task writes goes into its next write, so a message may
/// be put together of small pieces. [`drain`](Self::drain) now and then keeps a fast writer from holding more than a slow
/// reader can take: it waits, if more is held than the high [mark](WriteMarks), until the low one.
///
/// An error of the stream comes back from every call after it. Dropping the writer is as [`finish`](Self::finish): what it
/// holds is still written, then the stream is closed. A peer that does not read keeps it for as
/// long as the connection lives; [`abort`](Self::abort) does not wait for it. When the runtime ends, what was not written is
/// lost.
///
/// Any number of tasks may use it at a time, and each `write`'s bytes stay together. As an [`AsyncWrite`], for one task at a
/// time, it takes up to one byte more than the high mark.
///
/// ```
/// use tenter_io::{StreamReader, StreamWriter, duplex};
///
/// tenter_runtime::block_on(async {
///     let (near, far) = duplex(1024);
///     let writer = StreamWriter::new(near);
///     let reading = tenter_runtime::spawn(async move {
///         let mut reader = StreamReader::new(far);
///         let mut sum = 0;
///         while let Some(line) = reader.next_line().await? {
///             sum += line.parse::<u64>().expect("a number");
///         }
///         Ok::<_, tenter_io::ReadError>(sum)
///     });
///     for number in 1..=1000 {
///         writer.write(format!("{number}\n").as_bytes())?;
///         writer.drain().await?;
///     }
///     writer.finish();
///     writer.closed().await?;
///     assert_eq!(reading.await.expect("it reads all lines"), 500_500);
///     Ok::<(), tenter_io::WriteError>(())
/// })?;
/// # Ok::<(), tenter_io::WriteError>(())
/// ```
#[derive(Debug)]
pub struct StreamWriter {
    shared: Arc<Shared>,
}

impl StreamWriter {
    /// A writer to `inner` with the default [marks](WriteMarks). Its task is the ambient runtime's.
    pub fn new<W: AsyncWrite + Unpin + Send + 'static>(inner: W) -> Self {
        Self::with_marks(WriteMarks::default(), inner)
    }

    /// A writer that holds its callers up at other marks.
    pub fn with_marks<W: AsyncWrite + Unpin + Send + 'static>(marks: WriteMarks, inner: W) -> Self {
        let shared = Shared::new(marks);
        tenter_runtime::spawn(Pump::new(inner, shared.clone())).detach();
        Self { shared }
    }

    /// Takes all of the bytes, to be written after what was taken before.
    ///
    /// # Errors
    /// It takes nothing if it is [`Full`](WriteError::Full), which it never is for a task that drains before each write and writes
    /// alone; if it is
    /// [`Finished`](WriteError::Finished); or once it was [`Aborted`](WriteError::Aborted) or has
    /// [`Failed`](WriteError::Failed).
    pub fn write(&self, bytes: &[u8]) -> Result<(), WriteError> {
        self.shared.push(bytes)
    }

    /// Waits, if more than the high mark is held, until it has sunk to the low mark.
    ///
    /// # Errors
    /// [`Aborted`](WriteError::Aborted) or [`Failed`](WriteError::Failed): what is held will not be written.
    ///
    /// # Cancel safety
    /// Nothing is lost: what was taken is written all the same.
    pub async fn drain(&self) -> Result<(), WriteError> {
        self.shared.waiting.wait_until(|| self.shared.lock().drained()).await
    }

    /// Waits until all that was taken before it is written, and the stream within is flushed. What others write meanwhile it does
    /// not wait for.
    ///
    /// # Errors
    /// As [`drain`](Self::drain).
    ///
    /// # Cancel safety
    /// As `drain`.
    pub async fn flush(&self) -> Result<(), WriteError> {
        let position = self.shared.wants_flush();
        self.shared.waiting.wait_until(|| self.shared.lock().flushed(position)).await
    }

    /// Says that nothing more will come: when all that was taken is written, the stream is closed and dropped. Closing shuts
    /// down the writing half of tenter-net's sockets; an [`Async`](crate::Async) is only flushed, and a peer sees its end when the last
    /// of its owners drops it. asyncio's `write_eof`.
    pub fn finish(&self) {
        self.shared.finish();
    }

    /// Waits until the writer has ended, after [`finish`](Self::finish) or by an error: the stream within is dropped then. After
    /// [`abort`](Self::abort) it waits for nothing. asyncio's `wait_closed`.
    ///
    /// # Errors
    /// As [`drain`](Self::drain).
    ///
    /// # Cancel safety
    /// As `drain`.
    pub async fn closed(&self) -> Result<(), WriteError> {
        self.shared.waiting.wait_until(|| self.shared.lock().closed()).await
    }

    /// Drops what is not written, and has the writer's task drop the stream within, without closing it, as soon as it has its turn
    /// and what it is writing has to wait. What dropping does is the stream's: tenter-net's halves shut down writing, so that the peer
    /// sees an end behind a part of what was written.
    pub fn abort(&self) {
        self.shared.abort();
    }

    /// How many bytes are taken and not written.
    pub fn buffered(&self) -> usize {
        self.shared.lock().held()
    }
}

/// What is taken counts as written, and is in the background. `poll_close` finishes the writer and waits for its end.
impl AsyncWrite for StreamWriter {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let unit = ready!(coop::poll_proceed(cx));
        ready!(self.shared.poll(cx, |state| state.drained()))?;
        let room = self.shared.marks.high_mark().saturating_add(1).saturating_sub(self.buffered()).max(1);
        let len = room.min(buf.len());
        self.shared.push(&buf[..len])?;
        unit.made_progress();
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let position = self.shared.wants_flush();
        self.shared.poll(cx, |state| state.flushed(position)).map_err(io::Error::from)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.finish();
        self.shared.poll(cx, |state| state.closed()).map_err(io::Error::from)
    }
}

impl Drop for StreamWriter {
    fn drop(&mut self) {
        self.finish();
    }
}
