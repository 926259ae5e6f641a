//! Who waits to be told, once each: the line under [`Notify`](super::Notify) and [`Condvar`](super::Condvar).
//!
//! Unlike in [`tenter_core::wait_list`] there is no state that a waiter tries again: being told is all. So each telling is
//! handed to one waiter by name, and stays with it until it takes it or leaves; or it is for everybody that there is, which
//! a number says: who came in an earlier *round* has been told. All is under one lock, so each call is one step:
//!
//! - *Telling one* takes the longest-waiting out of the line and notes its name among the told; if nobody waits it may leave
//!   a permit for who comes next.
//! - *Telling all* empties the line and begins another round.
//! - A waiter that leaves gives back what it was told alone, to the next in line or as a permit. What it was told with all
//!   others it keeps, so a wake is neither lost nor doubled, whichever of the two came first.
//!
//! Wakers are cloned before the lock is taken, and woken or dropped after it is released.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::task::Waker;

use tenter_core::sync::Mutex;

use crate::lock;

pub(super) struct Line {
    state: Mutex<State>,
}

struct State {
    /// How often all were told.
    round: u64,
    /// The name of the next waiter; names are never used again, and their order is that of the line.
    next: u64,
    /// One telling that found nobody.
    permit: bool,
    /// Those who wait; without a waker as long as they have not been polled.
    waiting: BTreeMap<u64, Option<Waker>>,
    /// Those who have been told alone, and do not know it yet.
    told: BTreeSet<u64>,
}

/// Where a waiter stands; its own to know.
#[derive(Debug)]
pub(super) enum Place {
    /// Not in line, since this round.
    Outside { round: u64 },
    /// In line or told, since this round.
    Inside { name: u64, round: u64 },
    /// It knows.
    Gone,
}

impl State {
    /// Whether the waiter has been told; it knows then.
    fn settle(&mut self, place: &mut Place) -> bool {
        let told = match *place {
            Place::Outside { round } => round != self.round || mem::take(&mut self.permit),
            Place::Inside { name, round } => self.told.remove(&name) || round != self.round,
            Place::Gone => true,
        };
        if told {
            *place = Place::Gone;
        }
        told
    }

    /// The place for the waker of a waiter that has not been told, in line from now on.
    fn waker(&mut self, place: &mut Place) -> &mut Option<Waker> {
        let name = match *place {
            Place::Inside { name, .. } => name,
            _ => {
                let (name, round) = (self.next, self.round);
                self.next += 1;
                *place = Place::Inside { name, round };
                name
            }
        };
        self.waiting.entry(name).or_default()
    }

    /// Tells the first in line; its waker, if it has one.
    fn tell_one(&mut self, leave_permit: bool) -> Option<Waker> {
        let Some((name, waker)) = self.waiting.pop_first() else {
            self.permit |= leave_permit;
            return None;
        };
        self.told.insert(name);
        waker
    }
}

impl Line {
    pub(super) fn new() -> Self {
        let (waiting, told) = (BTreeMap::new(), BTreeSet::new());
        Self { state: Mutex::new(State { round: 0, next: 0, permit: false, waiting, told }) }
    }

    /// A place outside, which is told when all are.
    pub(super) fn place(&self) -> Place {
        Place::Outside { round: lock(&self.state).round }
    }

    /// Whether the waiter has been told. If not it is in line now, with this waker if there is one.
    pub(super) fn poll(&self, place: &mut Place, waker: Option<&Waker>) -> bool {
        let mut spare = None;
        loop {
            let mut state = lock(&self.state);
            if state.settle(place) {
                drop(state);
                return true;
            }
            let held = state.waker(place);
            let Some(waker) = waker else { return false };
            if held.as_ref().is_some_and(|held| held.will_wake(waker)) {
                return false;
            }
            match spare.take() {
                Some(clone) => {
                    let replaced = held.replace(clone);
                    drop(state);
                    drop(replaced);
                    return false;
                }
                None => {
                    drop(state);
                    spare = Some(waker.clone());
                }
            }
        }
    }

    /// Tells the first in line; without one, leaves a permit if so asked.
    pub(super) fn tell_one(&self, leave_permit: bool) {
        let waker = lock(&self.state).tell_one(leave_permit);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Tells all who are there.
    pub(super) fn tell_all(&self) {
        let waiting = {
            let mut state = lock(&self.state);
            state.round += 1;
            mem::take(&mut state.waiting)
        };
        Wakers(waiting.into_values()).wake();
    }

    /// The waiter leaves, and gives back what it was told alone.
    pub(super) fn leave(&self, place: &mut Place, leave_permit: bool) {
        let Place::Inside { name, .. } = mem::replace(place, Place::Gone) else { return };
        let mut state = lock(&self.state);
        let (waker, dropped) = if state.told.remove(&name) {
            (state.tell_one(leave_permit), None)
        } else {
            (None, state.waiting.remove(&name))
        };
        drop(state);
        drop(dropped);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Wakers that are all woken, also if one of them panics.
struct Wakers(std::collections::btree_map::IntoValues<u64, Option<Waker>>);

impl Wakers {
    fn wake(&mut self) {
        for waker in self.0.by_ref().flatten() {
            waker.wake();
        }
    }
}

impl Drop for Wakers {
    fn drop(&mut self) {
        self.wake();
    }
}
