//! Chaos: what a scheduler is free to do, done at random, to find programs and protocols that count on what nobody
//! promised.
//!
//! With a seed ([`Config::chaos`](crate::Config)) a thread in a seat
//! - puts a task that it found at the end of its ring or into the injector, where another thread may take it, and polls
//!   a different one;
//! - wakes a task once more after its poll, and `block_on`'s future before it is due;
//! - gives tokens to threads that nobody needs, and ends the driver's wait;
//! - begins a poll with less than the whole budget of operations;
//! - looks at the clock and the driver early, and dawdles between announcing a sleep and sleeping;
//!
//! and a pusher wakes any parked worker, not the first. All of it may happen without a seed, too, but rarely. Without
//! one it costs a test of a word in the worker for each task, and of one in the slot for each wake of a thread.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Relaxed, Release},
};
use std::task::{Context as TaskContext, Poll, Waker};
use std::thread;

use fastrand::Rng;
use tenter_core::coop;
use tenter_task::Runnable;

use crate::slot::Slot;
use crate::worker::Worker;

/// One in so many tasks that were found is put off.
const PUT_OFF: u32 = 8;

/// One in so many polls is followed by a needless wake of the task; that one's poll is a poll, too.
const AGAIN: u32 = 16;

/// One in so many polls begins with a part of the budget.
const POOR: u32 = 8;

/// One in so many looks for a task begins with each of the other things. Few enough that a thread that wakes for nothing
/// wakes less than one other for nothing, so that an idle runtime comes to rest.
const STIR: u32 = 32;

/// One in so many sleeps begins late.
const DAWDLE: u32 = 4;

/// Added to a slot's word with each number drawn: even, so that an odd word never becomes zero. (The golden ratio's
/// fraction: successive words are far apart.)
const STEP: u64 = 0x9e37_79b9_7f4a_7c14;

/// A slot's source of seeds and of choices for threads without a seat.
#[derive(Debug)]
pub(crate) struct Seeds {
    /// 0: no chaos. Else odd; set when a runtime moves into the slot, stepped by whoever draws.
    word: AtomicU64,
}

impl Seeds {
    pub(crate) const fn new() -> Self {
        Self { word: AtomicU64::new(0) }
    }

    /// Begins anew, with a seed or without chaos.
    pub(crate) fn set(&self, seed: Option<u64>) {
        self.word.store(seed.map_or(0, |seed| mix(seed) | 1), Release);
    }

    /// A random number; `None` without chaos.
    #[inline]
    pub(crate) fn draw(&self) -> Option<u64> {
        if self.word.load(Relaxed) == 0 { None } else { Some(self.next()) }
    }

    #[cold]
    fn next(&self) -> u64 {
        mix(self.word.fetch_add(STEP, Relaxed))
    }
}

/// Spreads every bit over all (splitmix64's finalizer).
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// What the occupant of a seat has for it.
#[derive(Debug)]
pub(crate) struct Chaos {
    rng: Rng,
    /// So many tasks are polled before one is put off again: as many as waited when the last one was, so that each comes
    /// to its turn.
    calm: usize,
}

impl Chaos {
    /// For a seat's next occupant; `None` without chaos.
    pub(crate) fn new(slot: &Slot, seat: usize) -> Option<Box<Self>> {
        let drawn = slot.seeds.draw()?;
        Some(Box::new(Self { rng: Rng::with_seed(drawn ^ mix(seat as u64)), calm: 0 }))
    }

    fn one_in(&mut self, many: u32) -> bool {
        self.rng.u32(..many) == 0
    }

    /// Where a thief begins.
    pub(crate) fn seed(&mut self) -> u64 {
        self.rng.u64(..)
    }
}

impl Worker<'_> {
    /// Before a task that was found is polled: perhaps another one instead, and something on the way.
    #[cold]
    pub(crate) fn unsettle(&mut self, found: Option<Runnable>) -> Option<Runnable> {
        self.stir();
        // It may have taken events in: a thread must not sleep on what is in its own queues.
        let runnable = found.or_else(|| self.find_next())?;
        let waiting = self.seat.queued() + self.slot.inject.len();
        let Some(chaos) = &mut self.chaos else { return Some(runnable) };
        if chaos.calm > 0 {
            chaos.calm -= 1;
            return Some(runnable);
        }
        if !chaos.one_in(PUT_OFF) {
            return Some(runnable);
        }
        chaos.calm = waiting + 1;
        if chaos.rng.bool() {
            self.enqueue(runnable);
        } else {
            self.slot.inject(runnable);
        }
        self.find_next()
    }

    /// Wakes what does not need it, looks where it is not time to.
    fn stir(&mut self) {
        let (slot, seats) = (self.slot, self.slot.seats.len());
        let Some(chaos) = &mut self.chaos else { return };
        let (wakes, ends_wait) = (chaos.one_in(STIR), chaos.one_in(STIR));
        let (looks, maintains) = (chaos.one_in(STIR), chaos.one_in(STIR));
        let seat = chaos.rng.usize(..seats);
        if wakes {
            slot.unpark(seat);
        }
        if ends_wait {
            self.context.core.park.wake();
        }
        if looks {
            self.look();
        }
        if maintains {
            self.maintain();
        }
    }

    /// Before a task is polled: perhaps spends some of its budget, but never all. Gives a waker if the task is to be woken once
    /// more after the poll.
    #[cold]
    pub(crate) fn startle(&mut self, runnable: &Runnable) -> Option<Waker> {
        let chaos = self.chaos.as_mut()?;
        if chaos.one_in(POOR) {
            let mut cx = TaskContext::from_waker(Waker::noop());
            for _ in 0..chaos.rng.u8(..coop::BUDGET) {
                if let Poll::Ready(unit) = coop::poll_proceed(&mut cx) {
                    unit.made_progress();
                }
            }
        }
        chaos.one_in(AGAIN).then(|| runnable.waker())
    }

    /// Whether `block_on`'s future is to be polled although nobody woke it.
    pub(crate) fn startles_root(&mut self) -> bool {
        self.chaos.as_mut().is_some_and(|chaos| chaos.one_in(AGAIN))
    }

    /// Between the announcement of a sleep and the last look around: gives the others time to get it wrong.
    pub(crate) fn dawdle(&mut self) {
        if self.chaos.as_mut().is_some_and(|chaos| chaos.one_in(DAWDLE)) {
            thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_its_numbers_and_none_gives_none() {
        let seeds = Seeds::new();
        assert_eq!(seeds.draw(), None);
        let mut drawn = Vec::new();
        for seed in [0, 1, 0] {
            seeds.set(Some(seed));
            drawn.push([seeds.draw().unwrap(), seeds.draw().unwrap()]);
        }
        assert_eq!(drawn[0], drawn[2]);
        assert_ne!(drawn[0], drawn[1]);
        assert_ne!(drawn[0][0], drawn[0][1]);
        seeds.set(None);
        assert_eq!(seeds.draw(), None);
    }
}
