//! `StreamReader`: reads up to a delimiter, by lines, or so many bytes, and loses nothing when it is dropped half-way.

mod error;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::str;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead};
use tenter_core::coop;

use crate::buffer::{Buffer, KEPT};
use crate::delimiters::Delimiters;
pub use error::ReadError;

/// The most bytes that may come before a delimiter, unless something else is said: asyncio's number.
const LIMIT: usize = 64 * 1024;

/// Reads by lines, delimiters or numbers of bytes, as asyncio's `StreamReader`.
///
/// What it gives is lent from its buffer, without a copy, until it is used again. Each of its own methods takes something
/// from the stream only in the poll that ends it, so one that is dropped half-way (by a timeout, or in a race with something
/// else) loses nothing: what it had read is there for the next. This is what
/// [`AsyncBufReadExt`](futures_lite::AsyncBufReadExt)'s methods of the same names can't do; the ones here go first.
///
/// Its buffer has 8 KiB at first, grows with what arrives (up to twice the limit, when a delimiter is looked for), and shrinks
/// after a large message. Search is one pass over the bytes, however they arrive; one that was dropped begins anew.
///
/// The end of the stream is final: a reader that has seen it asks the stream no more.
///
/// ```
/// use tenter_io::{StreamReader, StreamWriter, duplex};
///
/// tenter_runtime::block_on(async {
///     let (near, far) = duplex(64);
///     let writer = StreamWriter::new(far);
///     writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n\x01\x02\x03")?;
///     writer.finish();
///
///     let mut reader = StreamReader::new(near);
///     assert_eq!(reader.next_line().await?, Some("GET / HTTP/1.1"));
///     assert_eq!(reader.read_until(b"\r\n\r\n").await?, b"Host: here\r\n\r\n");
///     assert_eq!(reader.read_exact(2).await?, [1, 2]);
///     assert_eq!(reader.read_line().await?, [3]); // the last line has no ending
///     assert!(reader.at_eof());
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct StreamReader<R> {
    inner: R,
    buffer: Buffer,
    limit: usize,
    /// The stream within said that it is over.
    ended: bool,
}

impl<R> StreamReader<R> {
    /// A reader of `inner` with a limit of 64 KiB.
    pub fn new(inner: R) -> Self {
        Self::with_limit(LIMIT, inner)
    }

    /// A reader that finds a delimiter only if at most `limit` bytes come before it.
    ///
    /// It holds no more than twice that of a peer that sends none; [`read_exact`](Self::read_exact) has no limit but its own
    /// number.
    ///
    /// ```
    /// use tenter_io::{ReadError, StreamReader};
    ///
    /// tenter_runtime::block_on(async {
    ///     let mut reader = StreamReader::with_limit(4, &b"1234\n12345\nrest"[..]);
    ///     assert_eq!(reader.read_line().await?, b"1234\n");
    ///     let refused = reader.read_line().await;
    ///     assert!(matches!(refused, Err(ReadError::LimitOverrun { limit: 4, .. })));
    ///     assert_eq!(reader.read_exact(6).await?, b"12345\n"); // nothing was lost
    ///     Ok::<(), ReadError>(())
    /// })?;
    /// # Ok::<(), tenter_io::ReadError>(())
    /// ```
    pub fn with_limit(limit: usize, inner: R) -> Self {
        Self { inner, buffer: Buffer::default(), limit, ended: false }
    }

    /// The most bytes that may come before a delimiter.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// What was read from the stream and is not taken yet.
    pub fn buffer(&self) -> &[u8] {
        self.buffer.filled()
    }

    /// Whether the stream is over and everything of it was taken. It is known only when a read has met the end.
    pub fn at_eof(&self) -> bool {
        self.ended && self.buffer.is_empty()
    }

    /// The stream within.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// The stream within. What is read from it directly is missing here.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.inner
    }

    /// Gives the stream back. What is in the [buffer](Self::buffer) is lost.
    pub fn into_inner(self) -> R {
        self.inner
    }
}

/// How a search ends.
enum Chunk {
    /// With a delimiter, after so many bytes.
    Whole(usize),
    /// With the stream.
    Rest,
}

