//! Who waits for a source: one waker inline for each direction, any number beside.

use std::mem;
use std::num::NonZeroU64;
use std::task::Waker;

use super::direction::Direction;

/// Names one waiter of a source, so that the future it belongs to can remove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaiterKey(NonZeroU64);

/// How many wakers a list holds before it is taken for full of dead ones: enough for every fan-out seen in
/// practice, few enough that a leak costs less than a page.
const FIRST_CAP: usize = 32;

/// Wakers that leave the waiters. They are woken or dropped after the entry's lock is released, for both may run
/// foreign code.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Leaving {
    pub(crate) dropped: Option<Waker>,
    pub(crate) woken: Vec<Waker>,
}

impl Leaving {
    /// Wakes and drops. Called without a lock.
    pub(crate) fn settle(self) {
        drop(self.dropped);
        self.woken.into_iter().for_each(Waker::wake);
    }
}

#[derive(Debug, Default)]
pub(crate) struct Waiters {
    inline: [Option<Waker>; 2],
    /// Made for the first waiter that has a key, or does not fit inline; kept until the slot dies.
    more: Option<Box<More>>,
}

#[derive(Debug)]
struct More {
    lists: [List; 2],
    next_key: NonZeroU64,
}

#[derive(Debug)]
struct List {
    waiters: Vec<(Option<WaiterKey>, Waker)>,
    /// A list that outgrows this is woken and cleared: whoever still lives comes back.
    cap: usize,
}

impl Default for More {
    fn default() -> Self {
        let list = || List { waiters: Vec::new(), cap: FIRST_CAP };
        Self { lists: [list(), list()], next_key: NonZeroU64::MIN }
    }
}

impl List {
    fn push(&mut self, key: Option<WaiterKey>, waker: Waker, leaving: &mut Leaving) {
        if self.waiters.len() >= self.cap {
            leaving.woken.extend(self.waiters.drain(..).map(|(_, waker)| waker));
            self.cap *= 2;
        }
        self.waiters.push((key, waker));
    }

    fn of_key(&self, key: WaiterKey) -> Option<usize> {
        self.waiters.iter().position(|(of, _)| *of == Some(key))
    }
}

impl Waiters {
    /// Adds a waiter without a key; the same waker is held once.
    pub(crate) fn add(&mut self, direction: Direction, waker: Waker) -> Leaving {
        let mut leaving = Leaving::default();
        match &self.inline[direction.index()] {
            None => self.inline[direction.index()] = Some(waker),
            Some(held) if held.will_wake(&waker) => leaving.dropped = Some(waker),
            Some(_) => {
                let list = &mut self.more.get_or_insert_default().lists[direction.index()];
                if list.waiters.iter().any(|(key, held)| key.is_none() && held.will_wake(&waker)) {
                    leaving.dropped = Some(waker);
                } else {
                    list.push(None, waker, &mut leaving);
                }
            }
        }
        leaving
    }

    /// Adds the waiter that `key` names, or replaces its waker. A key whose waiter has been woken gets a new one.
    pub(crate) fn add_keyed(&mut self, direction: Direction, waker: Waker, key: &mut Option<WaiterKey>) -> Leaving {
        let mut leaving = Leaving::default();
        let more = self.more.get_or_insert_default();
        let list = &mut more.lists[direction.index()];
        if let Some(at) = key.and_then(|key| list.of_key(key)) {
            leaving.dropped = Some(mem::replace(&mut list.waiters[at].1, waker));
        } else {
            let fresh = WaiterKey(more.next_key);
            more.next_key = more.next_key.checked_add(1).expect("a source has had 2^64 waiters");
            *key = Some(fresh);
            list.push(*key, waker, &mut leaving);
        }
        leaving
    }

    pub(crate) fn remove(&mut self, direction: Direction, key: WaiterKey) -> Leaving {
        let mut leaving = Leaving::default();
        if let Some(list) = self.more.as_mut().map(|more| &mut more.lists[direction.index()]) {
            leaving.dropped = list.of_key(key).map(|at| list.waiters.swap_remove(at).1);
        }
        leaving
    }

    pub(crate) fn is_empty(&self, direction: Direction) -> bool {
        self.inline[direction.index()].is_none()
            && self.more.as_ref().is_none_or(|more| more.lists[direction.index()].waiters.is_empty())
    }

    /// Moves all wakers of `direction` into `out`.
    pub(crate) fn take(&mut self, direction: Direction, out: &mut Vec<Waker>) {
        out.extend(self.inline[direction.index()].take());
        if let Some(list) = self.more.as_mut().map(|more| &mut more.lists[direction.index()]) {
            out.extend(list.waiters.drain(..).map(|(_, waker)| waker));
            list.cap = FIRST_CAP;
        }
    }

    /// Gives the memory of the overflow back, when a slot dies.
    pub(crate) fn release(&mut self) {
        debug_assert!(Direction::BOTH.into_iter().all(|direction| self.is_empty(direction)));
        self.more = None;
    }
}
