//! The wheel: six levels of 64 slots over an arena of timers, plus a list for what lies beyond.
//!
//! Invariant: every timer is on the list that [`Tick::list_at`] gives for its tick (or for the wheel's tick, if the
//! deadline was past when it was inserted) and the wheel's present tick. It survives time going on, as long as no
//! occupied list is passed: the wheel's tick and the timer's share all digits above the timer's level, so every tick
//! between them does too, and before the list's first tick the digit of the level is still smaller. Hence no slot
//! index wraps around, all deadlines of a level come before all of the next, and the earliest list is the lowest bit
//! of the lowest level that has one.

use std::task::Waker;

use super::arena::{Arena, List};
use super::level::{LEVELS, LISTS, OVERFLOW, SLOTS, Tick};
use super::{NEVER, Nanos};

#[derive(Debug)]
pub(crate) struct Wheel {
    arena: Arena,
    /// The latest time that [`advance`](Self::advance) was told; a clock that goes back does not move it.
    now: Nanos,
    /// Which slots of a level have timers.
    occupied: [u64; LEVELS],
    lists: Box<[List; LISTS]>,
    /// The earliest deadline of each list that has timers. Too early after that timer was cancelled, until the list
    /// is emptied or passed; so cancelling stays O(1), and at worst one sleep ends for nothing.
    earliest: Box<[Nanos; LISTS]>,
}

impl Wheel {
    pub(crate) fn new() -> Self {
        Self {
            arena: Arena::new(),
            now: 0,
            occupied: [0; LEVELS],
            lists: Box::new([List::EMPTY; LISTS]),
            earliest: Box::new([NEVER; LISTS]),
        }
    }

    /// How many timers there are.
    pub(crate) fn len(&self) -> usize {
        self.arena.len()
    }

    /// Adds a timer; gives its index and generation.
    pub(crate) fn insert(&mut self, deadline: Nanos, waker: Waker) -> (u32, u32) {
        let (index, generation) = self.arena.insert(deadline, waker);
        self.link(index);
        (index, generation)
    }

    /// Ends a timer that has not fired.
    pub(crate) fn remove(&mut self, index: u32, generation: u32) -> Option<Waker> {
        if !self.arena.find(index, generation) {
            return None;
        }
        let list = usize::from(self.arena.get(index).list);
        self.arena.unlink(&mut self.lists[list], index);
        self.note_emptied(list);
        Some(self.arena.remove(index))
    }

    /// The waker of a timer that has not fired.
    pub(crate) fn waker_mut(&mut self, index: u32, generation: u32) -> Option<&mut Waker> {
        self.arena.find(index, generation).then(|| self.arena.waker_mut(index))
    }

    /// The earliest deadline, [`NEVER`] if there is no timer.
    pub(crate) fn next_deadline(&self) -> Nanos {
        self.first_list().map_or(NEVER, |list| self.earliest[list])
    }

    /// Moves to time `now` and the wakers of all timers that are due into `due`, in the order of their ticks.
    pub(crate) fn advance(&mut self, now: Nanos, due: &mut Vec<Waker>) {
        let now = now.max(self.now);
        let target = Tick::of(now);
        while let Some(list) = self.first_list() {
            let start = self.start_of(list);
            if start > target {
                break;
            }
            // Its tick is the first one of the list, or of the present one for what was inserted past its deadline.
            self.now = self.now.max(start.time());
            if list == OVERFLOW || list >= SLOTS {
                self.relink_all(list);
            } else if start < target {
                self.expire_all(list, due);
            } else {
                self.expire_until(list, now, due);
                break;
            }
        }
        self.now = now;
    }

    /// Ends every timer, whatever its deadline. Time stays where it is: a wheel that had been told a late one would
    /// fire the timers that come after this early.
    pub(crate) fn expire_everything(&mut self, due: &mut Vec<Waker>) {
        while let Some(list) = self.first_list() {
            self.expire_all(list, due);
        }
    }

    fn start_of(&self, list: usize) -> Tick {
        if list == OVERFLOW {
            Tick::of(self.earliest[OVERFLOW]).start_of_turn()
        } else {
            Tick::start_of(list, Tick::of(self.now))
        }
    }

    /// The list that comes first.
    fn first_list(&self) -> Option<usize> {
        let level = self.occupied.iter().position(|slots| *slots != 0);
        match level {
            Some(level) => Some(level * SLOTS + self.occupied[level].trailing_zeros() as usize),
            None => (!self.lists[OVERFLOW].is_empty()).then_some(OVERFLOW),
        }
    }

    fn link(&mut self, index: u32) {
        let at = Tick::of(self.now);
        let deadline = self.arena.get(index).deadline;
        let list = Tick::of(deadline).max(at).list_at(at);
        self.link_to(list, index);
    }

    fn link_to(&mut self, list: usize, index: u32) {
        self.arena.set_list(index, list as u16);
        self.arena.push_back(&mut self.lists[list], index);
        self.earliest[list] = self.earliest[list].min(self.arena.get(index).deadline);
        if list != OVERFLOW {
            self.occupied[list / SLOTS] |= 1 << (list % SLOTS);
        }
    }

    fn note_emptied(&mut self, list: usize) {
        if self.lists[list].is_empty() {
            self.earliest[list] = NEVER;
            if list != OVERFLOW {
                self.occupied[list / SLOTS] &= !(1 << (list % SLOTS));
            }
        }
    }

    fn take_list(&mut self, list: usize) -> List {
        let taken = std::mem::replace(&mut self.lists[list], List::EMPTY);
        self.note_emptied(list);
        taken
    }

    /// Spreads a list over the levels below, now that the wheel is at its first tick. What the overflow holds of
    /// still later turns comes back to it.
    fn relink_all(&mut self, list: usize) {
        let mut taken = self.take_list(list);
        while let Some(index) = self.arena.pop_front(&mut taken) {
            self.link(index);
        }
    }

    fn expire_all(&mut self, list: usize, due: &mut Vec<Waker>) {
        let mut taken = self.take_list(list);
        while let Some(index) = self.arena.pop_front(&mut taken) {
            due.push(self.arena.remove(index));
        }
    }

    /// Expires what is due of the slot of the present tick, which may hold deadlines a little later than `now`.
    fn expire_until(&mut self, list: usize, now: Nanos, due: &mut Vec<Waker>) {
        let mut taken = self.take_list(list);
        while let Some(index) = self.arena.pop_front(&mut taken) {
            if self.arena.get(index).deadline <= now {
                due.push(self.arena.remove(index));
            } else {
                self.link_to(list, index);
            }
        }
    }
}

#[cfg(all(test, not(tenter_loom)))]
mod tests;