impl<R: AsyncRead + Unpin> StreamReader<R> {
    /// Reads a line and gives it with its `\n`. The last line may have none; an empty one is the stream's end.
    ///
    /// After [`LimitOverrun`](ReadError::LimitOverrun) the line is still there, unlike in asyncio: take it off in pieces, or give up.
    ///
    /// # Errors
    /// [`LimitOverrun`](ReadError::LimitOverrun), or what the stream says.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn read_line(&mut self) -> Result<&[u8], ReadError> {
        let len = match self.seek(&[b"\n"]).await? {
            Chunk::Whole(len) => len,
            Chunk::Rest => self.buffer.len(),
        };
        Ok(self.buffer.take(len))
    }

    /// Reads a line and gives its text without its ending, `\n` or `\r\n`; `None` is the stream's end.
    ///
    /// # Errors
    /// [`LimitOverrun`](ReadError::LimitOverrun), [`NotUtf8`](ReadError::NotUtf8) with the line, or what the stream says.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn next_line(&mut self) -> Result<Option<&str>, ReadError> {
        let line = self.read_line().await?;
        if line.is_empty() {
            return Ok(None);
        }
        let line = match line.strip_suffix(b"\n") {
            Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
            None => line,
        };
        str::from_utf8(line).map(Some).map_err(|_| ReadError::NotUtf8 { line: line.to_vec() })
    }

    /// Reads up to a delimiter and gives what was read with it.
    ///
    /// # Errors
    /// [`LimitOverrun`](ReadError::LimitOverrun); [`Incomplete`](ReadError::Incomplete) with the rest of the stream, if it
    /// ends before; or what the stream says.
    ///
    /// # Panics
    /// If the delimiter is empty.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn read_until(&mut self, delimiter: &[u8]) -> Result<&[u8], ReadError> {
        self.read_until_any(&[delimiter]).await
    }

    /// Reads up to the first of several delimiters: what it gives is the shortest that ends with one of them.
    ///
    /// ```
    /// use tenter_io::StreamReader;
    ///
    /// tenter_runtime::block_on(async {
    ///     let mut reader = StreamReader::new(&b"one, two; three\r\n"[..]);
    ///     let delimiters: &[&[u8]] = &[b", ", b"; ", b"\r\n"];
    ///     assert_eq!(reader.read_until_any(delimiters).await?, b"one, ");
    ///     assert_eq!(reader.read_until_any(delimiters).await?, b"two; ");
    ///     assert_eq!(reader.read_until_any(delimiters).await?, b"three\r\n");
    ///     Ok::<(), tenter_io::ReadError>(())
    /// })?;
    /// # Ok::<(), tenter_io::ReadError>(())
    /// ```
    ///
    /// # Errors
    /// As [`read_until`](Self::read_until).
    ///
    /// # Panics
    /// If there is no delimiter, or one is empty.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn read_until_any<'a>(&'a mut self, delimiters: &[&[u8]]) -> Result<&'a [u8], ReadError> {
        match self.seek(delimiters).await? {
            Chunk::Whole(len) => Ok(self.buffer.take(len)),
            Chunk::Rest => Err(self.incomplete(None)),
        }
    }

    /// Reads so many bytes, no more and no less.
    ///
    /// They are held until all are there, as they arrive: a large number costs memory only when a peer sends as much. A
    /// number that comes from a peer needs a check all the same.
    ///
    /// # Errors
    /// [`Incomplete`](ReadError::Incomplete) with the rest of the stream, if it ends before; or what the stream says.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn read_exact(&mut self, len: usize) -> Result<&[u8], ReadError> {
        while self.buffer.len() < len {
            if !self.fill().await? {
                return Err(self.incomplete(Some(len)));
            }
        }
        coop::consume_budget().await;
        Ok(self.buffer.take(len))
    }

    /// Looks for a delimiter and takes nothing.
    async fn seek(&mut self, delimiters: &[&[u8]]) -> Result<Chunk, ReadError> {
        let delimiters = Delimiters::new(delimiters);
        let mut seen = 0;
        loop {
            let found = delimiters.find(self.buffer(), seen);
            seen = self.buffer.len();
            // One that is still to come does not begin before this.
            let start = found.map_or((seen + 1).saturating_sub(delimiters.longest()), |found| found.start);
            if start > self.limit {
                return Err(ReadError::LimitOverrun { limit: self.limit, buffered: seen, skippable: start });
            }
            if let Some(found) = found {
                // Of messages that are there already a task takes only so many in a turn; nothing is taken off yet.
                coop::consume_budget().await;
                return Ok(Chunk::Whole(found.end));
            }
            if !self.fill().await? {
                return Ok(Chunk::Rest);
            }
        }
    }

    fn incomplete(&mut self, expected: Option<usize>) -> ReadError {
        let partial = self.buffer.take(self.buffer.len()).to_vec();
        ReadError::Incomplete { partial, expected }
    }

    /// Reads once from the stream; `false` is its end.
    async fn fill(&mut self) -> io::Result<bool> {
        poll_fn(|cx| self.poll_fill(cx)).await
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if !self.ended {
            self.ended = ready!(self.buffer.poll_fill(&mut self.inner, cx))? == 0;
        }
        Poll::Ready(Ok(!self.ended))
    }
}

/// What is in the buffer goes first. As the traits', its `read_to_end` and the like are not cancel safe.
impl<R: AsyncRead + Unpin> AsyncRead for StreamReader<R> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.buffer.is_empty() {
            if this.ended || buf.is_empty() {
                return Poll::Ready(Ok(0));
            }
            // As much as would ever be kept need not pass through the buffer.
            if buf.len() >= KEPT {
                let len = ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
                this.ended = len == 0;
                return Poll::Ready(Ok(len));
            }
            ready!(this.poll_fill(cx))?;
        }
        let len = buf.len().min(this.buffer.len());
        buf[..len].copy_from_slice(this.buffer.take(len));
        Poll::Ready(Ok(len))
    }
}

impl<R: AsyncRead + Unpin> AsyncBufRead for StreamReader<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.buffer.is_empty() {
            ready!(this.poll_fill(cx))?;
        }
        Poll::Ready(Ok(this.buffer.filled()))
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        self.get_mut().buffer.take(amt);
    }
}
