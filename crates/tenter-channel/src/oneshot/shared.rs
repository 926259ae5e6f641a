//! What the two ends share, and its protocol: one word of four bits, which says to whom the three cells belong.
//!
//! Each end says its last word once: the giver [`DONE`] (it has left a message, or nothing, and is gone), the taker
//! [`CLOSED`] (it accepts no message any more). Both are set by read-modify-write operations on the same word, so one
//! comes first, both ends learn which, and *the first decides everything*:
//!
//! | | `DONE` came first | `CLOSED` came first |
//! |---|---|---|
//! | the message | is the taker's | goes back with the giver |
//! | the taker's waker | is the giver's, to wake | is the taker's, to drop |
//! | the giver's waker | is the giver's, to drop | is the taker's, to wake |
//!
//! Until then the message cell is the giver's, and a waker's cell belongs to the end that waits while its bit
//! ([`TAKER_WAITS`], [`GIVER_WAITS`]) is clear, and to nobody while it is set. To change its waker, an end takes its bit
//! back first. The operation that offers or takes back a bit returns the word as it was: if the other's last word is in
//! it, the wait is over, and the cell is not touched again.
//!
//! *No wake is lost*: an end offers its bit after writing its waker, in the same word in which the other says its last.
//! If the offer comes first, the other sees the bit and wakes; if not, the offer returns the last word and nobody waits.
//! *No cell is touched by both ends at once*: in each column above, and before either, one end has each cell.

use std::task::{Context, Poll, Waker};

use tenter_core::sync::atomic::{AtomicUsize, Ordering};
use tenter_core::sync::{Arc, UnsafeCell};

use crate::error::{RecvError, TryRecvError};

/// The giver is gone. Set once, by the giver.
const DONE: usize = 1;
/// The taker accepts no message any more. Set once, by the taker.
const CLOSED: usize = 2;
/// The taker's waker is offered. Set and cleared by the taker, until `DONE`.
const TAKER_WAITS: usize = 4;
/// The giver's waker is offered. Set and cleared by the giver, until `CLOSED`.
const GIVER_WAITS: usize = 8;

/// The word, and its memory orders: what an end did to a cell before is seen by the end that then reads the word.
#[derive(Debug)]
struct Word(AtomicUsize);

/// The word as an operation found it.
#[derive(Clone, Copy)]
struct Found(usize);

impl Found {
    #[inline]
    fn has(self, bit: usize) -> bool {
        self.0 & bit != 0
    }
}

impl Word {
    #[inline]
    fn read(&self) -> Found {
        Found(self.0.load(Ordering::Acquire))
    }

    #[inline]
    fn set(&self, bit: usize) -> Found {
        Found(self.0.fetch_or(bit, Ordering::AcqRel))
    }

    #[inline]
    fn take_back(&self, bit: usize) -> Found {
        Found(self.0.fetch_and(!bit, Ordering::Acquire))
    }
}

struct Shared<T> {
    word: Word,
    message: UnsafeCell<Option<T>>,
    taker: UnsafeCell<Option<Waker>>,
    giver: UnsafeCell<Option<Waker>>,
}

// SAFETY: a message moves from one thread to the other and is never shared; wakers may be used anywhere. The word lets
// one thread at a time reach each cell: see the module's page.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// Places an end's waker and offers it; true if the other end's last word came first, so that there is no waiting.
    ///
    /// # Safety
    ///
    /// The caller is the end whose cell and bit these are, `found` is what it read last, and it had no `last` in it.
    #[inline]
    unsafe fn offer(
        &self,
        cell: &UnsafeCell<Option<Waker>>,
        bit: usize,
        last: usize,
        found: Found,
        new: &Waker,
    ) -> bool {
        if found.has(bit) && self.word.take_back(bit).has(last) {
            return true;
        }
        cell.with_mut(|waker| {
            // SAFETY: the bit is clear and was so when the other end last could take the cell. Foreign code that runs
            // here cannot come back: the caller has its end borrowed, and the other end sees no bit.
            let waker = unsafe { &mut *waker };
            if !waker.as_ref().is_some_and(|held| held.will_wake(new)) {
                *waker = Some(new.clone());
            }
        });
        self.word.set(bit).has(last)
    }
}

/// # Safety
///
/// The caller's end has the cell.
#[inline]
unsafe fn take<V>(cell: &UnsafeCell<Option<V>>) -> Option<V> {
    // SAFETY: the caller's word.
    cell.with_mut(|value| unsafe { (*value).take() })
}

pub(super) fn pair<T>() -> (Giver<T>, Taker<T>) {
    let shared = Arc::new(Shared {
        word: Word(AtomicUsize::new(0)),
        message: UnsafeCell::new(None),
        taker: UnsafeCell::new(None),
        giver: UnsafeCell::new(None),
    });
    (Giver { shared: shared.clone() }, Taker { shared, stage: Stage::Open })
}

