//! The wheel: six levels of 64 slots over an arena of timers, plus a list for what lies beyond.
//!
//! Invariant: every timer is on the list that [`Tick::list_at`] gives for its tick (or for the wheel's tick, if the
//! deadline was past when it was inserted) and the wheel's present tick. It survives time going on, as long as no
//! occupied list is passed: the wheel's tick and the timer's share all digits above the timer's level, so every tick
//! between them does too, and before the list's first tick the digit of the level is still smaller. Hence no slot
//! index wraps around, all deadlines of a level come before all of the next, and the earliest list is the lowest bit
//! of the lowest level that has one.
//!
//! One list may be excepted: the one that is being spread over the levels below when the [`Share`] is used up
//! (`spreading`). It comes before all others until it is empty, and the wheel stays at its first tick so long; no timer
//! is added to it, because at that tick `list_at` gives a lower level for every tick within it.

use std::task::Waker;

use tenter_core::prefetch::prefetch;

use super::arena::{Arena, Bundle, Timer};
use super::level::{LEVELS, LISTS, OVERFLOW, SLOTS, Tick};
use super::{NEVER, Nanos};

/// How many timers one [`Wheel::advance`] gives out. Each costs the poll of a task, and a worker that is busy looks at
/// its wheel every 61 polls: with not many more than that, others' tasks do not wait behind a burst of timers.
pub(crate) const MOST_FIRED: usize = 64;

/// How many timers one [`Wheel::advance`] moves to lower levels: some microseconds under the lock.
const MOST_MOVED: usize = 256;

/// What one [`Wheel::advance`] may still do.
#[derive(Debug)]
struct Share {
    fired: usize,
    moved: usize,
}

/// The share was used up before the work was done.
struct UsedUp;

impl Share {
    fn fire(&mut self) -> Result<(), UsedUp> {
        self.fired = self.fired.checked_sub(1).ok_or(UsedUp)?;
        Ok(())
    }

    fn shift(&mut self) -> Result<(), UsedUp> {
        self.moved = self.moved.checked_sub(1).ok_or(UsedUp)?;
        Ok(())
    }
}

/// The timers of one span of time; one list of the wheel, in two halves.
#[derive(Clone, Copy, Debug)]
struct Slot {
    lists: Bundle,
    /// The earliest deadline on the list. Too early after that timer was cancelled, until the list is emptied or
    /// passed; so cancelling stays O(1), and at worst one sleep ends for nothing.
    earliest: Nanos,
    /// The latest deadline that has been on the list since it was last empty.
    latest: Nanos,
}

impl Slot {
    const EMPTY: Self = Self { lists: Bundle::EMPTY, earliest: NEVER, latest: 0 };

    /// A timer that stays here has another deadline.
    #[inline]
    fn note_renewed(&mut self, index: u32, deadline: Nanos) {
        (self.earliest, self.latest) = if self.lists.is_only(index) {
            (deadline, deadline)
        } else {
            (self.earliest.min(deadline), self.latest.max(deadline))
        };
    }
}

#[derive(Debug)]
pub(crate) struct Wheel {
    arena: Arena,
    /// The time before which everything has fired (see [`now`](Self::now)), up to which it has when a call of
    /// [`advance`](Self::advance) has done all it could; a clock that goes back does not move it.
    now: Nanos,
    /// Which slots of a level have timers; the last one is the overflow's.
    occupied: [u64; LEVELS + 1],
    /// None before the first timer: they are 12 KiB.
    slots: Box<[Slot]>,
    /// The list that is partly spread over the levels below.
    spreading: Option<usize>,
}

impl Wheel {
    pub(crate) fn new() -> Self {
        Self { arena: Arena::new(), now: 0, occupied: [0; LEVELS + 1], slots: Box::default(), spreading: None }
    }

