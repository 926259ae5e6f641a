//! The timer that this thread entered last, which its next one may take over or replace once nobody waits for it.
//!
//! What must hold is in this crate's `README.md`.

use std::cell::Cell;
use std::task::{RawWakerVTable, Waker};
use std::time::Instant;

use tenter_driver::{Driver, TimerKey};
use tenter_scheduler::WeakScheduler;

use crate::shared::Shared;

/// What a waker wakes, to be compared alone: the waker itself may be gone.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct WakerId(*const (), *const RawWakerVTable);

impl WakerId {
    #[inline]
    pub(crate) fn of(waker: &Waker) -> Self {
        Self(waker.data(), waker.vtable())
    }
}

/// A timer in the wheel of this thread's seat.
#[derive(Clone, Copy)]
pub(crate) struct Last {
    pub(crate) runtime: WeakScheduler,
    pub(crate) key: TimerKey,
    /// The deadline and the waker by which the wheel has it; `None` if that is not known any more.
    pub(crate) entry: Option<(Instant, WakerId)>,
}

struct Place {
    last: Cell<Option<Last>>,
    /// Nobody waits for it any more, but it is still in the wheel.
    left: Cell<bool>,
}

thread_local! {
    /// Nothing in it needs to be dropped, so it can be used while the thread's other locals are torn down.
    static PLACE: Place = const { Place { last: Cell::new(None), left: Cell::new(false) } };
}

impl Last {
    /// It has just been entered, or left if nothing is known of it.
    pub(crate) fn set(self, left: bool) {
        let before = PLACE.with(|place| {
            let before = place.last.replace(Some(self));
            before.filter(|_| place.left.replace(left))
        });
        if let Some(before) = before {
            remove(before.runtime, before.key);
        }
    }
}

/// The timer has been left, if it is the last one; `false` if it is not.
#[inline]
pub(crate) fn leave(runtime: WeakScheduler, key: TimerKey) -> bool {
    PLACE.with(|place| {
        let is_last = place.last.get().is_some_and(|last| last.key == key && last.runtime == runtime);
        if is_last {
            place.left.set(true);
        }
        is_last
    })
}

/// The timer that was left, for one that ends no earlier and wakes the same: it stays in the wheel, fires earlier than it
/// has to, if at all, and is then entered anew.
#[inline]
pub(crate) fn take_over(
    runtime: WeakScheduler,
    wheel: usize,
    driver: &Driver,
    deadline: Instant,
    waker: &Waker,
) -> Option<TimerKey> {
    PLACE.with(|place| {
        let last = place.last.get().filter(|_| place.left.get())?;
        let (entered, wakes) = last.entry?;
        let fits = last.runtime == runtime
            && last.key.wheel() == wheel
            && entered <= deadline
            && wakes == WakerId::of(waker)
            && driver.is_ahead(last.key, entered);
        fits.then(|| {
            place.left.set(false);
            last.key
        })
    })
}

/// The timer that was left, for another one to be entered in its place. One of another wheel is removed.
pub(crate) fn take(runtime: WeakScheduler, wheel: usize) -> Option<TimerKey> {
    let last = PLACE.with(|place| place.last.get().filter(|_| place.left.replace(false)))?;
    if last.runtime == runtime && last.key.wheel() == wheel {
        return Some(last.key);
    }
    remove(last.runtime, last.key);
    None
}

/// Takes the timer out of its wheel that this thread has left there, if there is one, and forgets which it entered. The
/// drop of its waker is foreign code.
pub(crate) fn forget() -> bool {
    let left = PLACE.with(|place| place.last.take().filter(|_| place.left.replace(false)));
    if let Some(left) = left {
        remove(left.runtime, left.key);
    }
    left.is_some()
}

pub(crate) fn remove(runtime: WeakScheduler, key: TimerKey) {
    runtime.with(|view| view.is_some_and(|view| Shared::of(view.park()).driver.remove_timer(key)));
}
