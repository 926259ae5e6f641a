//! What the waker of a `block_on` future does: it says so, and ends its thread's sleep, wherever that sleeps now.

use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    fence,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;

use crate::parker::Parker;
use crate::slot::Slot;

/// Says that a `block_on` future was woken, and wakes its thread.
#[derive(Debug)]
pub(crate) struct Signal {
    /// Set by the waker; cleared by the thread before it polls.
    woken: AtomicBool,
    sleeper: Sleeper,
    /// Whether there is a `next`; set with it, by the future's thread.
    passes_on: AtomicBool,
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
        let (woken, passes_on) = (AtomicBool::new(true), AtomicBool::new(false));
        Arc::new(Self { woken, sleeper, passes_on, next: Mutex::new(None) })
    }

    pub(crate) fn take(&self) -> bool {
        self.woken.load(Relaxed) && self.woken.swap(false, Acquire)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.woken.load(Acquire)
    }

    /// Has another one's thread woken as well from now on; gives what did so until now.
    pub(crate) fn pass_on(&self, next: Option<Arc<Self>>) -> Option<Arc<Self>> {
        let mut place = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        self.passes_on.store(next.is_some(), Relaxed);
        let before = std::mem::replace(&mut *place, next);
        drop(place);
        // Pairs with the fence of `wake_by_ref`: its thread passes this one on, or this thread, which looks at `woken` before
        // it sleeps, sees that set.
        fence(SeqCst);
        before
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
        if self.woken.swap(true, Release) {
            return;
        }
        self.unpark();
        // Pairs with the fence of `pass_on`.
        fence(SeqCst);
        if self.passes_on.load(Relaxed) {
            let next = self.next.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(next) = next {
                next.unpark();
            }
        }
    }
}
