//! The timers of one wheel, in an index slab; lists of them are doubly linked.

use std::mem;
use std::task::Waker;

use super::Nanos;

/// An index that is none.
pub(crate) const NIL: u32 = u32::MAX;

/// So many places are kept when the last timer has gone (160 KiB of them); more than that is given back.
const KEPT: usize = 4096;

/// One timer, or a vacancy (without a waker; `next` leads to the next vacancy).
#[derive(Debug)]
pub(crate) struct Timer {
    pub(crate) deadline: Nanos,
    waker: Option<Waker>,
    prev: u32,
    next: u32,
    generation: u32,
    /// Which list of the wheel it is on.
    pub(crate) list: u16,
}

impl Timer {
    /// Whether it wakes the same as `waker`.
    #[inline]
    pub(crate) fn is_for(&self, waker: &Waker) -> bool {
        self.waker.as_ref().is_some_and(|own| own.will_wake(waker))
    }
}

/// The ends of a list. Both, so that to add one timer touches that timer and the last one alone.
#[derive(Clone, Copy, Debug)]
struct List {
    head: u32,
    tail: u32,
}

impl List {
    const EMPTY: Self = Self { head: NIL, tail: NIL };

    #[inline]
    fn is_empty(self) -> bool {
        self.head == NIL
    }
}

/// The timers of one slot, in two lists: who walks along one waits for memory at each timer, but not longer for two than for
/// one. A timer is on the list that its index chooses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bundle([List; WAYS]);

const WAYS: usize = 2;

impl Bundle {
    pub(crate) const EMPTY: Self = Self([List::EMPTY; WAYS]);

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.0.iter().all(|list| list.is_empty())
    }

    /// Whether a timer that is on these lists is the only one.
    #[inline]
    pub(crate) fn is_only(self, index: u32) -> bool {
        self.0.iter().all(|list| list.head == list.tail && (list.is_empty() || list.head == index))
    }

    #[inline]
    fn of(&mut self, index: u32) -> &mut List {
        &mut self.0[index as usize % WAYS]
    }

    /// Goes through what is on the lists now.
    pub(crate) fn walk(self) -> Walk {
        Walk { left: self, turn: 0 }
    }
}

/// A walk through a bundle, from both ends of each list in turn: while one timer is looked at, the next ones of the other ends
/// are on their way from memory. What it has given may be unlinked, and linked elsewhere; nothing else may.
#[derive(Debug)]
pub(crate) struct Walk {
    left: Bundle,
    /// Which end of which list comes next; forwards if it is less than [`WAYS`].
    turn: usize,
}

impl Walk {
    /// The next timer, if one is left.
    #[inline]
    pub(crate) fn next_in(&mut self, arena: &Arena) -> Option<u32> {
        for _ in 0..WAYS {
            let (forwards, way) = (self.turn < WAYS, self.turn % WAYS);
            self.turn = (self.turn + 1) % (2 * WAYS);
            let list = &mut self.left.0[way];
            let index = if forwards { list.head } else { list.tail };
            if index == NIL {
                continue;
            }
            if list.head == list.tail {
                *list = List::EMPTY;
            } else if forwards {
                list.head = arena.get(index).next;
            } else {
                list.tail = arena.get(index).prev;
            }
            return Some(index);
        }
        None
    }
}

/// The slab. Vacancies are reused, last in first out, so memory follows the most timers that lived at one time since
/// it was last empty.
#[derive(Debug)]
pub(crate) struct Arena {
    timers: Vec<Timer>,
    vacancy: u32,
    live: usize,
    /// The generation of the next timer. One count for all places, because places go when the arena is emptied and a
    /// key may come after that.
    generation: u32,
}

