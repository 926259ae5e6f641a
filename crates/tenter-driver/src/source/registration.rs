//! A registered source, as its owner holds it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tenter_core::sync::Mutex;
use tenter_reactor::{Readiness, Source};

use super::direction::Direction;
use super::entry::{Entry, Site, gone};
use super::raw::RawSource;
use super::slot::Slot;
use super::waiters::WaiterKey;
use super::word::Ready;
use crate::Driver;
use crate::lock::lock;

/// One source that a [`Driver`] watches.
///
/// A source starts *assumed ready* both ways: try the operation first; when it says
/// [`WouldBlock`](io::ErrorKind::WouldBlock), give the [`Ready`] from before the attempt to
/// [`clear_ready`](Self::clear_ready) and wait with [`poll_ready`](Self::poll_ready).
///
/// # Examples
/// ```
/// # #[cfg(unix)] {
/// use std::io::{Read, Write};
/// use std::os::{fd::AsFd, unix::net::UnixStream};
/// use std::task::{Context, Waker};
/// use tenter_core::clock::Clock;
/// use tenter_driver::{Direction, Driver, Registration};
///
/// let driver = Driver::new(tenter_reactor_poll::new(&Default::default())?, Clock::System, 1);
/// let (mut stream, mut peer) = UnixStream::pair()?;
/// stream.set_nonblocking(true)?;
/// // SAFETY: `deregister` is called below, and the stream is open until then.
/// let registration = unsafe { Registration::new(&driver, stream.as_fd().into()) }?;
///
/// let seen = registration.ready(Direction::Read);
/// assert!(stream.read(&mut [0]).is_err());
/// registration.clear_ready(seen, Direction::Read);
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(registration.poll_ready(&mut cx, Direction::Read).is_pending());
///
/// peer.write_all(b"x")?;
/// let mut woken = Vec::new();
/// driver.try_seat().expect("no other thread waits").turn(None, &mut woken)?;
/// assert_eq!(woken.len(), 1);
/// assert_eq!(stream.read(&mut [0])?, 1);
/// registration.deregister()?;
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Registration {
    driver: Arc<Driver>,
    slot: Slot,
    /// Whether the source has been deregistered. Its lock is held meanwhile, so that a second caller also returns
    /// only when the source may be closed.
    finished: Mutex<bool>,
}

impl Registration {
    /// Has `driver` watch `source` until [`deregister`](Self::deregister) or the drop of the registration.
    ///
    /// # Errors
    /// What the reactor says: the source is of a kind it cannot watch, is registered already, or a limit is reached.
    ///
    /// # Safety
    /// The source stays open until `deregister` returns or the `Registration` is dropped.
    pub unsafe fn new(driver: &Arc<Driver>, source: Source<'_>) -> io::Result<Self> {
        let raw = RawSource::of(source)?;
        let slot = driver.sources().open(raw, true)?;
        // SAFETY: the caller keeps the source open until `finish` has deregistered it.
        if let Err(error) = unsafe { driver.reactor().register(source, slot.token()) } {
            driver.sources().entry(slot).close();
            driver.sources().release(slot);
            return Err(error);
        }
        driver.count_source();
        Ok(Self { driver: driver.clone(), slot, finished: Mutex::new(false) })
    }

    /// As [`new`](Self::new), but a reactor with edges is told of `source` at the first wait: one that is served without
    /// waiting, and closed, costs it nothing. What is ready then is reported then.
    ///
    /// # Errors
    /// If there are too many sources, and for other reactors as `new`. What a reactor with edges says is the error of the
    /// first wait, and of the next ones as long as it says so.
    ///
    /// # Safety
    /// As `new`.
    pub unsafe fn watched_when_awaited(driver: &Arc<Driver>, source: Source<'_>) -> io::Result<Self> {
        if driver.arms() {
            // SAFETY: passed on from the caller.
            return unsafe { Self::new(driver, source) };
        }
        let slot = driver.sources().open(RawSource::of(source)?, false)?;
        driver.count_source();
        Ok(Self { driver: driver.clone(), slot, finished: Mutex::new(false) })
    }

    /// Stops watching and wakes all waiters, who get an error when they ask again; the source may be closed
    /// afterwards. Does nothing the second time.
    ///
    /// # Errors
    /// What the reactor says; the registration is over nevertheless.
    pub fn deregister(&self) -> io::Result<()> {
        let (result, woken) = self.finish();
        woken.into_iter().for_each(Waker::wake);
        result
    }

