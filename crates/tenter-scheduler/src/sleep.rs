//! How a thread in a seat waits: it spins, then sleeps in the driver or on its parker, and looks after the others meanwhile
//! if it is the watch.

use std::sync::atomic::{
    Ordering::{Relaxed, SeqCst},
    fence,
};
use std::time::{Duration, Instant};

use crate::context::Role;
use crate::idle::Unparked;
use crate::worker::{Worker, set, settle};

/// How long the watch sleeps while a thread is inside a poll. With an idle worker, what a long poll holds up is taken
/// over within two of these and the time that a thread needs to wake.
const WATCH_TICK: Duration = Duration::from_millis(1);

/// How long the watch sleeps when nobody is inside a poll, and how often, before it sleeps for good: one second, in
/// which the next poll starts without a wake.
const QUIET_TICK: Duration = Duration::from_millis(10);
const QUIET_TICKS: u32 = 100;

/// Who polls fewer tasks than this within a tick polls slowly (50 µs a poll and more): what it queued is for others, too.
const SLOW: u32 = 20;

/// So many tasks that wait at two ticks in a row are shared, however short their polls are: few tasks may be waiting for
/// each other, many are likely to have little to do with each other.
const CROWD: usize = 64;

/// A thread that polls no further task within this is taken to be in a long poll: five of the longest polls
/// that count as brisk.
const STILL: Duration = Duration::from_micros(30);

/// Between two looks of a spinning thread, in spin-loop hints: about a quarter of a microsecond.
const PAUSE: u32 = 8;

/// Spinning threads per workers of a runtime.
const SPINNERS: usize = 8;