/// The end that gives the message. There is one, and it ends with [`finish`](Self::finish).
pub(super) struct Giver<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Giver<T> {
    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.shared.word.read().has(CLOSED)
    }

    pub(super) fn poll_closed(&mut self, cx: &Context<'_>) -> Poll<()> {
        let shared = &*self.shared;
        let found = shared.word.read();
        // SAFETY: we are the giver, and the taker has not closed as of `found`.
        if found.has(CLOSED) || unsafe { shared.offer(&shared.giver, GIVER_WAITS, CLOSED, found, cx.waker()) } {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Says the last word, with a message or without. A message that is not wanted comes back.
    #[inline]
    pub(super) fn finish(self, message: Option<T>) -> Option<T> {
        let shared = &*self.shared;
        if message.is_some() {
            if self.is_closed() {
                return message;
            }
            // SAFETY: the message is ours until `DONE`. The cell was empty: nothing is dropped here.
            shared.message.with_mut(|place| unsafe { *place = message });
        }
        let found = shared.word.set(DONE);
        if found.has(CLOSED) {
            // SAFETY: `CLOSED` came first, so the message is ours still.
            return unsafe { take(&shared.message) };
        }
        // SAFETY: `DONE` came first, so a waker that is offered is ours, and so is our own.
        let unused = if found.has(GIVER_WAITS) { unsafe { take(&shared.giver) } } else { None };
        if found.has(TAKER_WAITS) {
            // SAFETY: as above.
            if let Some(waker) = unsafe { take(&shared.taker) } {
                waker.wake();
            }
        }
        drop(unused);
        None
    }
}

/// How far the taker has come; its own to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The message may be there or come.
    Open,
    /// The taker has closed, and was first: there is no message for it.
    Closed,
    /// The message has been handed out: the giver is gone, and nothing is left in the shared state.
    Received,
    /// The future has said that there is none.
    Refused,
}

/// The end that takes the message. There is one.
pub(super) struct Taker<T> {
    shared: Arc<Shared<T>>,
    stage: Stage,
}

impl<T> Taker<T> {
    #[inline]
    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    pub(super) fn try_take(&mut self) -> Result<T, TryRecvError> {
        match self.stage {
            Stage::Open if !self.shared.word.read().has(DONE) => Err(TryRecvError::Empty),
            Stage::Open => self.take_message().ok_or(TryRecvError::Closed),
            _ => Err(TryRecvError::Closed),
        }
    }

    /// Takes what the giver has left. Only once `DONE` has been seen, in stage `Open`.
    #[inline]
    fn take_message(&mut self) -> Option<T> {
        // SAFETY: we have not closed, or not first: in stage `Open`, `DONE` came first, and the message is ours.
        let message = unsafe { take(&self.shared.message) };
        if message.is_some() {
            self.stage = Stage::Received;
        }
        message
    }

    #[inline]
    pub(super) fn poll_take(&mut self, cx: &Context<'_>) -> Poll<Result<T, RecvError>> {
        match self.stage {
            Stage::Open => {}
            Stage::Closed => {
                self.stage = Stage::Refused;
                return Poll::Ready(Err(RecvError));
            }
            Stage::Received | Stage::Refused => panic!("oneshot receiver polled after it ended"),
        }
        let shared = &*self.shared;
        let found = shared.word.read();
        // SAFETY: we are the taker, and the giver was not done as of `found`.
        let done = found.has(DONE) || unsafe { shared.offer(&shared.taker, TAKER_WAITS, DONE, found, cx.waker()) };
        if !done {
            return Poll::Pending;
        }
        let message = self.take_message();
        if message.is_none() {
            self.stage = Stage::Refused;
        }
        Poll::Ready(message.ok_or(RecvError))
    }

    /// Says the last word. What the giver had left before can still be taken.
    pub(super) fn close(&mut self) {
        if self.stage != Stage::Open {
            return;
        }
        let shared = &*self.shared;
        let found = shared.word.set(CLOSED);
        if found.has(DONE | CLOSED) {
            return;
        }
        self.stage = Stage::Closed;
        // SAFETY: `CLOSED` came first, so a waker that is offered is ours, and so is our own.
        let unused = if found.has(TAKER_WAITS) { unsafe { take(&shared.taker) } } else { None };
        if found.has(GIVER_WAITS) {
            // SAFETY: as above.
            if let Some(waker) = unsafe { take(&shared.giver) } {
                waker.wake();
            }
        }
        drop(unused);
    }
}

impl<T> Drop for Taker<T> {
    #[inline]
    fn drop(&mut self) {
        if self.stage == Stage::Received {
            return;
        }
        self.close();
        if self.stage == Stage::Open {
            // `DONE` came first. What was left goes now, not when the giver has let go too.
            drop(self.take_message());
        }
    }
}
