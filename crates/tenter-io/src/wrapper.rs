//! `Async<T>`: any object with a file descriptor (on Windows: with a socket), made asynchronous.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use tenter_core::coop;
use tenter_runtime::{Direction, Handle, Source};

use crate::attempt::attempt;
use crate::ready::{Readable, ReadableOwned, Waiter, Writable, WritableOwned};
use crate::sys::{self, AsSource};

/// An object with a file descriptor (socket, pipe, terminal, timer fd …), made asynchronous; on Windows, one with a socket.
///
/// It is put into non-blocking mode and registered with the ambient runtime's reactor. Operations go through
/// [`read_with`](Self::read_with), [`write_with`](Self::write_with), or [`AsyncRead`] and [`AsyncWrite`] where `T` has
/// [`Read`] and [`Write`]. Any number of tasks may use it at a time, each direction on its own, from any thread.
///
/// Regular files can't be watched by most reactors; use the blocking pool for them.
///
/// What it writes, `T` writes: to a pipe without a reader, or from several buffers at once to a closed socket, that
/// means `SIGPIPE` in a program that has set the signal back to its default. The error comes without it as long as the
/// signal is ignored, which Rust programs do from their start.
///
/// ```
/// use std::os::unix::net::UnixStream;
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use tenter_io::Async;
///
/// tenter_runtime::block_on(async {
///     let (a, b) = UnixStream::pair()?;
///     let (mut a, mut b) = (Async::new(a)?, Async::new(b)?);
///     a.write_all(b"through the reactor").await?;
///     drop(a);
///     let mut text = String::new();
///     b.read_to_string(&mut text).await?;
///     assert_eq!(text, "through the reactor");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Async<T> {
    /// Deregistered before `io` is dropped or given away.
    source: Source,
    io: Option<T>,
}

impl<T> Unpin for Async<T> {}

/// Types whose [`Read`] and [`Write`] do not close or swap their file descriptor.
///
/// [`Async`] implements [`AsyncRead`] and [`AsyncWrite`] only for these, because it hands out `&mut T` there.
///
/// # Safety
/// As said: the file descriptor stays the same and open through `Read` and `Write`.
pub unsafe trait IoSafe {}

macro_rules! io_safe {
    ($($type:ty),* $(,)?) => {
        $(
            // SAFETY: the standard library's implementation only reads and writes.
            unsafe impl IoSafe for $type {}
        )*
    };
}

io_safe!(
    TcpListener,
    TcpStream,
    UdpSocket,
    std::fs::File,
    std::io::Stderr,
    std::io::Stdin,
    std::io::Stdout,
    std::process::ChildStderr,
    std::process::ChildStdin,
    std::process::ChildStdout,
);

// SAFETY: passes on to `T`, which is `IoSafe`.
unsafe impl<T: IoSafe + Read> IoSafe for io::BufReader<T> {}
// SAFETY: passes on to `T`, which is `IoSafe`.
unsafe impl<T: IoSafe + Write> IoSafe for io::BufWriter<T> {}
// SAFETY: passes on to `T`, which is `IoSafe`.
unsafe impl<T: IoSafe + ?Sized> IoSafe for &mut T {}
// SAFETY: passes on to `T`, which is `IoSafe`.
unsafe impl<T: IoSafe + ?Sized> IoSafe for Box<T> {}
// SAFETY: the standard library reads and writes through `&T` only for types in the list above.
unsafe impl<T: IoSafe + ?Sized> IoSafe for Arc<T> {}

impl<T: AsSource> Async<T> {
    /// Puts `io` into non-blocking mode and registers it with the ambient runtime.
    ///
    /// # Errors
    /// If the mode can't be set, the reactor can't watch such an object (epoll: a regular file), a limit is reached,
    /// or the default runtime is needed and can't be made.
    pub fn new(io: T) -> io::Result<Self> {
        sys::set_nonblocking(&io)?;
        Self::new_nonblocking(io)
    }

