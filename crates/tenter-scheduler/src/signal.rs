//! What the waker of a `block_on` future does: it says so, and ends its thread's sleep, wherever that sleeps now.

use std::sync::atomic::{
    AtomicU8,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;

use crate::parker::Parker;
use crate::slot::Slot;

/// The future was woken. Set by its waker; cleared by its thread before it polls.
const WOKEN: u8 = 1;
/// There is a `next`. Set and cleared with it by the future's thread, behind the lock. In one word with [`WOKEN`], so that of a
/// waker and that thread, each of which sets its bit, the second sees the first one's.
const PASSES_ON: u8 = 2;

/// Says that a `block_on` future was woken, and wakes its thread.
#[derive(Debug)]
pub(crate) struct Signal {
    state: AtomicU8,
    sleeper: Sleeper,
    /// The one of a nested `block_on`, in which the future's thread sleeps meanwhile.
    next: Mutex<Option<Arc<Self>>>,
}

/// Where the thread that a [`Signal`] wakes sleeps.
#[derive(Debug)]
pub(crate) enum Sleeper {
    Seat(&'static Slot, usize),
    Own(Parker),
}

impl Signal {
    /// Woken from the start, so that the future is polled once.
    pub(crate) fn new(sleeper: Sleeper) -> Arc<Self> {
        Arc::new(Self { state: AtomicU8::new(WOKEN), sleeper, next: Mutex::new(None) })
    }

    /// Whether the future was woken; takes note of it.
    pub(crate) fn take(&self) -> bool {
        self.state.load(Relaxed) & WOKEN != 0 && self.state.fetch_and(!WOKEN, Acquire) & WOKEN != 0
    }

    pub(crate) fn is_set(&self) -> bool {
        self.state.load(Acquire) & WOKEN != 0
    }

    /// Has another one's thread woken as well from now on; gives what did so until now. Called by the future's thread, which looks
    /// whether it was woken after that, before it sleeps.
    pub(crate) fn pass_on(&self, next: Option<Arc<Self>>) -> Option<Arc<Self>> {
        let mut place = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if next.is_some() {
            self.state.fetch_or(PASSES_ON, AcqRel);
        } else {
            self.state.fetch_and(!PASSES_ON, AcqRel);
        }
        std::mem::replace(&mut *place, next)
    }

    /// Ends the thread's sleep without announcing anything.
    pub(crate) fn unpark(&self) {
        match &self.sleeper {
            Sleeper::Seat(slot, seat) => slot.unpark(*seat),
            Sleeper::Own(parker) => parker.unpark(|| {}),
        }
    }

    pub(crate) fn park(&self) {
        match &self.sleeper {
            Sleeper::Seat(slot, seat) => drop(slot.seats[*seat].parker.park(None)),
            Sleeper::Own(parker) => drop(parker.park(None)),
        }
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: the poll that follows sees what the waker's thread wrote.
        let before = self.state.fetch_or(WOKEN, AcqRel);
        if before & WOKEN != 0 {
            return;
        }
        self.unpark();
        if before & PASSES_ON != 0 {
            let next = self.next.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(next) = next {
                next.unpark();
            }
        }
    }
}