impl Worker<'_> {
    /// Waits for work: spins, then sleeps. Or returns at once, if what was put off had to be done first: that may have made work.
    pub(crate) fn rest(&mut self) {
        if settle(&self.context.core) {
            return;
        }
        let start = self.spin.learns().then(Instant::now);
        let alone = self.slot.idle.word().searching() <= self.slot.workers().div_ceil(SPINNERS);
        let slot = self.slot;
        let found = self.searching && alone && self.spin_until(|| slot.has_visible_work() || slot.is_closed());
        if !found {
            self.park();
        }
        self.learn(start);
    }

    /// The wait of the thread in `block_on`, outside the idle protocol: its future's waker gives the token.
    pub(crate) fn rest_as_root(&mut self, due: impl Fn() -> bool) {
        if settle(&self.context.core) {
            return;
        }
        let start = self.spin.learns().then(Instant::now);
        if !self.spin_until(due) {
            // What its future has registered may be the first thing that needs a driver.
            self.pass_driving_on();
            self.slot.rooted.store(0, Relaxed);
            self.sleep();
            self.slot.rooted.store(1, Relaxed);
            self.context.roused.set(false);
        }
        self.pass_driving_on();
        self.dispatch();
        self.learn(start);
    }

    fn learn(&mut self, start: Option<Instant>) {
        let now = Instant::now();
        if let Some(start) = start {
            self.spin.waited(now.saturating_duration_since(start));
        }
        self.pace.begin(Some(now));
    }

    /// Looks around until `due`, an event, a timer, or until it is not worth it any more, which gives `false`.
    fn spin_until(&mut self, due: impl Fn() -> bool) -> bool {
        if self.slot.load.is_single() {
            return false;
        }
        let Some(budget) = self.spin.budget(self.slot.load.is_busy()) else { return false };
        let start = Instant::now();
        let mut last = start;
        loop {
            for _ in 0..PAUSE {
                std::hint::spin_loop();
            }
            if due() {
                return true;
            }
            if self.context.core.park.is_needed() {
                self.look_outside();
                if !self.wakers.is_empty() {
                    self.dispatch();
                    return true;
                }
            }
            let now = Instant::now();
            if self.spin.was_preempted(now - last) || now - start >= budget {
                return false;
            }
            last = now;
        }
    }

    /// Sleeps: in the driver if nobody else does, else on its own; wakes for a token, an event or a timer.
    fn park(&mut self) {
        let (me, slot) = (self.context.seat, self.slot);
        // Before the parking is announced: who pushes and still finds this thread brisk is seen by the look below.
        self.seat.settle();
        slot.idle.park(me, std::mem::take(&mut self.searching));
        self.dawdle();
        if !slot.has_visible_work() && !slot.is_closed() {
            self.sleep();
        }
        self.searching = slot.idle.unpark(me) == Unparked::Chosen;
        self.rested = true;
        self.dispatch();
    }

    /// Waits for a token, or for events and timers, whose wakers it collects; as the watch also for trouble.
    fn sleep(&mut self) {
        let me = self.context.seat;
        // Nobody else is told of what is there.
        debug_assert!(self.seat.is_empty(), "a thread sleeps on tasks of its own");
        let mut drive = self.may_drive() && self.is_driver_needed();
        if self.context.role == Role::Root {
            self.sleep_once(&mut drive, None);
            return;
        }
        let mut quiet = 0;
        let mut turns = self.slot.turns.load(Relaxed);
        self.note_seats();
        loop {
            self.slot.watch.take(me, drive && !self.context.core.park.is_driven());
            let pace = self.watch_pace(&mut quiet);
            let woken = self.sleep_once(&mut drive, pace);
            if woken || pace.is_none() || self.sees_trouble(drive, &mut turns) {
                break;
            }
        }
        self.slot.watch.leave(me);
    }

    /// Whether the driver is needed, as seen by a thread that will not look again before it is told.
    fn is_driver_needed(&self) -> bool {
        // Pairs with the fence of `Slot::cover`: who registers something elsewhere sees that this thread has left the driver
        // and (a worker) is parked, or this thread sees what was registered.
        fence(SeqCst);
        self.context.core.park.is_needed()
    }

    /// How long the watch sleeps before it looks again; `None` for who is not the watch, or has nobody to look after.
    fn watch_pace(&self, quiet: &mut u32) -> Option<Duration> {
        let (slot, me) = (self.slot, self.context.seat);
        if !slot.watch.is_held_by(me) {
            return None;
        }
        if slot.active() > 0 {
            *quiet = 0;
            return Some(WATCH_TICK);
        }
        *quiet += 1;
        if *quiet <= QUIET_TICKS {
            return Some(QUIET_TICK);
        }
        if !slot.watch.announce_sleep(me) || slot.active() == 0 {
            return None;
        }
        slot.watch.resume(me);
        *quiet = 0;
        Some(WATCH_TICK)
    }

    /// Sleeps once, for at most `tick`; `true` if something came: a token, an event, a timer.
    ///
    /// Who found the driver taken stays out of it (`drive`): its thread is away for moments only, and would find the
    /// roles changed when it comes back.
    fn sleep_once(&mut self, drive: &mut bool, tick: Option<Duration>) -> bool {
        let (parker, me) = (&self.seat.parker, self.context.seat);
        let mut began = false;
        let mut begin = || {
            began = parker.begin_drive();
            began
        };
        *drive = *drive && self.drive(tick, &mut begin);
        if *drive {
            let token = !began || parker.end_drive();
            return token || !self.wakers.is_empty();
        }
        let park = &self.context.core.park;
        // From here on this thread keeps its wheel's time itself; the driver need not.
        park.set_self_timed(me, true);
        let start = Instant::now();
        let tick = tick.map(|tick| start + tick);
        let timer = park.wake_time(me);
        let deadline = match (timer, tick) {
            (Some(timer), Some(tick)) => Some(timer.min(tick)),
            (timer, tick) => timer.or(tick),
        };
        let token = parker.park(deadline);
        park.set_self_timed(me, false);
        match timer.filter(|asked| !token && timer == deadline && *asked > start) {
            Some(asked) => park.fire_after_sleep(me, asked, &mut self.wakers),
            None => park.fire(me, &mut self.wakers),
        }
        token || !self.wakers.is_empty()
    }

    fn note_seats(&mut self) {
        self.seen.clear();
        self.seen.extend(self.slot.seats.iter().map(|seat| (seat.polls.load(Relaxed), seat.queued())));
    }

    /// As the watch: whether there is something that the others do not get to. Timers that are overdue are taken in.
    fn sees_trouble(&mut self, drives: bool, turns: &mut u32) -> bool {
        let (slot, park) = (self.slot, &self.context.core.park);
        slot.load.sample(slot.idle.word().searching());
        let (mut stuck, mut crowd, mut brisk) = (false, false, false);
        let spare = !slot.load.is_busy();
        let undriven = !drives && park.is_needed() && !park.is_driven();
        let still = (undriven || slot.seats.iter().any(|seat| !seat.is_empty())) && self.is_still();
        for (seat, (polls, waited)) in slot.seats.iter().zip(&self.seen) {
            let slow = still || seat.polls.load(Relaxed).wrapping_sub(*polls) < SLOW;
            let queued = seat.queued();
            let is_stuck = slow && (queued > 0 || !seat.lifo.is_empty());
            let is_crowd = spare && (queued >= CROWD && *waited >= CROWD || queued > 0 && seat.is_offered());
            if is_stuck || is_crowd {
                set(&seat.mood.offered, true);
            }
            stuck |= is_stuck;
            crowd |= is_crowd;
            brisk |= !slow && seat.mood.brisk.load(Relaxed);
        }
        // Whoever polls takes a turn now and then; if it does not, others' sources and timers wait for its poll's end.
        let before = std::mem::replace(turns, slot.turns.load(Relaxed));
        let undriven = undriven && !park.is_driven() && (still || before == *turns);
        let now = Instant::now();
        for wheel in 0..slot.seats.len() {
            if park.next_deadline(wheel).is_some_and(|deadline| deadline + WATCH_TICK < now) {
                park.fire(wheel, &mut self.wakers);
            }
        }
        self.note_seats();
        let injected = !slot.inject.is_empty() && !brisk;
        stuck || crowd || injected || undriven || !self.wakers.is_empty() || slot.is_closed()
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