    /// Registers `io`, which is in non-blocking mode already.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn new_nonblocking(io: T) -> io::Result<Self> {
        Self::new_nonblocking_in(Handle::try_current()?, io)
    }

    /// As [`new_nonblocking`](Self::new_nonblocking), in a runtime of choice.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn new_nonblocking_in(handle: Handle, io: T) -> io::Result<Self> {
        // SAFETY: `io` is kept, unchanged, until `source` was deregistered: safe code gets no `&mut T` but through
        // `IoSafe`, and the `unsafe` methods that give one say so.
        let source = unsafe { Source::new_with(handle, sys::source(&io))? };
        Ok(Self { source, io: Some(io) })
    }

    /// As [`new_nonblocking`](Self::new_nonblocking), but watched from the first wait on: for sockets of a kind that every
    /// reactor can watch, which may be done with before they have to wait.
    pub(crate) fn watched_when_awaited(io: T) -> io::Result<Self> {
        // SAFETY: as in `new_nonblocking_in`.
        let source = unsafe { Source::watched_when_awaited(Handle::try_current()?, sys::source(&io))? };
        Ok(Self { source, io: Some(io) })
    }
}

impl<T> Async<T> {
    /// The object itself. Its operations do not wait: they say [`WouldBlock`](io::ErrorKind::WouldBlock).
    #[inline]
    pub fn get_ref(&self) -> &T {
        self.io.as_ref().expect("the object is there until it is given away")
    }

    /// The object itself.
    ///
    /// # Safety
    /// It must not be moved out or dropped, nor its file descriptor closed or swapped.
    pub unsafe fn get_mut(&mut self) -> &mut T {
        self.io.as_mut().expect("the object is there until it is given away")
    }

    /// Gives the object back, still in non-blocking mode.
    ///
    /// # Errors
    /// If the reactor can't let go of it; the object is dropped then.
    pub fn into_inner(mut self) -> io::Result<T> {
        let io = self.io.take().expect("the object is there until it is given away");
        self.source.deregister()?;
        Ok(io)
    }

    /// The runtime it is registered with.
    pub fn handle(&self) -> &Handle {
        self.source.handle()
    }

    #[inline]
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }
}

impl<T: AsSource> Async<T> {
    /// Waits until it can be read. May be wrong by the time the operation is tried, if others read too.
    ///
    /// # Errors
    /// What the reactor says.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub fn readable(&self) -> Readable<'_, T> {
        Readable::new(self)
    }

    /// As [`readable`](Self::readable), keeping the object alive.
    pub fn readable_owned(self: Arc<Self>) -> ReadableOwned<T> {
        ReadableOwned::new(self)
    }

    /// Waits until it can be written.
    ///
    /// # Errors
    /// What the reactor says.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub fn writable(&self) -> Writable<'_, T> {
        Writable::new(self)
    }

    /// As [`writable`](Self::writable), keeping the object alive.
    pub fn writable_owned(self: Arc<Self>) -> WritableOwned<T> {
        WritableOwned::new(self)
    }

    /// Polls for readability, for use in a `poll` function.
    ///
    /// # Errors
    /// What the reactor says.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_direction(cx, Direction::Read)
    }

    /// Polls for writability, for use in a `poll` function.
    ///
    /// # Errors
    /// What the reactor says.
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_direction(cx, Direction::Write)
    }

    fn poll_direction(&self, cx: &mut Context<'_>, direction: Direction) -> Poll<io::Result<()>> {
        let unit = ready!(coop::poll_proceed(cx));
        loop {
            let seen = ready!(self.source.poll_ready(cx, direction))?;
            if sys::is_ready(self.get_ref(), direction)? {
                unit.made_progress();
                return Poll::Ready(Ok(()));
            }
            self.source.clear_ready(seen, direction);
        }
    }
}

impl<T> Async<T> {
    /// Tries an operation until it says something else than [`WouldBlock`](io::ErrorKind::WouldBlock), waiting for
    /// readability in between.
    ///
    /// # Errors
    /// What the operation says, or the reactor.
    ///
    /// # Cancel safety
    /// What the operation did in a poll that returned pending is lost only if it did something and still said
    /// `WouldBlock`.
    pub async fn read_with<R>(&self, mut op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.with(Direction::Read, move || op(self.get_ref())).await
    }

