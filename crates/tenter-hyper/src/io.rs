//! Streams, both ways.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{ReadBuf, ReadBufCursor};
use pin_project_lite::pin_project;

/// Bytes of scratch space at first: as much as hyper's own read buffer has at first.
const SCRATCH_MIN: usize = 8 * 1024;

/// Bytes of scratch space at most: from here on a system call costs less than the copy of what it read.
const SCRATCH_MAX: usize = 64 * 1024;

pin_project! {
    /// A stream that speaks hyper's I/O traits and futures-io's.
    ///
    /// Around a futures-io stream it is a [`hyper::rt::Read`] and [`hyper::rt::Write`]; around a hyper stream it is an
    /// [`AsyncRead`] and [`AsyncWrite`], which is what an upgraded connection needs.
    ///
    /// hyper's read buffer is uninitialised memory, and safe code may mark a part of it as filled only by copying into it.
    /// So a read goes through scratch space that is zeroed once, not at every read: 8 KiB from the first read on, up to
    /// 64 KiB while reads fill it.
    ///
    /// ```
    /// use futures_lite::{future::block_on, io::{AsyncReadExt, Cursor}};
    /// use tenter_hyper::Io;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// // futures-io → hyper → futures-io.
    /// let mut stream = Io::new(Io::new(Cursor::new(b"hello".to_vec())));
    /// let mut text = String::new();
    /// block_on(stream.read_to_string(&mut text))?;
    /// assert_eq!(text, "hello");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// `Io` keeps no bytes back between two reads: one that is dropped while pending has taken nothing, and a write that
    /// is dropped while pending has sent nothing.
    #[derive(Debug)]
    pub struct Io<T> {
        #[pin]
        inner: T,
        // Scratch space for reads by hyper: empty until the first one.
        scratch: Vec<u8>,
        vectored: bool,
    }
}

impl<T> Io<T> {
    /// Wraps a stream whose vectored writes are efficient, such as a socket.
    pub fn new(inner: T) -> Self {
        Io { inner, scratch: Vec::new(), vectored: true }
    }

    /// Wraps a stream that writes one buffer at a time, such as most TLS streams.
    ///
    /// futures-io can't say whether a stream has vectored writes. Without them hyper does better to copy a small head
    /// and body into one buffer than to write them one after the other.
    pub fn without_vectored_writes(inner: T) -> Self {
        Io { inner, scratch: Vec::new(), vectored: false }
    }

    /// The stream inside.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// The stream inside.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Takes the stream out.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

/// Fits the scratch space to a read that filled `read` of the `offered` bytes.
fn fit(scratch: &mut Vec<u8>, offered: usize, read: usize) {
    let len = scratch.len();
    if read == len && len < SCRATCH_MAX {
        scratch.resize(len * 2, 0);
    } else if read < offered / 8 && len > SCRATCH_MIN {
        scratch.truncate(SCRATCH_MIN);
        scratch.shrink_to_fit();
    }
}

impl<T: AsyncRead> hyper::rt::Read for Io<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        if this.scratch.is_empty() {
            this.scratch.resize(SCRATCH_MIN, 0);
        }
        let offered = buf.remaining().min(this.scratch.len());
        let read = ready!(this.inner.poll_read(cx, &mut this.scratch[..offered]))?;
        let Some(bytes) = this.scratch[..offered].get(..read) else {
            return Poll::Ready(Err(io::Error::other("the stream says that it read more than the buffer holds")));
        };
        buf.put_slice(bytes);
        fit(this.scratch, offered, read);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite> hyper::rt::Write for Io<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_close(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, bufs)
    }
}

impl<T: hyper::rt::Read> AsyncRead for Io<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(self.project().inner.poll_read(cx, buf.unfilled()))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl<T: hyper::rt::Write> AsyncWrite for Io<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}
