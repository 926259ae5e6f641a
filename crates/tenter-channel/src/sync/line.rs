//! Who waits to be told, once each: the line under [`Notify`](super::Notify) and [`Condvar`](super::Condvar).
//!
//! Unlike in [`tenter_core::wait_list`] there is no state that a waiter tries again: being told is all. So a waiter has a
//! *seat*, and what it was told is noted there until it takes the seat back. All is under one lock, so each call is one step:
//!
//! - *Telling one* takes the longest-waiting out of the line and notes it in its seat; if nobody waits it may leave a permit
//!   for who comes next.
//! - *Telling all* empties the line, noting that in each seat, and begins another round: who has no seat yet, but a place since
//!   an earlier round, has been told as well.
//! - A waiter that leaves gives back what it was told alone, to the next in line or as a permit. What it was told with all
//!   others it keeps, so a wake is neither lost nor doubled. A seat in the line is told one of the two and has left the line
//!   then: whichever came first counts.
//!
//! Wakers are cloned before the lock is taken, and woken or dropped after it is released. The word [`Hint`] is read without the
//! lock, to know which round it is, and whether there is a reason not to clone a waker; it decides nothing else.

use std::mem;
use std::task::Waker;

use tenter_core::sync::Mutex;
use tenter_core::sync::atomic::{AtomicU64, Ordering};

use crate::lock;

/// No seat.
const NONE: usize = usize::MAX;

/// As many seats are kept when nobody sits.
const KEPT: usize = 64;

pub(super) struct Line {
    hint: Hint,
    state: Mutex<State>,
}

/// How often all were told, above a bit for the permit. Stored under the lock.
struct Hint(AtomicU64);

const PERMIT: u64 = 1;
const ROUND: u64 = 2;

struct State {
    word: u64,
    seats: Vec<Seat>,
    /// The first of the free seats, which are chained by `next`.
    free: usize,
    taken: usize,
    head: usize,
    tail: usize,
}

struct Seat {
    told: Told,
    waker: Option<Waker>,
    prev: usize,
    next: usize,
}

/// What the one in a seat was told, and does not know yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Nothing: the seat is in the line.
    Nothing,
    Alone,
    WithAll,
}

/// Where a waiter stands; its own to know.
#[derive(Debug)]
pub(super) enum Place {
    /// Without a seat, since this round.
    Outside { round: u64 },
    /// In this seat.
    Inside { seat: usize },
    /// It knows.
    Gone,
}

impl State {
    /// Whether the waiter has been told; it knows then, and has no seat.
    fn settle(&mut self, place: &mut Place) -> bool {
        let told = match *place {
            Place::Outside { round } => {
                let permit = round == self.word & !PERMIT && self.word & PERMIT != 0;
                self.word -= if permit { PERMIT } else { 0 };
                permit || round != self.word & !PERMIT
            }
            Place::Inside { seat } => {
                let told = self.seats[seat].told != Told::Nothing;
                if told {
                    self.give_up(seat);
                }
                told
            }
            Place::Gone => true,
        };
        if told {
            *place = Place::Gone;
        }
        told
    }

    /// The place for the waker of a waiter that has not been told, in line from now on.
    fn waker(&mut self, place: &mut Place) -> &mut Option<Waker> {
        let seat = match *place {
            Place::Inside { seat } => seat,
            _ => self.sit_down(),
        };
        *place = Place::Inside { seat };
        &mut self.seats[seat].waker
    }

    fn sit_down(&mut self) -> usize {
        let new = Seat { told: Told::Nothing, waker: None, prev: self.tail, next: NONE };
        let seat = match self.free {
            NONE => {
                self.seats.push(new);
                self.seats.len() - 1
            }
            seat => {
                self.free = mem::replace(&mut self.seats[seat], new).next;
                seat
            }
        };
        match self.tail {
            NONE => self.head = seat,
            tail => self.seats[tail].next = seat,
        }
        self.tail = seat;
        self.taken += 1;
        seat
    }

    /// Takes a seat out of the line; its waker.
    fn unlink(&mut self, seat: usize, told: Told) -> Option<Waker> {
        let Seat { prev, next, .. } = self.seats[seat];
        match prev {
            NONE => self.head = next,
            prev => self.seats[prev].next = next,
        }
        match next {
            NONE => self.tail = prev,
            next => self.seats[next].prev = prev,
        }
        self.seats[seat].told = told;
        self.seats[seat].waker.take()
    }

