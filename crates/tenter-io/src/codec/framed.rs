//! `Framed`: a stream of bytes as a stream of frames.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use tenter_core::coop;

use super::{Decoder, Encoder};
use crate::buffer::{Buffer, KEPT};

/// With so many bytes unwritten, a frame waits before it is encoded, in bytes.
const HIGH: usize = 8 * 1024;

/// A stream of bytes as a [`Stream`] of frames, and as where to [`send`](Self::send) them.
///
/// Reading needs a stream that reads and a [`Decoder`], sending one that writes and an [`Encoder`]; a half of a split stream
/// does for one of both.
///
/// The stream of frames ends with that of bytes, after an error of it, and after an error of the decoder that took nothing
/// off; after one that did, it goes on behind. It holds what is not decoded yet, as much as the decoder asks for, and besides
/// the frame under way 8 KiB of what is not written.
///
/// ```
/// use futures_lite::StreamExt;
/// use tenter_io::codec::{Framed, LinesCodec};
/// use tenter_io::duplex;
///
/// tenter_runtime::block_on(async {
///     let (near, far) = duplex(64);
///     let mut client = Framed::new(near, LinesCodec::new());
///     client.feed("one").await?;
///     client.send("two").await?;
///     drop(client);
///     let lines: Vec<String> = Framed::new(far, LinesCodec::new()).try_collect().await?;
///     assert_eq!(lines, ["one", "two"]);
///     Ok::<(), tenter_io::codec::LineError>(())
/// })?;
/// # Ok::<(), tenter_io::codec::LineError>(())
/// ```
#[derive(Debug)]
pub struct Framed<S, C> {
    stream: S,
    codec: C,
    input: Buffer,
    /// The stream of bytes has ended.
    ended: bool,
    /// There are no more frames.
    over: bool,
    output: Vec<u8>,
    /// How much of the output is written.
    written: usize,
}

impl<S, C> Framed<S, C> {
    /// Frames of `codec` over `stream`.
    pub fn new(stream: S, codec: C) -> Self {
        let (input, output) = (Buffer::default(), Vec::new());
        Self { stream, codec, input, ended: false, over: false, output, written: 0 }
    }

    /// The stream of bytes within.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream of bytes within. What is read from or written to it directly comes between frames, or amid one.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The codec.
    pub fn codec(&self) -> &C {
        &self.codec
    }

    /// The codec.
    pub fn codec_mut(&mut self) -> &mut C {
        &mut self.codec
    }

    /// What was read and is not decoded yet.
    pub fn read_buffer(&self) -> &[u8] {
        self.input.filled()
    }

    /// Gives the stream of bytes back. What is in the [`read_buffer`](Self::read_buffer) is lost, and so is what was fed and
    /// not flushed.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S, C: Decoder> Framed<S, C> {
    /// A frame of what is there, or why there is none; also notes whether that was the last one.
    fn decode(&mut self) -> Option<Result<C::Item, C::Error>> {
        let before = self.input.len();
        let mut rest = self.input.filled();
        let decoded = if self.ended { self.codec.decode_eof(&mut rest) } else { self.codec.decode(&mut rest) };
        let left = rest.len();
        assert!(left <= before, "a decoder leaves a part of the bytes that it was given");
        self.input.take(before - left);
        self.over = match &decoded {
            Ok(Some(_)) => false,
            Ok(None) => self.ended,
            Err(_) => left == before,
        };
        decoded.transpose()
    }
}

/// # Cancel safety
/// Nothing is lost if the future of a `next` is dropped: what was read is there for the next one.
impl<S: AsyncRead + Unpin, C: Decoder + Unpin> Stream for Framed<S, C> {
    type Item = Result<C::Item, C::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        // Of frames that are there already a task takes only so many in a turn, as of any other resource.
        let unit = ready!(coop::poll_proceed(cx));
        while !this.over {
            if let Some(frame) = this.decode() {
                unit.made_progress();
                return Poll::Ready(Some(frame));
            }
            if !this.ended {
                match ready!(this.input.poll_fill(&mut this.stream, cx)) {
                    Ok(len) => this.ended = len == 0,
                    Err(error) => {
                        this.over = true;
                        return Poll::Ready(Some(Err(error.into())));
                    }
                }
            }
        }
        Poll::Ready(None)
    }
}

impl<S: AsyncWrite + Unpin, C> Framed<S, C> {
    /// Encodes a frame and writes it.
    ///
    /// # Errors
    /// The encoder's, then nothing of the frame is written; or what the stream says.
    ///
    /// # Cancel safety
    /// The frame is sent as a whole or not at all: if it was encoded, the next call that sends or flushes writes its rest. If
    /// earlier ones have to be written before, and the future is dropped then, it is dropped with it.
    pub async fn send<Item>(&mut self, item: Item) -> Result<(), C::Error>
    where
        C: Encoder<Item>,
    {
        self.feed(item).await?;
        Ok(self.flush().await?)
    }

    /// Encodes a frame, and writes earlier ones only if there are more than 8 KiB of them: for several frames before one
    /// [`flush`](Self::flush).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As `send`.
    pub async fn feed<Item>(&mut self, item: Item) -> Result<(), C::Error>
    where
        C: Encoder<Item>,
    {
        if self.output.len() - self.written >= HIGH {
            poll_fn(|cx| self.poll_write(cx)).await?;
        }
        // Each byte moves once at most for each that was written.
        if self.written >= self.output.len() - self.written {
            self.output.drain(..self.written);
            self.written = 0;
        }
        let before = self.output.len();
        self.codec.encode(item, &mut self.output).inspect_err(|_| self.output.truncate(before))
    }

    /// Writes all frames, and flushes the stream.
    ///
    /// # Errors
    /// What the stream says.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| {
            ready!(self.poll_write(cx))?;
            Pin::new(&mut self.stream).poll_flush(cx)
        })
        .await
    }

    /// Writes all frames, and closes the stream: the peer sees the end behind the last of them.
    ///
    /// # Errors
    /// What the stream says.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn close(&mut self) -> io::Result<()> {
        poll_fn(|cx| {
            ready!(self.poll_write(cx))?;
            Pin::new(&mut self.stream).poll_close(cx)
        })
        .await
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.output.len() {
            let len = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.output[self.written..]))?;
            if len == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += len;
        }
        self.written = 0;
        self.output.clear();
        if self.output.capacity() > KEPT {
            self.output = Vec::new();
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::Waker;

    use super::*;
    use crate::codec::BytesCodec;

    /// Takes so many bytes, and then waits.
    struct Taking(usize);

    impl AsyncWrite for Taking {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            let len = self.0.min(buf.len());
            self.0 -= len;
            if len == 0 { Poll::Pending } else { Poll::Ready(Ok(len)) }
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn what_is_written_is_not_held_though_there_is_always_a_rest() {
        let mut framed = Framed::new(Taking(0), BytesCodec);
        let mut cx = Context::from_waker(Waker::noop());
        // The first is never quite written, and so no later one is.
        let _ = pin!(framed.send(vec![0; 1000])).poll(&mut cx);
        for _ in 0..1000 {
            framed.stream.0 += 50;
            assert!(pin!(framed.send(vec![1; 50])).poll(&mut cx).is_pending());
        }
        assert_eq!(framed.output.len() - framed.written, 1000);
        assert!(framed.output.len() <= 2 * 1000 + 100, "{} bytes are held", framed.output.len());
    }
}
