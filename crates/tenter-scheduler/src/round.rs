//! How a worker looks after the others: whether someone is in a long poll, and what waits for its end.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::sleep::{PAUSE, WATCH_TICK};
use crate::slot::Slot;
use crate::worker::{Worker, set};

/// Who polls fewer tasks than this within a tick polls slowly (50 µs a poll and more): what it queued is for others, too.
const SLOW: u32 = 20;

/// So many tasks that wait at two ticks in a row are shared, however short their polls are: few tasks may be waiting for
/// each other, many are likely to have little to do with each other.
const CROWD: usize = 64;

/// A thread that polls no further task within this is taken to be in a long poll: five of the longest polls
/// that count as brisk.
const STILL: Duration = Duration::from_micros(30);

/// What a worker finds that looks after the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Something that they do not get to.
    Trouble,
    /// None; so many tasks were polled since the last time.
    Polls(u32),
}

/// What a worker saw when it last looked after the others.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// `None`: it has not yet, and may never have to.
    at: Option<Instant>,
    /// How many polls each seat had made, and how many tasks waited there.
    seats: Vec<(u32, usize)>,
    turns: u32,
}

impl Round {
    /// Whether that is so long ago that what has not moved since does not move.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.at.is_none_or(|at| now.saturating_duration_since(at) >= WATCH_TICK)
    }

    /// Whether it is much less than a tick ago. A tick itself may end a little early, and is none of those.
    pub(crate) fn is_recent(&self, now: Instant) -> bool {
        self.at.is_some_and(|at| now.saturating_duration_since(at) < WATCH_TICK / 2)
    }

    fn note(&mut self, slot: &Slot, now: Instant) {
        self.at = Some(now);
        self.seats.clear();
        self.seats.extend(slot.seats.iter().map(|seat| (seat.polls.load(Relaxed), seat.queued())));
        self.turns = slot.turns.load(Relaxed);
    }
}

impl Worker<'_> {
    /// Before a rest: whether someone else is awake, and does not get on.
    pub(crate) fn finds_trouble(&mut self, now: Instant) -> bool {
        if self.slot.active() > 1 && self.round.at.is_some() {
            return self.look_after_others(true, false) == Found::Trouble;
        }
        self.round.note(self.slot, now);
        false
    }

    /// Looks whether there is something that the others do not get to, and offers it. Timers that are overdue are taken in.
    /// `drives`: this thread waits in the driver, or will if nobody else does; `helps`: it shares a crowd.
    pub(crate) fn look_after_others(&mut self, drives: bool, helps: bool) -> Found {
        let (slot, park) = (self.slot, &self.context.core.park);
        let (mut stuck, mut crowd, mut brisk, mut polled) = (false, false, false, 0_u32);
        let spare = helps && !slot.load.is_busy();
        let undriven = !drives && park.is_needed() && !park.is_driven();
        let still = (undriven || slot.seats.iter().any(|seat| !seat.is_empty())) && self.is_still();
        for (seat, (before, waited)) in slot.seats.iter().zip(&self.round.seats) {
            let polls = seat.polls.load(Relaxed).wrapping_sub(*before);
            let slow = still || polls < SLOW;
            let queued = seat.queued();
            let is_stuck = slow && (queued > 0 || !seat.lifo.is_empty());
            let is_crowd = spare && (queued >= CROWD && *waited >= CROWD || queued > 0 && seat.is_offered());
            if is_stuck || is_crowd {
                set(&seat.mood.offered, true);
            }
            stuck |= is_stuck;
            crowd |= is_crowd;
            polled = polled.saturating_add(polls);
            brisk |= !slow && seat.mood.brisk.load(Relaxed);
        }
        // Whoever polls takes a turn now and then; if it does not, others' sources and timers wait for its poll's end.
        let unattended = still || self.round.turns == slot.turns.load(Relaxed);
        let undriven = undriven && !park.is_driven() && unattended;
        let now = Instant::now();
        for wheel in 0..slot.seats.len() {
            if park.next_deadline(wheel).is_some_and(|deadline| deadline + WATCH_TICK < now) {
                park.fire(wheel, &mut self.wakers);
            }
        }
        self.round.note(slot, now);
        let slow_polls = self.finds_slow_polls();
        let injected = !slot.inject.is_empty() && !brisk;
        if stuck || crowd || injected || undriven || slow_polls || !self.wakers.is_empty() || slot.is_closed() {
            Found::Trouble
        } else {
            Found::Polls(polled)
        }
    }

    /// Whether nobody polls a next task or takes a turn of the driver for a moment. Ends at once where polls are short.
    fn is_still(&self) -> bool {
        let slot = self.slot;
        let moves =
            || slot.seats.iter().fold(slot.turns.load(Relaxed), |sum, seat| sum.wrapping_add(seat.polls.load(Relaxed)));
        let (start, before) = (Instant::now(), moves());
        loop {
            for _ in 0..PAUSE {
                std::hint::spin_loop();
            }
            if moves() != before || self.context.core.park.is_driven() {
                return false;
            }
            if start.elapsed() >= STILL {
                return true;
            }
        }
    }
}
