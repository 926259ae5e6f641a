//! A stream in two halves, one for who reads and one for who writes.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use self::sealed::Sealed;

/// The streams that have halves of their own: [`TcpStream`](crate::TcpStream) and `UnixStream`. It can't be implemented elsewhere.
pub trait SplitStream: Sealed {}

pub(crate) mod sealed {
    use futures_io::{AsyncRead, AsyncWrite};

    pub trait Sealed: AsyncRead + AsyncWrite + Clone + Unpin {
        /// Says that nothing more will be written.
        fn end_writing(&self);

        /// Whether the other one is a clone of this.
        fn is_same(&self, other: &Self) -> bool;
    }
}

/// The half of a stream that reads; made by `into_split`.
///
/// # Cancel safety
/// As the stream's.
#[derive(Debug)]
pub struct OwnedReadHalf<S> {
    stream: S,
}

/// The half of a stream that writes; made by `into_split`.
///
/// Dropping it shuts down the writing half of the connection, so that the peer sees the end of what was written, unless it is
/// [forgotten](Self::forget).
///
/// # Cancel safety
/// As the stream's.
#[derive(Debug)]
pub struct OwnedWriteHalf<S: SplitStream> {
    stream: S,
    ends_writing: bool,
}

pub(crate) fn split<S: SplitStream>(stream: S) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    (OwnedReadHalf { stream: stream.clone() }, OwnedWriteHalf { stream, ends_writing: true })
}

impl<S: SplitStream> OwnedReadHalf<S> {
    /// Puts both halves together again.
    ///
    /// # Errors
    /// Gives them back if they are not of the same stream.
    pub fn reunite(self, writer: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        if !self.stream.is_same(&writer.stream) {
            return Err(ReuniteError(self, writer));
        }
        writer.forget();
        Ok(self.stream)
    }
}

impl<S: SplitStream> OwnedWriteHalf<S> {
    /// Drops it, and leaves the connection as it is.
    pub fn forget(mut self) {
        self.ends_writing = false;
    }
}

impl<S: SplitStream> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if self.ends_writing {
            self.stream.end_writing();
        }
    }
}

/// Two halves are not of the same stream; made by [`OwnedReadHalf::reunite`].
pub struct ReuniteError<S: SplitStream>(pub OwnedReadHalf<S>, pub OwnedWriteHalf<S>);

impl<S: SplitStream> fmt::Debug for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReuniteError").finish_non_exhaustive()
    }
}

impl<S: SplitStream> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the halves are not of the same stream")
    }
}

impl<S: SplitStream> Error for ReuniteError<S> {}

/// The stream, for its addresses and options.
impl<S> AsRef<S> for OwnedReadHalf<S> {
    fn as_ref(&self) -> &S {
        &self.stream
    }
}

/// The stream, for its addresses and options.
impl<S: SplitStream> AsRef<S> for OwnedWriteHalf<S> {
    fn as_ref(&self) -> &S {
        &self.stream
    }
}

impl<S: SplitStream> AsyncRead for OwnedReadHalf<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read_vectored(cx, bufs)
    }
}

impl<S: SplitStream> AsyncWrite for OwnedWriteHalf<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Shuts down the writing half of the connection; dropping it need not do so again.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_close(cx);
        self.ends_writing &= !matches!(closed, Poll::Ready(Ok(())));
        closed
    }
}