    /// Frees a seat that is not in the line.
    fn give_up(&mut self, seat: usize) {
        self.seats[seat].next = mem::replace(&mut self.free, seat);
        self.taken -= 1;
        if self.taken == 0 && self.seats.len() > KEPT {
            // After a crowd. No waker is in a free seat, so no foreign code runs here.
            self.seats = Vec::new();
            self.free = NONE;
        }
    }

    /// Tells the first in line; its waker, if it has one.
    fn tell_one(&mut self, leave_permit: bool) -> Option<Waker> {
        match self.head {
            NONE => {
                self.word |= if leave_permit { PERMIT } else { 0 };
                None
            }
            head => self.unlink(head, Told::Alone),
        }
    }

    /// Tells all in line; their wakers.
    fn tell_all(&mut self) -> Vec<Waker> {
        self.word += ROUND;
        let mut wakers = Vec::new();
        while self.head != NONE {
            wakers.extend(self.unlink(self.head, Told::WithAll));
        }
        wakers
    }

    /// The waiter in this seat leaves; the waker of who is told in its stead, and its own, to be dropped.
    fn leave(&mut self, seat: usize, leave_permit: bool) -> (Option<Waker>, Option<Waker>) {
        let wakers = match self.seats[seat].told {
            Told::Alone => (self.tell_one(leave_permit), None),
            Told::WithAll => (None, None),
            Told::Nothing => (None, self.unlink(seat, Told::Nothing)),
        };
        self.give_up(seat);
        wakers
    }
}

impl Line {
    pub(super) fn new() -> Self {
        let state = State { word: 0, seats: Vec::new(), free: NONE, taken: 0, head: NONE, tail: NONE };
        Self { hint: Hint(AtomicU64::new(0)), state: Mutex::new(state) }
    }

    fn hint(&self) -> u64 {
        self.hint.0.load(Ordering::Acquire)
    }

    /// Runs `f` under the lock, then publishes the word.
    fn locked<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let mut state = lock(&self.state);
        let before = state.word;
        let result = f(&mut state);
        if state.word != before {
            self.hint.0.store(state.word, Ordering::Release);
        }
        result
    }

    /// A place without a seat, which is told when all are.
    pub(super) fn place(&self) -> Place {
        Place::Outside { round: self.hint() & !PERMIT }
    }

    /// Whether the waiter has been told. If not it is in line now, with this waker if there is one.
    pub(super) fn poll(&self, place: &mut Place, waker: Option<&Waker>) -> bool {
        // A waiter that comes in the same round and without a permit is not told, most likely.
        let waits = matches!(*place, Place::Outside { round } if round == self.hint());
        let mut spare = waker.filter(|_| waits).cloned();
        loop {
            let mut replaced = None;
            let told = self.locked(|state| {
                if state.settle(place) {
                    return Some(true);
                }
                let held = state.waker(place);
                match waker {
                    Some(waker) if !held.as_ref().is_some_and(|held| held.will_wake(waker)) => {
                        replaced = held.replace(spare.take()?);
                        Some(false)
                    }
                    _ => Some(false),
                }
            });
            drop(replaced);
            match told {
                Some(told) => return told,
                None => spare = waker.cloned(),
            }
        }
    }

    /// Tells the first in line; without one, leaves a permit if so asked.
    pub(super) fn tell_one(&self, leave_permit: bool) {
        if let Some(waker) = self.locked(|state| state.tell_one(leave_permit)) {
            waker.wake();
        }
    }

    /// Tells all who are there.
    pub(super) fn tell_all(&self) {
        Wakers(self.locked(State::tell_all).into_iter()).wake();
    }

    /// The waiter leaves, and gives back what it was told alone.
    pub(super) fn leave(&self, place: &mut Place, leave_permit: bool) {
        let Place::Inside { seat } = mem::replace(place, Place::Gone) else { return };
        let (told, dropped) = self.locked(|state| state.leave(seat, leave_permit));
        drop(dropped);
        if let Some(waker) = told {
            waker.wake();
        }
    }
}

/// Wakers that are all woken, also if one of them panics.
struct Wakers(std::vec::IntoIter<Waker>);

impl Wakers {
    fn wake(&mut self) {
        for waker in self.0.by_ref() {
            waker.wake();
        }
    }
}

impl Drop for Wakers {
    fn drop(&mut self) {
        self.wake();
    }
}
