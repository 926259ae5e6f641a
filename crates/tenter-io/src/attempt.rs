//! One operation, tried when it may go through, until it has.

use std::io;
use std::task::{Context, Poll, ready};

use tenter_core::coop;
use tenter_runtime::{Direction, Ready, Source};

use crate::Async;
use crate::sys::{self, AsSource};

/// The most bytes that Linux moves in one call; no other system stops earlier.
const MOST_AT_ONCE: usize = 0x7fff_f000;

/// Waits, tries, and tells the source when the attempt says that it would block.
pub(crate) fn attempt<R>(
    source: &Source,
    direction: Direction,
    cx: &mut Context<'_>,
    mut wait: impl FnMut(&mut Context<'_>) -> Poll<io::Result<Ready>>,
    op: &mut impl FnMut() -> io::Result<R>,
) -> Poll<io::Result<R>> {
    let unit = ready!(coop::poll_proceed(cx));
    loop {
        let seen = ready!(wait(cx))?;
        match op() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => source.clear_ready(seen, direction),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => {
                unit.made_progress();
                return Poll::Ready(done);
            }
        }
    }
}

/// For listeners.
impl<T: AsSource> Async<T> {
    /// After a connection was taken: if none is left, the next one is waited for without an attempt before.
    ///
    /// It is a look at the source, an operation that would block, and what is cleared by it, in this order, as any attempt
    /// is; only that the operation is a cheaper one, see [`sys::is_drained`].
    pub(crate) fn wait_if_drained(&self) {
        let seen = self.source().ready(Direction::Read);
        if sys::is_drained(self.get_ref()) {
            self.source().clear_ready(seen, Direction::Read);
        }
    }
}

/// For types of sockets; everyone else reads and writes through the traits.
impl<T> Async<T> {
    /// Polls an operation that reads, trying it until it says something else than
    /// [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// As [`read_with`](Self::read_with), for use in a `poll` function: the waker stays until the next event.
    ///
    /// # Errors
    /// What `op` says, or the reactor.
    pub fn poll_read_with<R>(&self, cx: &mut Context<'_>, op: impl FnMut(&T) -> io::Result<R>) -> Poll<io::Result<R>> {
        self.poll_with(cx, Direction::Read, op)
    }

    /// Polls an operation that writes. As [`poll_read_with`](Self::poll_read_with).
    ///
    /// # Errors
    /// What `op` says, or the reactor.
    pub fn poll_write_with<R>(&self, cx: &mut Context<'_>, op: impl FnMut(&T) -> io::Result<R>) -> Poll<io::Result<R>> {
        self.poll_with(cx, Direction::Write, op)
    }

    /// Polls a read of a byte stream, `op`, which reads at most `room` bytes.
    ///
    /// As [`poll_read`](futures_io::AsyncRead::poll_read), but one that fills less than its room has emptied the stream:
    /// the next read waits, and does not ask the system first. So `T` must be a stream that gives what it has, such as a
    /// TCP socket, and not one whose reads end at message boundaries.
    ///
    /// # Errors
    /// What `op` says, or the reactor.
    #[inline]
    pub fn poll_read_stream(
        &self,
        cx: &mut Context<'_>,
        room: usize,
        op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_stream(cx, Direction::Read, room, op)
    }

    /// Polls a write to a byte stream, `op`, which writes at most `room` bytes; if it takes fewer, it is full. As
    /// [`poll_read_stream`](Self::poll_read_stream).
    ///
    /// # Errors
    /// What `op` says, or the reactor.
    #[inline]
    pub fn poll_write_stream(
        &self,
        cx: &mut Context<'_>,
        room: usize,
        op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_stream(cx, Direction::Write, room, op)
    }

    #[inline]
    fn poll_stream(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        room: usize,
        mut op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let unit = ready!(coop::poll_proceed(cx));
        loop {
            let seen = ready!(self.source().poll_ready(cx, direction))?;
            match op(self.get_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.source().clear_ready(seen, direction),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => {
                    // Nothing moved means the end of the stream, which stays ready, or an empty buffer.
                    if matches!(done, Ok(moved) if 0 < moved && moved < room.min(MOST_AT_ONCE)) {
                        self.source().clear_ready(seen.drained(), direction);
                    }
                    unit.made_progress();
                    return Poll::Ready(done);
                }
            }
        }
    }
}
