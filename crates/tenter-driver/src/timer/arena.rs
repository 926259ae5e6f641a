//! The timers of one wheel, in an index slab; lists of them are circular and doubly linked.

use std::task::Waker;

use super::Nanos;

/// An index that is none.
pub(crate) const NIL: u32 = u32::MAX;

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

/// The head of a circular list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List(u32);

impl List {
    pub(crate) const EMPTY: Self = Self(NIL);

    pub(crate) fn is_empty(self) -> bool {
        self.0 == NIL
    }
}

/// The slab. Vacancies are reused, last in first out, so memory follows the most timers that lived at one time.
#[derive(Debug)]
pub(crate) struct Arena {
    timers: Vec<Timer>,
    vacancy: u32,
    live: usize,
}

impl Arena {
    pub(crate) fn new() -> Self {
        Self { timers: Vec::new(), vacancy: NIL, live: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// How many timers its memory has room for.
    #[cfg(all(test, not(tenter_loom)))]
    pub(crate) fn room(&self) -> usize {
        self.timers.capacity()
    }

    pub(crate) fn get(&self, index: u32) -> &Timer {
        &self.timers[index as usize]
    }

    fn at(&mut self, index: u32) -> &mut Timer {
        &mut self.timers[index as usize]
    }

    /// The live timer of this name.
    pub(crate) fn find(&self, index: u32, generation: u32) -> bool {
        self.timers.get(index as usize).is_some_and(|timer| timer.generation == generation && timer.waker.is_some())
    }

    /// Makes a timer, on no list yet; gives its index and generation.
    pub(crate) fn insert(&mut self, deadline: Nanos, waker: Waker) -> (u32, u32) {
        self.live += 1;
        if self.vacancy != NIL {
            let index = self.vacancy;
            let timer = &mut self.timers[index as usize];
            self.vacancy = timer.next;
            (timer.deadline, timer.waker) = (deadline, Some(waker));
            return (index, timer.generation);
        }
        let index = u32::try_from(self.timers.len()).ok().filter(|index| *index != NIL);
        let index = index.expect("a wheel holds fewer than 2^32 - 1 timers");
        self.timers.push(Timer { deadline, waker: Some(waker), prev: NIL, next: NIL, generation: 0, list: 0 });
        (index, 0)
    }

    /// Ends a timer that is on no list.
    pub(crate) fn remove(&mut self, index: u32) -> Waker {
        let vacancy = self.vacancy;
        let timer = self.at(index);
        timer.generation = timer.generation.wrapping_add(1);
        timer.next = vacancy;
        let waker = timer.waker.take().expect("a live timer has a waker");
        self.vacancy = index;
        self.live -= 1;
        waker
    }

    /// The waker of a live timer.
    pub(crate) fn waker_mut(&mut self, index: u32) -> &mut Waker {
        self.at(index).waker.as_mut().expect("a live timer has a waker")
    }

    pub(crate) fn set_list(&mut self, index: u32, list: u16) {
        self.at(index).list = list;
    }

    /// Links a timer at the end of a list.
    pub(crate) fn push_back(&mut self, list: &mut List, index: u32) {
        if list.is_empty() {
            list.0 = index;
            let timer = self.at(index);
            (timer.prev, timer.next) = (index, index);
            return;
        }
        let head = list.0;
        let tail = self.get(head).prev;
        self.at(tail).next = index;
        self.at(head).prev = index;
        let timer = self.at(index);
        (timer.prev, timer.next) = (tail, head);
    }

    /// Unlinks a timer from its list.
    pub(crate) fn unlink(&mut self, list: &mut List, index: u32) {
        let (prev, next) = (self.get(index).prev, self.get(index).next);
        if next == index {
            list.0 = NIL;
            return;
        }
        self.at(prev).next = next;
        self.at(next).prev = prev;
        if list.0 == index {
            list.0 = next;
        }
    }

    /// Unlinks the first timer of a list.
    pub(crate) fn pop_front(&mut self, list: &mut List) -> Option<u32> {
        let index = list.0;
        if index == NIL {
            return None;
        }
        self.unlink(list, index);
        Some(index)
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    #[test]
    fn a_timer_is_small() {
        assert!(size_of::<super::Timer>() <= 48, "{} bytes", size_of::<super::Timer>());
    }
}