    /// As [`read_with`](Self::read_with), with `&mut T`.
    ///
    /// # Errors
    /// As `read_with`.
    ///
    /// # Safety
    /// As [`get_mut`](Self::get_mut).
    pub async unsafe fn read_with_mut<R>(&mut self, op: impl FnMut(&mut T) -> io::Result<R>) -> io::Result<R> {
        self.with_mut(Direction::Read, op).await
    }

    /// Tries an operation until it says something else than [`WouldBlock`](io::ErrorKind::WouldBlock), waiting for
    /// writability in between.
    ///
    /// # Errors
    /// What the operation says, or the reactor.
    ///
    /// # Cancel safety
    /// As [`read_with`](Self::read_with).
    pub async fn write_with<R>(&self, mut op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.with(Direction::Write, move || op(self.get_ref())).await
    }

    /// As [`write_with`](Self::write_with), with `&mut T`.
    ///
    /// # Errors
    /// As `write_with`.
    ///
    /// # Safety
    /// As [`get_mut`](Self::get_mut).
    pub async unsafe fn write_with_mut<R>(&mut self, op: impl FnMut(&mut T) -> io::Result<R>) -> io::Result<R> {
        self.with_mut(Direction::Write, op).await
    }

    async fn with<R>(&self, direction: Direction, mut op: impl FnMut() -> io::Result<R>) -> io::Result<R> {
        let mut waiter = Waiter::new(&self.source, direction);
        poll_fn(|cx| attempt(&self.source, direction, cx, |cx| waiter.poll(cx), &mut op)).await
    }

    async fn with_mut<R>(
        &mut self,
        direction: Direction,
        mut op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let Self { source, io } = self;
        let io = io.as_mut().expect("the object is there until it is given away");
        let mut waiter = Waiter::new(source, direction);
        poll_fn(|cx| attempt(source, direction, cx, |cx| waiter.poll(cx), &mut || op(io))).await
    }

    pub(crate) fn poll_with<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let wait = |cx: &mut Context<'_>| self.source.poll_ready(cx, direction);
        attempt(&self.source, direction, cx, wait, &mut || op(self.get_ref()))
    }

    fn poll_with_mut<R>(
        &mut self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let Self { source, io } = self;
        let io = io.as_mut().expect("the object is there until it is given away");
        attempt(source, direction, cx, |cx| source.poll_ready(cx, direction), &mut || op(io))
    }
}

impl<T: IoSafe + Read> AsyncRead for Async<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_with_mut(cx, Direction::Read, |io| io.read(buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_with_mut(cx, Direction::Read, |io| io.read_vectored(bufs))
    }
}

impl<T> AsyncRead for &Async<T>
where
    for<'a> &'a T: Read,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_with(cx, Direction::Read, |mut io| io.read(buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_with(cx, Direction::Read, |mut io| io.read_vectored(bufs))
    }
}

impl<T: IoSafe + Write> AsyncWrite for Async<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_with_mut(cx, Direction::Write, |io| io.write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_with_mut(cx, Direction::Write, |io| io.write_vectored(bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_with_mut(cx, Direction::Write, Write::flush)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl<T> AsyncWrite for &Async<T>
where
    for<'a> &'a T: Write,
{
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_with(cx, Direction::Write, |mut io| io.write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_with(cx, Direction::Write, |mut io| io.write_vectored(bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_with(cx, Direction::Write, |mut io| io.flush())
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl<T> Drop for Async<T> {
    fn drop(&mut self) {
        // An error would mean that the reactor never knew it or is gone itself; either way it watches no more.
        let _ = self.source.deregister();
    }
}

impl<T> AsRef<T> for Async<T> {
    fn as_ref(&self) -> &T {
        self.get_ref()
    }
}

impl<T: fmt::Debug> fmt::Debug for Async<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Async").field("io", self.get_ref()).field("reactor", &self.handle().reactor_name()).finish()
    }
}
