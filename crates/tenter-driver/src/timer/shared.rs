//! A wheel that threads share: a lock around it, and its next deadline beside the lock.

use std::sync::atomic::AtomicUsize as Count;
use std::task::Waker;

use tenter_core::sync::Mutex;
use tenter_core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::wheel::Wheel;
use super::{NEVER, Nanos};
use crate::lock::lock;

/// Names a timer: its wheel, its place there, and which life of that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimerKey {
    /// The number of the wheel, and [`OVERDUE`]. Three equal fields are copied in registers.
    wheel: u32,
    index: u32,
    generation: u32,
}

/// The deadline was past when the timer was inserted: then time that has passed tells nothing of it.
const OVERDUE: u32 = 1 << 31;

impl TimerKey {
    #[inline]
    fn new(wheel: u32, (index, generation): (u32, u32), overdue: bool) -> Self {
        Self { wheel: if overdue { wheel | OVERDUE } else { wheel }, index, generation }
    }

    /// The number of its wheel.
    #[must_use]
    #[inline]
    pub fn wheel(self) -> usize {
        (self.wheel & !OVERDUE) as usize
    }
}

/// A wheel, aligned so that two workers' wheels share no cache line (128: lines are fetched in pairs).
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct SharedWheel {
    /// The earliest deadline of the wheel; written under its lock, read without. Relaxed: who reads it orders it by
    /// other means, see `sleep`, or only wants a hint.
    published: AtomicU64,
    /// The time before which everything has fired but what was inserted late; written under the lock, read without. Relaxed:
    /// who reads an old one asks under the lock.
    passed: AtomicU64,
    /// Set by a worker that sleeps with a timeout of its own, taken back by it when it wakes.
    self_timed: AtomicBool,
    /// The length of the wheel, for who asks without the lock. No protocol rests on it.
    length: Count,
    wheel: Mutex<Wheel>,
}

impl SharedWheel {
    pub(crate) fn new() -> Self {
        Self {
            published: AtomicU64::new(NEVER),
            passed: AtomicU64::new(0),
            self_timed: AtomicBool::new(false),
            length: Count::new(0),
            wheel: Mutex::new(Wheel::new()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.length.load(Ordering::Relaxed)
    }

    pub(crate) fn next_deadline(&self) -> Nanos {
        self.published.load(Ordering::Relaxed)
    }

    /// A late one of the deadlines that are not after `bound`, see [`Wheel::late_deadline_by`].
    pub(crate) fn late_deadline_by(&self, bound: Nanos) -> Option<Nanos> {
        // The lock only if there is one; who is about to sleep has the time.
        (self.next_deadline() <= bound).then(|| lock(&self.wheel).late_deadline_by(bound)).flatten()
    }

    pub(crate) fn set_self_timed(&self, on: bool) {
        // Relaxed: the holder of the seat that reads an old value wakes for nothing, or sleeps past a timer of a
        // worker that is awake.
        self.self_timed.store(on, Ordering::Relaxed);
    }

    pub(crate) fn is_self_timed(&self) -> bool {
        self.self_timed.load(Ordering::Relaxed)
    }

    pub(crate) fn insert(&self, number: u32, deadline: Nanos, waker: Waker) -> TimerKey {
        let mut wheel = lock(&self.wheel);
        let overdue = deadline < wheel.now();
        let place = wheel.insert(deadline, waker);
        if deadline < self.next_deadline() {
            self.published.store(deadline, Ordering::Relaxed);
        }
        self.length.store(wheel.len(), Ordering::Relaxed);
        TimerKey::new(number, place, overdue)
    }

    /// Ends a timer and makes another one. If both are for the same waker, the first one's is used again.
    pub(crate) fn replace(&self, old: TimerKey, deadline: Nanos, waker: &Waker) -> TimerKey {
        let number = old.wheel() as u32;
        let mut wheel = lock(&self.wheel);
        let overdue = deadline < wheel.now();
        if let Some(place) = wheel.renew(old.index, old.generation, deadline, waker) {
            self.published.store(wheel.next_deadline(), Ordering::Relaxed);
            return TimerKey::new(number, place, overdue);
        }
        drop(wheel);
        self.remove(old);
        self.insert(number, deadline, waker.clone())
    }

    /// Whether a timer that was inserted with this deadline has fired or was removed; `false` if only the lock could tell.
    #[inline]
    pub(crate) fn has_passed(&self, key: TimerKey, deadline: Nanos) -> bool {
        key.wheel & OVERDUE == 0 && deadline < self.passed.load(Ordering::Relaxed)
    }

    /// Replaces the waker of a timer; whether it is still pending.
    pub(crate) fn update(&self, key: TimerKey, waker: &Waker) -> bool {
        if lock(&self.wheel).waker_mut(key.index, key.generation).is_some_and(|held| held.will_wake(waker)) {
            return true;
        }
        // Cloned and dropped without the lock: both are foreign code.
        let mut waker = waker.clone();
        let pending = match lock(&self.wheel).waker_mut(key.index, key.generation) {
            Some(held) => {
                std::mem::swap(held, &mut waker);
                true
            }
            None => false,
        };
        drop(waker);
        pending
    }

    /// Ends a timer; whether it was still pending.
    pub(crate) fn remove(&self, key: TimerKey) -> bool {
        self.change(|wheel| wheel.remove(key.index, key.generation)).is_some()
    }

    /// Moves the wakers of due timers into `due`, some tens of them at most: if more are due, the next deadline shows it.
    /// One load if there are none.
    pub(crate) fn fire(&self, now: Nanos, due: &mut Vec<Waker>) {
        if self.next_deadline() <= now {
            self.change(|wheel| {
                wheel.advance(now, due);
                self.passed.store(wheel.now(), Ordering::Relaxed);
            });
        }
    }

    /// Moves the wakers of all timers into `due`, whatever their deadlines.
    pub(crate) fn expire_everything(&self, due: &mut Vec<Waker>) {
        self.change(|wheel| wheel.expire_everything(due));
    }

    /// Changes the wheel under its lock, and makes its state known. What is foreign code (the drop of a waker that
    /// `change` gives) or takes long (memory given back) comes after the lock.
    #[inline]
    fn change<R>(&self, change: impl FnOnce(&mut Wheel) -> R) -> R {
        let mut wheel = lock(&self.wheel);
        let result = change(&mut wheel);
        self.published.store(wheel.next_deadline(), Ordering::Relaxed);
        self.length.store(wheel.len(), Ordering::Relaxed);
        let surplus = wheel.surplus();
        drop(wheel);
        drop(surplus);
        result
    }
}