    fn finish(&self) -> (io::Result<()>, Vec<Waker>) {
        let mut finished = lock(&self.finished);
        if *finished {
            return (Ok(()), Vec::new());
        }
        *finished = true;
        let (source, woken) = self.entry().close();
        let result = source.map_or(Ok(()), |source| {
            // SAFETY: this runs before the first `deregister` or drop returns; until then the source is open.
            unsafe { source.with(|source| self.driver.reactor().deregister(source, self.slot.token())) }
        });
        self.driver.sources().release(self.slot);
        self.driver.uncount_source();
        (result, woken)
    }

    /// Waits until `direction` is worth a try.
    ///
    /// Any number of tasks may wait; the wakers of all are kept until the next event of that direction. Spurious
    /// wakes happen.
    ///
    /// # Errors
    /// [`NotConnected`](io::ErrorKind::NotConnected) after [`deregister`](Self::deregister), and what a one-shot
    /// reactor says when it is armed.
    #[inline]
    pub fn poll_ready(&self, cx: &mut Context<'_>, direction: Direction) -> Poll<io::Result<Ready>> {
        self.poll(cx, direction, None)
    }

    /// As [`poll_ready`](Self::poll_ready), for a future that takes its waiter with it.
    ///
    /// `key` starts as `None`; whatever is in it when the future is dropped goes to
    /// [`remove_waiter`](Self::remove_waiter). One key belongs to one direction of one registration.
    ///
    /// # Errors
    /// As `poll_ready`.
    pub fn poll_ready_keyed(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        key: &mut Option<WaiterKey>,
    ) -> Poll<io::Result<Ready>> {
        self.poll(cx, direction, Some(key))
    }

    #[inline]
    fn poll(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        key: Option<&mut Option<WaiterKey>>,
    ) -> Poll<io::Result<Ready>> {
        match self.entry().word.look(self.slot.generation) {
            None => Poll::Ready(Err(gone())),
            Some(ready) if ready.is_ready(direction) => Poll::Ready(Ok(ready)),
            // Cloned here because a waker's clone is foreign code, and `wait` locks.
            Some(_) => self.entry().wait(&self.site(), direction, cx.waker().clone(), key),
        }
    }

    /// Removes a waiter that [`poll_ready_keyed`](Self::poll_ready_keyed) added; nothing if it was woken already.
    pub fn remove_waiter(&self, direction: Direction, key: WaiterKey) {
        self.entry().forget(self.slot.generation, direction, key);
    }

    /// What the source is ready for, without waiting; nothing once it is deregistered.
    #[inline]
    #[must_use]
    pub fn ready(&self, direction: Direction) -> Ready {
        // The whole word is one read: the direction makes call sites say what they are about to try.
        let _ = direction;
        self.entry().word.look(self.slot.generation).unwrap_or(Ready::NOTHING)
    }

    /// Says that an operation of `direction` would block, where `seen` was taken before it was tried; with
    /// [`Ready::drained`], that the next one would.
    ///
    /// Readiness that came since `seen` stays. Closed and error bits stay in [`Ready::readiness`], but do not count
    /// as ready any more: an operation that would block knows better (a FIFO that got a new writer, a socket whose
    /// pending error was fetched).
    #[inline]
    pub fn clear_ready(&self, seen: Ready, direction: Direction) {
        if !seen.is_drained() || self.driver.has_true_edges() {
            self.entry().word.clear(self.slot.generation, seen, direction);
        }
    }

    /// The driver that watches.
    #[must_use]
    pub fn driver(&self) -> &Arc<Driver> {
        &self.driver
    }

    #[inline]
    fn site(&self) -> Site<'_> {
        self.driver.site(self.slot)
    }

    #[inline]
    fn entry(&self) -> &Entry {
        self.driver.sources().entry(self.slot)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // A drop has nobody to tell; the registration is over in any case.
        let _ = self.deregister();
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ready = self.entry().word.look(self.slot.generation).map(Ready::readiness);
        f.debug_struct("Registration")
            .field("token", &self.slot.token())
            .field("ready", &ready.unwrap_or(Readiness::NONE))
            .field("registered", &ready.is_some())
            .finish_non_exhaustive()
    }
}
