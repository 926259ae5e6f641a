//! How a thread in a seat waits: it spins, then sleeps in the driver or on its parker, and looks after the others meanwhile
//! if it is the watch.

use std::sync::atomic::{
    Ordering::{Relaxed, SeqCst},
    fence,
};
use std::time::{Duration, Instant};

use crate::context::Role;
use crate::idle::Unparked;
use crate::round::Found;
use crate::worker::{Worker, settle};

/// How long the watch sleeps while a thread is inside a poll. With an idle worker, what a long poll holds up is taken
/// over within two of these and the time that a thread needs to wake.
pub(crate) const WATCH_TICK: Duration = Duration::from_millis(1);

/// The longest tick of the watch, for who polls nearly nothing, and how long it goes on like that before it sleeps for good:
/// one second, in which the next poll starts without a wake.
const QUIET_TICK: Duration = Duration::from_millis(10);
const QUIET: Duration = Duration::from_secs(1);

/// Where polls are few, so many come in between two ticks: a tick costs about as much as a thread's wake for one poll.
const POLLS_PER_TICK: u32 = 4;

/// So long after the last poll it does not tick less often.
const LINGER: Duration = Duration::from_millis(5);

/// Between two looks of a spinning thread, in spin-loop hints: about a quarter of a microsecond.
pub(crate) const PAUSE: u32 = 8;

/// Spinning threads per workers of a runtime.
const SPINNERS: usize = 8;

impl Worker<'_> {
    /// Waits for work: spins, then sleeps. Or returns at once, if what was put off had to be done first: that may have made work.
    pub(crate) fn rest(&mut self) {
        if settle(&self.context.core) {
            return;
        }
        let start = Instant::now();
        // Who wakes for an event every few microseconds never sleeps for a tick, and looks after the others nevertheless.
        if self.round.is_due(start) && self.finds_trouble(start) {
            self.pace.begin(Some(Instant::now()));
            self.dispatch();
            return self.report_slow_polls();
        }
        let start = self.spin.learns().then_some(start);
        let alone = self.slot.idle.word().searching() <= self.slot.workers().div_ceil(SPINNERS);
        let slot = self.slot;
        let found = self.searching && alone && self.spin_until(|| slot.has_visible_work() || slot.is_closed());
        if !found && self.tell_park() {
            self.park();
            self.report_slow_polls();
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
            if self.tell_park() {
                self.slot.rooted.store(0, Relaxed);
                self.sleep();
                self.slot.rooted.store(1, Relaxed);
                self.context.roused.set(false);
            }
        }
        self.pass_driving_on();
        self.dispatch();
        // Behind that, for the hook may wait for what was found in the driver.
        self.tell_unpark();
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
        let mut calm = Calm::default();
        loop {
            let drives = drive && !self.context.core.park.is_driven();
            self.slot.watch.take(me, drives);
            let pace = self.watch_pace(&mut calm, drives);
            let woken = self.sleep_once(&mut drive, pace);
            if woken || pace.is_none() {
                break;
            }
            if self.round.is_recent(Instant::now()) {
                // It was an event that nobody waits for; within so short a time nobody has polled much.
                continue;
            }
            self.slot.load.sample(self.slot.idle.word().searching());
            match self.look_after_others(drive, true) {
                Found::Trouble => break,
                Found::Polls(count) => calm.saw(count),
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
    fn watch_pace(&self, calm: &mut Calm, drives: bool) -> Option<Duration> {
        let (slot, me) = (self.slot, self.context.seat);
        if !slot.watch.is_held_by(me) {
            return None;
        }
        if slot.active() > 0 {
            *calm = Calm::default();
            return Some(WATCH_TICK);
        }
        if calm.quiet < QUIET {
            return Some(calm.next(!drives && self.context.core.park.is_needed()));
        }
        if !slot.watch.announce_sleep(me) || slot.active() == 0 {
            return None;
        }
        slot.watch.resume(me);
        *calm = Calm::default();
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
}

/// How the watch ticks while nobody is inside a poll: another one is likely to begin soon after the last, and may be a long
/// one, so it counts with as many as there were.
#[derive(Debug)]
struct Calm {
    tick: Duration,
    /// How long nobody has polled.
    quiet: Duration,
}

impl Default for Calm {
    fn default() -> Self {
        Self { tick: WATCH_TICK, quiet: Duration::ZERO }
    }
}

impl Calm {
    /// The next tick. It may be a long one unless it `matters`: beside a watch that drives, nobody is parked who might begin to
    /// poll unseen, and where nothing is registered, a long poll holds up neither events nor timers.
    fn next(&mut self, matters: bool) -> Duration {
        if !matters {
            self.tick = QUIET_TICK;
        }
        self.quiet += self.tick;
        self.tick
    }

    /// So many tasks were polled in that tick.
    fn saw(&mut self, polls: u32) {
        if polls > 0 {
            self.quiet = Duration::ZERO;
            self.tick = (self.tick * 2).min(self.tick * POLLS_PER_TICK / polls);
        } else if self.quiet >= LINGER {
            self.tick *= 2;
        }
        self.tick = self.tick.clamp(WATCH_TICK, QUIET_TICK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watch_ticks_about_as_often_as_a_few_polls_come() {
        let mut calm = Calm::default();
        let ticks: Vec<_> = (0..10)
            .map(|_| {
                let tick = calm.next(true);
                calm.saw(0);
                tick.as_millis()
            })
            .collect();
        assert_eq!(ticks, [1, 1, 1, 1, 1, 2, 4, 8, 10, 10]);
        calm.next(true);
        calm.saw(10);
        assert_eq!((calm.tick, calm.quiet), (Duration::from_millis(4), Duration::ZERO));
        calm.saw(1);
        assert_eq!(calm.tick, Duration::from_millis(8));
        calm.saw(1000);
        assert_eq!(calm.tick, WATCH_TICK);
        assert_eq!(calm.next(false), QUIET_TICK);
    }
}
