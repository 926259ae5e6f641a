//! `duplex`: two streams that are each other's peer, in memory.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use futures_io::{AsyncRead, AsyncWrite};
use tenter_core::coop;

/// Two streams of bytes, each of which reads what the other has written: for tests, and between tasks.
///
/// Up to `capacity` bytes are on the way in each direction; then writing waits. Closing or dropping one is the end of what the other
/// reads, after what is on the way; writing to one that was dropped is an error, [`BrokenPipe`](io::ErrorKind::BrokenPipe).
/// No runtime is needed. Within a task's poll, both count towards its budget.
///
/// ```
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use tenter_io::duplex;
///
/// tenter_runtime::block_on(async {
///     let (mut client, mut server) = duplex(16);
///     client.write_all(b"ping").await?;
///     let mut heard = [0; 4];
///     server.read_exact(&mut heard).await?;
///     assert_eq!(&heard, b"ping");
///     drop(client);
///     assert_eq!(server.read(&mut heard).await?, 0);
///     assert!(server.write_all(b"pong").await.is_err());
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// If the capacity is zero: nothing could ever be written.
pub fn duplex(capacity: usize) -> (DuplexStream, DuplexStream) {
    assert!(capacity > 0, "a stream has room for at least one byte");
    let (forth, back) = (Pipe::new(capacity), Pipe::new(capacity));
    let near = DuplexStream { reader: DuplexReader(back.clone()), writer: DuplexWriter(forth.clone()) };
    (near, DuplexStream { reader: DuplexReader(forth), writer: DuplexWriter(back) })
}

/// One of two streams that are each other's peer; made by [`duplex`].
///
/// # Cancel safety
/// A read or write does all it does in the poll that ends it.
#[derive(Debug)]
pub struct DuplexStream {
    reader: DuplexReader,
    writer: DuplexWriter,
}

impl DuplexStream {
    /// The reading and the writing half, each a stream by itself: dropping the latter is the end of what the peer reads.
    pub fn into_split(self) -> (DuplexReader, DuplexWriter) {
        (self.reader, self.writer)
    }
}

/// The reading half of a [`DuplexStream`].
pub struct DuplexReader(Arc<Pipe>);

/// The writing half of a [`DuplexStream`].
pub struct DuplexWriter(Arc<Pipe>);

/// One direction. Wakers are woken and dropped without the lock.
struct Pipe {
    state: Mutex<State>,
}

struct State {
    bytes: VecDeque<u8>,
    capacity: usize,
    /// Nothing more will be written.
    finished: bool,
    /// Nothing more will be read.
    abandoned: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    fn new(capacity: usize) -> Arc<Self> {
        let state =
            State { bytes: VecDeque::new(), capacity, finished: false, abandoned: false, reader: None, writer: None };
        Arc::new(Self { state: Mutex::new(state) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends one side, and wakes the other.
    fn end(&self, which: impl FnOnce(&mut State) -> Option<Waker>) {
        let waker = which(&mut self.lock());
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// One attempt; if it gives nothing, the task is woken by what the other side does next.
    fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        attempt: impl FnOnce(&mut State) -> Option<T>,
        own: impl FnOnce(&mut State) -> &mut Option<Waker>,
        other: impl FnOnce(&mut State) -> Option<Waker>,
    ) -> Poll<T> {
        let unit = ready!(coop::poll_proceed(cx));
        let waker = cx.waker().clone();
        let mut state = self.lock();
        let Some(done) = attempt(&mut state) else {
            let before = own(&mut state).replace(waker);
            drop(state);
            drop(before);
            return Poll::Pending;
        };
        let other = other(&mut state);
        drop(state);
        if let Some(other) = other {
            other.wake();
        }
        unit.made_progress();
        Poll::Ready(done)
    }
}

impl State {
    /// Moves bytes out; `None` if there are none yet.
    fn read(&mut self, buf: &mut [u8]) -> Option<usize> {
        let len = buf.len().min(self.bytes.len());
        if len == 0 && !buf.is_empty() && !self.finished {
            return None;
        }
        let (first, second) = self.bytes.as_slices();
        let split = len.min(first.len());
        buf[..split].copy_from_slice(&first[..split]);
        buf[split..len].copy_from_slice(&second[..len - split]);
        self.bytes.drain(..len);
        Some(len)
    }

    /// Moves bytes in; `None` if there is no room yet.
    fn write(&mut self, buf: &[u8]) -> Option<io::Result<usize>> {
        if self.abandoned || self.finished {
            return Some(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let len = buf.len().min(self.capacity - self.bytes.len());
        if len == 0 && !buf.is_empty() {
            return None;
        }
        self.bytes.extend(&buf[..len]);
        Some(Ok(len))
    }
}

impl AsyncRead for DuplexReader {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll(cx, |state| state.read(buf).map(Ok), |state| &mut state.reader, |state| state.writer.take())
    }
}

impl AsyncWrite for DuplexWriter {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll(cx, |state| state.write(buf), |state| &mut state.writer, |state| state.reader.take())
    }

    /// Does nothing: what was written can be read already.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.end(State::finish);
        Poll::Ready(Ok(()))
    }
}

impl State {
    fn finish(&mut self) -> Option<Waker> {
        self.finished = true;
        self.reader.take()
    }
}

impl Drop for DuplexWriter {
    fn drop(&mut self) {
        self.0.end(State::finish);
    }
}

impl Drop for DuplexReader {
    fn drop(&mut self) {
        self.0.end(|state| {
            state.abandoned = true;
            state.bytes = VecDeque::new();
            state.writer.take()
        });
    }
}

impl AsyncRead for DuplexStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.reader).poll_read(cx, buf)
    }
}

impl AsyncWrite for DuplexStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_close(cx)
    }
}

impl fmt::Debug for DuplexReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to_read = self.0.lock().bytes.len();
        f.debug_struct("DuplexReader").field("to_read", &to_read).finish_non_exhaustive()
    }
}

impl fmt::Debug for DuplexWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock();
        let room = state.capacity - state.bytes.len();
        drop(state);
        f.debug_struct("DuplexWriter").field("room", &room).finish_non_exhaustive()
    }
}