impl Arena {
    pub(crate) fn new() -> Self {
        Self { timers: Vec::new(), vacancy: NIL, live: 0, generation: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// How many timers its memory has room for.
    #[cfg(all(test, not(tenter_loom)))]
    pub(crate) fn room(&self) -> usize {
        self.timers.capacity()
    }

    #[inline]
    pub(crate) fn get(&self, index: u32) -> &Timer {
        &self.timers[index as usize]
    }

    #[inline]
    fn at(&mut self, index: u32) -> &mut Timer {
        &mut self.timers[index as usize]
    }

    /// The live timer of this name.
    #[inline]
    pub(crate) fn find(&self, index: u32, generation: u32) -> Option<&Timer> {
        self.timers.get(index as usize).filter(|timer| timer.generation == generation && timer.waker.is_some())
    }

    /// Makes a timer, on no list yet; gives its index and generation.
    #[inline]
    pub(crate) fn insert(&mut self, deadline: Nanos, waker: Waker) -> (u32, u32) {
        let generation = self.next_generation();
        self.live += 1;
        let index = self.vacancy;
        if index == NIL {
            return (self.grow(deadline, waker, generation), generation);
        }
        let timer = self.at(index);
        let vacancy = timer.next;
        (timer.deadline, timer.waker, timer.generation) = (deadline, Some(waker), generation);
        self.vacancy = vacancy;
        (index, generation)
    }

    /// Makes another timer of a live one, where it is; gives its generation.
    #[inline]
    pub(crate) fn renew(&mut self, index: u32, deadline: Nanos) -> u32 {
        let generation = self.next_generation();
        let timer = self.at(index);
        (timer.deadline, timer.generation) = (deadline, generation);
        generation
    }

    #[inline]
    fn next_generation(&mut self) -> u32 {
        let generation = self.generation;
        self.generation = generation.wrapping_add(1);
        generation
    }

    #[cold]
    fn grow(&mut self, deadline: Nanos, waker: Waker, generation: u32) -> u32 {
        let index = u32::try_from(self.timers.len()).ok().filter(|index| *index != NIL);
        let index = index.expect("a wheel holds fewer than 2^32 - 1 timers");
        self.timers.push(Timer { deadline, waker: Some(waker), prev: NIL, next: NIL, generation, list: 0 });
        index
    }

    /// Ends a timer that is on no list.
    #[inline]
    pub(crate) fn remove(&mut self, index: u32) -> Waker {
        let vacancy = self.vacancy;
        let timer = self.at(index);
        timer.next = vacancy;
        let waker = timer.waker.take().expect("a live timer has a waker");
        self.vacancy = index;
        self.live -= 1;
        waker
    }

    /// The memory of a burst that has passed, if there is no timer left: for the caller to free, without the lock.
    #[inline]
    pub(crate) fn surplus(&mut self) -> Option<Vec<Timer>> {
        if self.live > 0 || self.timers.capacity() <= KEPT {
            return None;
        }
        self.vacancy = NIL;
        Some(mem::take(&mut self.timers))
    }

    /// The waker of a live timer.
    #[inline]
    pub(crate) fn waker_mut(&mut self, index: u32) -> &mut Waker {
        self.at(index).waker.as_mut().expect("a live timer has a waker")
    }

    /// Links a timer to the lists of the slot that has the number `number`.
    #[inline]
    pub(crate) fn push_back(&mut self, lists: &mut Bundle, number: usize, index: u32) {
        let list = lists.of(index);
        let tail = mem::replace(&mut list.tail, index);
        let timer = self.at(index);
        (timer.prev, timer.next, timer.list) = (tail, NIL, number as u16);
        if tail == NIL {
            list.head = index;
        } else {
            self.at(tail).next = index;
        }
    }

    /// Unlinks a timer from its list.
    #[inline]
    pub(crate) fn unlink(&mut self, lists: &mut Bundle, index: u32) {
        let list = lists.of(index);
        let (prev, next) = (self.get(index).prev, self.get(index).next);
        match prev {
            NIL => list.head = next,
            prev => self.at(prev).next = next,
        }
        match next {
            NIL => list.tail = prev,
            next => self.at(next).prev = prev,
        }
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    #[test]
    fn a_timer_is_small() {
        assert!(size_of::<super::Timer>() <= 48, "{} bytes", size_of::<super::Timer>());
    }
}