    /// How many timers there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.arena.len()
    }

    /// The time before which everything has fired, but for timers that were inserted past their deadlines.
    #[inline]
    pub(crate) fn now(&self) -> Nanos {
        self.now
    }

    /// Adds a timer; gives its index and generation. The next deadline is then the earlier one of this and what it was.
    #[inline]
    pub(crate) fn insert(&mut self, deadline: Nanos, waker: Waker) -> (u32, u32) {
        let (index, generation) = self.arena.insert(deadline, waker);
        self.link(index, deadline);
        (index, generation)
    }

    /// Gives a timer that has not fired another deadline, and a new name; `None` if there is no such timer or it is for
    /// another waker.
    #[inline]
    pub(crate) fn renew(&mut self, index: u32, generation: u32, deadline: Nanos, waker: &Waker) -> Option<(u32, u32)> {
        let timer = self.arena.find(index, generation)?;
        let list = usize::from(timer.list);
        if !timer.is_for(waker) {
            return None;
        }
        let generation = self.arena.renew(index, deadline);
        if list == self.list_for(deadline) {
            self.slots[list].note_renewed(index, deadline);
        } else {
            self.arena.unlink(&mut self.slots[list].lists, index);
            self.note_emptied(list);
            self.link(index, deadline);
        }
        Some((index, generation))
    }

    /// Ends a timer that has not fired.
    #[inline]
    pub(crate) fn remove(&mut self, index: u32, generation: u32) -> Option<Waker> {
        let list = usize::from(self.arena.find(index, generation)?.list);
        self.arena.unlink(&mut self.slots[list].lists, index);
        self.note_emptied(list);
        Some(self.arena.remove(index))
    }

    /// The waker of a timer that has not fired.
    pub(crate) fn waker_mut(&mut self, index: u32, generation: u32) -> Option<&mut Waker> {
        self.arena.find(index, generation)?;
        Some(self.arena.waker_mut(index))
    }

    /// The memory of a burst that has passed, for the caller to free without the lock.
    #[inline]
    pub(crate) fn surplus(&mut self) -> Option<Vec<Timer>> {
        self.arena.surplus()
    }

    /// The earliest deadline, [`NEVER`] if there is no timer.
    #[inline]
    pub(crate) fn next_deadline(&self) -> Nanos {
        let next = |list: Option<usize>| list.map_or(NEVER, |list| self.slots[list].earliest);
        next(self.first_occupied()).min(next(self.spreading))
    }

    /// A late one of the deadlines that are not after `bound`, if there is one: the latest but for what was cancelled and
    /// for the list that goes on past `bound`, of which it knows the earliest alone.
    pub(crate) fn late_deadline_by(&self, bound: Nanos) -> Option<Nanos> {
        let mut late = None;
        for (level, mut slots) in self.occupied.into_iter().enumerate() {
            while slots != 0 {
                let slot = self.slots[level * SLOTS + slots.trailing_zeros() as usize];
                if slot.earliest > bound {
                    return late;
                }
                late = late.max(Some(if slot.latest <= bound { slot.latest } else { slot.earliest }));
                slots &= slots - 1;
            }
        }
        late
    }

    /// Moves to time `now` and the wakers of timers that are due into `due`, in the order of their ticks, at most
    /// [`MOST_FIRED`] of them. While more of them are due, [`next_deadline`](Self::next_deadline) is not after `now`.
    pub(crate) fn advance(&mut self, now: Nanos, due: &mut Vec<Waker>) {
        let mut share = Share { fired: MOST_FIRED, moved: MOST_MOVED };
        // What was not done stays where it was, as if this had not been called yet.
        let _: Result<(), UsedUp> = self.advance_within(now.max(self.now), &mut share, due);
    }

    fn advance_within(&mut self, now: Nanos, share: &mut Share, due: &mut Vec<Waker>) -> Result<(), UsedUp> {
        let target = Tick::of(now);
        while let Some(list) = self.spreading.or_else(|| self.first_occupied()) {
            let start = self.start_of(list);
            if start > target {
                break;
            }
            // Its tick is the first one of the list, or of the present one for what was inserted past its deadline.
            self.now = self.now.max(start.time());
            if list == OVERFLOW {
                self.turn_over();
            } else if list >= SLOTS {
                self.spread(list, share)?;
            } else if start < target {
                self.expire(list, NEVER, share, due)?;
            } else {
                self.expire(list, now, share, due)?;
                break;
            }
        }
        self.now = now;
        Ok(())
    }

    /// Ends every timer, whatever its deadline. Time stays where it is: a wheel that had been told a late one would
    /// fire the timers that come after this early.
    pub(crate) fn expire_everything(&mut self, due: &mut Vec<Waker>) {
        while let Some(list) = self.spreading.or_else(|| self.first_occupied()) {
            let mut walk = self.slots[list].lists.walk();
            while let Some(index) = walk.next_in(&self.arena) {
                self.arena.unlink(&mut self.slots[list].lists, index);
                due.push(self.arena.remove(index));
            }
            self.note_emptied(list);
        }
    }

    fn start_of(&self, list: usize) -> Tick {
        if list == OVERFLOW {
            Tick::of(self.slots[OVERFLOW].earliest).start_of_turn()
        } else {
            Tick::start_of(list, Tick::of(self.now))
        }
    }

    /// The list that comes first, but for the one that is being spread.
    #[inline]
    fn first_occupied(&self) -> Option<usize> {
        let level = self.occupied.iter().position(|slots| *slots != 0)?;
        Some(level * SLOTS + self.occupied[level].trailing_zeros() as usize)
    }

    /// The list that a timer with this deadline belongs to now.
    #[inline]
    fn list_for(&self, deadline: Nanos) -> usize {
        let at = Tick::of(self.now);
        Tick::of(deadline).max(at).list_at(at)
    }

    #[inline]
    fn link(&mut self, index: u32, deadline: Nanos) {
        let list = self.list_for(deadline);
        if self.slots.is_empty() {
            self.make_slots();
        }
        let slot = &mut self.slots[list];
        slot.earliest = slot.earliest.min(deadline);
        slot.latest = slot.latest.max(deadline);
        self.arena.push_back(&mut slot.lists, list, index);
        self.occupied[list / SLOTS] |= 1 << (list % SLOTS);
    }

    #[cold]
    fn make_slots(&mut self) {
        self.slots = Box::new([Slot::EMPTY; LISTS]);
    }

    #[inline]
    fn note_emptied(&mut self, list: usize) {
        if !self.slots[list].lists.is_empty() {
            return;
        }
        (self.slots[list].earliest, self.slots[list].latest) = (NEVER, 0);
        self.occupied[list / SLOTS] &= !(1 << (list % SLOTS));
        if self.spreading == Some(list) {
            self.spreading = None;
        }
    }

    /// Spreads a list over the levels below, now that the wheel is at its first tick.
    fn spread(&mut self, list: usize, share: &mut Share) -> Result<(), UsedUp> {
        self.spreading = Some(list);
        let mut walk = self.slots[list].lists.walk();
        while let Some(index) = walk.next_in(&self.arena) {
            share.shift()?;
            self.arena.unlink(&mut self.slots[list].lists, index);
            self.link(index, self.arena.get(index).deadline);
        }
        self.note_emptied(list);
        Ok(())
    }

    /// Spreads the overflow at the beginning of a turn of the whole wheel, all at once: that is every 52 days. What belongs
    /// to still later turns comes back to it.
    fn turn_over(&mut self) {
        let mut walk = self.slots[OVERFLOW].lists.walk();
        self.slots[OVERFLOW] = Slot::EMPTY;
        self.note_emptied(OVERFLOW);
        while let Some(index) = walk.next_in(&self.arena) {
            self.link(index, self.arena.get(index).deadline);
        }
    }

    /// Expires what is due by `now` of a slot of the lowest level; later deadlines are there only if that is within
    /// its tick.
    fn expire(&mut self, list: usize, now: Nanos, share: &mut Share, due: &mut Vec<Waker>) -> Result<(), UsedUp> {
        let mut walk = self.slots[list].lists.walk();
        let mut earliest = NEVER;
        while let Some(index) = walk.next_in(&self.arena) {
            let deadline = self.arena.get(index).deadline;
            if deadline <= now {
                share.fire()?;
                self.arena.unlink(&mut self.slots[list].lists, index);
                let waker = self.arena.remove(index);
                // The task's header and what follows it; whoever wakes the task would wait for them.
                prefetch::<2>(waker.data().cast());
                due.push(waker);
            } else {
                earliest = earliest.min(deadline);
            }
        }
        self.slots[list].earliest = earliest;
        self.note_emptied(list);
        Ok(())
    }
}

#[cfg(all(test, not(tenter_loom)))]
mod tests;
