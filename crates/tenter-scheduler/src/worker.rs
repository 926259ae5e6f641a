//! The loop of whoever sits in a seat: find a task, poll it; with none to find, look at others'; then sleep.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;
use std::time::{Duration, Instant};

use fastrand::Rng;
use tenter_task::Runnable;

use crate::context::{Context, Role};
use crate::idle::Unparked;
use crate::scheduler::Core;
use crate::slot::{Seat, Slot};

/// Every so many tasks a thread looks at the injector and the driver first, so that a busy queue starves neither.
/// 61 as in Go and tokio: a prime, so that it does not beat with the program's own periods.
const MAINTENANCE: u32 = 61;

/// So many tasks in a row come from the LIFO slot before the ring has its turn: two tasks that keep waking each other
/// delay a third by this many polls.
const LIFO_STREAK: u32 = 8;

/// The most tasks taken from the injector at once.
const INJECT_BATCH: usize = 64;

/// How long a thief watches a LIFO slot before it takes what does not move, in spin-loop hints (about 1 µs).
const LIFO_PATIENCE: u32 = 64;

/// How long the watch sleeps while a worker is inside a poll. With an idle worker, what a long poll holds up is taken
/// over within two of these and the time that a thread needs to wake.
const WATCH_TICK: Duration = Duration::from_millis(1);

/// How long the watch sleeps when nobody is inside a poll, and how often, before it sleeps for good: one second, in
/// which the next poll starts without a wake.
const QUIET_TICK: Duration = Duration::from_millis(10);
const QUIET_TICKS: u32 = 100;

/// Aborts if a waker panics: the program can't go on, because nobody knows who else was to be woken.
struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        eprintln!("tenter: a waker panicked; aborting");
        std::process::abort();
    }
}

/// The occupant of a seat.
pub(crate) struct Worker<'a> {
    context: &'a Context,
    slot: &'static Slot,
    seat: &'static Seat,
    tick: u32,
    streak: u32,
    /// Whether the idle word counts this worker as searching.
    searching: bool,
    /// Whether nothing was polled since the last sleep.
    rested: bool,
    rng: Rng,
    wakers: Vec<Waker>,
    /// As the watch: how many polls each seat had made at the last tick.
    polls: Vec<u32>,
}

/// The life of a worker thread; it was counted as searching by whoever started it.
pub(crate) fn run(core: Arc<Core>, seat: usize, stop: impl FnOnce()) {
    let context = Context::new(core, seat, Role::Worker);
    let slot = context.slot();
    {
        let _entered = context.enter();
        let mut worker = Worker::new(&context, true);
        while !slot.is_closed() {
            match worker.find() {
                Some(runnable) => worker.poll(runnable),
                None => match worker.search() {
                    Some(runnable) => worker.poll(runnable),
                    None => worker.park(),
                },
            }
        }
        drop(worker);
        slot.wake_tasks();
        slot.drain();
        stop();
    }
    slot.seats[seat].leave();
    slot.started.fetch_sub(1, std::sync::atomic::Ordering::AcqRel);
    // A `block_on` that goes on in the closed runtime has left driving to the workers until now.
    slot.unpark(slot.root_seat());
}

impl Drop for Worker<'_> {
    /// Also after a nested `block_on`, whose future may be ready at the moment this worker is chosen to search: a
    /// count left behind would be relied upon for ever.
    fn drop(&mut self) {
        self.stop_searching();
    }
}

impl<'a> Worker<'a> {
    pub(crate) fn new(context: &'a Context, searching: bool) -> Self {
        let slot = context.slot();
        let seat = &slot.seats[context.seat];
        let rng = Rng::with_seed(context.seat as u64 + 1);
        Self {
            context,
            slot,
            seat,
            tick: 0,
            streak: 0,
            searching,
            rested: true,
            rng,
            wakers: Vec::new(),
            polls: Vec::new(),
        }
    }

    /// Whether what came from outside is this thread's to run: a worker's always, the `block_on` thread's only while
    /// there is no worker.
    fn takes_injected(&self) -> bool {
        self.context.role == Role::Worker || self.slot.started.load(Relaxed) == 0
    }

    /// Whether this thread may take the driver. The one in `block_on` may go off and never come back to it, so it
    /// leaves driving to the workers while there are any.
    fn may_drive(&self) -> bool {
        self.takes_injected()
    }

    /// After `block_on`'s thread drove: if a worker has started meanwhile, it may have gone to sleep elsewhere.
    fn pass_driving_on(&self) {
        if self.context.role == Role::Root && self.slot.workers() > 0 && self.slot.started.load(Relaxed) > 0 {
            self.slot.cover();
        }
    }

    /// The next task of its own queues, or of the injector.
    pub(crate) fn find(&mut self) -> Option<Runnable> {
        self.tick = self.tick.wrapping_add(1);
        if self.tick % MAINTENANCE == 0 {
            self.maintain();
            if self.takes_injected() {
                if let Ok(runnable) = self.slot.inject.pop() {
                    return Some(runnable);
                }
            }
        }
        self.own().or_else(|| if self.takes_injected() { self.injected() } else { None })
    }

    fn own(&mut self) -> Option<Runnable> {
        if self.streak < LIFO_STREAK {
            if let Some(runnable) = self.seat.lifo.take() {
                self.streak += 1;
                return Some(runnable);
            }
        }
        self.streak = 0;
        self.seat.ring.pop().or_else(|| self.seat.lifo.take())
    }

    /// A share of the injector: the first to run now, the rest into the ring.
    fn injected(&mut self) -> Option<Runnable> {
        let inject = &self.slot.inject;
        if inject.is_empty() {
            return None;
        }
        let share = (inject.len() / self.slot.seats.len() + 1).min(INJECT_BATCH);
        let first = inject.pop().ok()?;
        for _ in 1..share {
            let Ok(runnable) = inject.pop() else { break };
            // SAFETY: this thread sits in this seat, so it alone pushes.
            if let Err(runnable) = unsafe { self.seat.ring.push(runnable) } {
                self.slot.inject_quietly(runnable);
                break;
            }
        }
        Some(first)
    }

    /// Polls a task.
    pub(crate) fn poll(&mut self, runnable: Runnable) {
        self.stop_searching();
        if std::mem::take(&mut self.rested) && self.context.role == Role::Worker {
            self.slot.rouse_watch();
        }
        self.seat.polls.store(self.tick, Relaxed);
        let bomb = AbortOnUnwind;
        runnable.run();
        std::mem::forget(bomb);
    }

    fn stop_searching(&mut self) {
        if std::mem::take(&mut self.searching) && self.slot.idle.stop_search() {
            self.slot.notify();
        }
    }

    /// Takes what is ready in the driver without waiting, or at least what is due in this seat's wheel.
    fn maintain(&mut self) {
        let park = &self.context.core.park;
        if !park.is_needed() {
            return;
        }
        if !self.may_drive() || !park.drive(Some(Duration::ZERO), &mut || true, &mut self.wakers) {
            park.fire(self.context.seat, &mut self.wakers);
        }
        self.pass_driving_on();
        self.dispatch();
    }

    /// Wakes a batch; their tasks go to the ring, and one other worker is told if there is more than one.
    fn dispatch(&mut self) {
        if self.wakers.is_empty() {
            return;
        }
        let bomb = AbortOnUnwind;
        self.context.dispatching.set(true);
        for waker in self.wakers.drain(..) {
            waker.wake();
        }
        self.context.dispatching.set(false);
        std::mem::forget(bomb);
        let surplus = if self.context.role == Role::Root { 0 } else { 1 };
        if self.slot.workers() > 0 && self.seat.ring.len() > surplus {
            self.slot.notify();
        }
    }

    /// Looks for work at the other workers'.
    pub(crate) fn search(&mut self) -> Option<Runnable> {
        let started = self.slot.started.load(Relaxed);
        if !self.searching && !self.slot.idle.start_search(started) {
            return None;
        }
        self.searching = true;
        self.injected().or_else(|| self.steal()).or_else(|| self.steal_lifo())
    }

    fn steal(&mut self) -> Option<Runnable> {
        let seats = &self.slot.seats;
        let start = self.rng.usize(..seats.len());
        let victims = (0..seats.len()).map(|i| (start + i) % seats.len()).filter(|&i| i != self.context.seat);
        for victim in victims {
            // SAFETY: this thread sits in this seat, and its ring is empty: `find` has just failed.
            if let Some(runnable) = unsafe { seats[victim].ring.steal_into(&self.seat.ring) } {
                return Some(runnable);
            }
        }
        None
    }

    /// Takes a LIFO slot's task if its worker does not: it is in a long poll.
    fn steal_lifo(&self) -> Option<Runnable> {
        for (index, victim) in self.slot.seats.iter().enumerate() {
            if index == self.context.seat || victim.lifo.is_empty() {
                continue;
            }
            let polls = victim.polls.load(Relaxed);
            for _ in 0..LIFO_PATIENCE {
                std::hint::spin_loop();
            }
            if victim.polls.load(Relaxed) == polls {
                if let Some(runnable) = victim.lifo.take() {
                    return Some(runnable);
                }
            }
        }
        None
    }

    /// Sleeps: in the driver if nobody else does, else on its own; wakes for a token, an event or a timer.
    pub(crate) fn park(&mut self) {
        let me = self.context.seat;
        self.slot.idle.park(me, std::mem::take(&mut self.searching));
        if !self.slot.has_visible_work() && !self.slot.is_closed() {
            self.sleep();
        }
        self.searching = self.slot.idle.unpark(me) == Unparked::Chosen;
        self.rested = true;
        self.dispatch();
    }

    /// Waits for a token, or for events and timers, whose wakers it collects; as the watch also for trouble.
    fn sleep(&mut self) {
        let me = self.context.seat;
        let mut drive = self.may_drive();
        if self.context.role == Role::Root || self.slot.workers() < 2 {
            self.sleep_once(&mut drive, None);
            return;
        }
        let (mut quiet, mut undriven) = (0, 0);
        self.polls.clear();
        loop {
            self.slot.watch.take(me, drive && !self.context.core.park.is_driven());
            let pace = self.pace(&mut quiet);
            let woken = self.sleep_once(&mut drive, pace);
            if woken || pace.is_none() || self.sees_trouble(drive, &mut undriven) {
                break;
            }
        }
        self.slot.watch.leave(me);
    }

    /// How long the watch sleeps before it looks again; `None` for who is not the watch, or has nobody to look after.
    fn pace(&self, quiet: &mut u32) -> Option<Duration> {
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
        let (park, parker, me) = (&self.context.core.park, &self.seat.parker, self.context.seat);
        let mut began = false;
        let mut begin = || {
            began = parker.begin_drive();
            began
        };
        *drive = *drive && park.drive(tick, &mut begin, &mut self.wakers);
        if *drive {
            let token = !began || parker.end_drive();
            return token || !self.wakers.is_empty();
        }
        // From here on this thread keeps its wheel's time itself; the driver need not.
        park.set_self_timed(me, true);
        let tick = tick.map(|tick| Instant::now() + tick);
        let deadline = match (park.next_deadline(me), tick) {
            (Some(timer), Some(tick)) => Some(timer.min(tick)),
            (timer, tick) => timer.or(tick),
        };
        let token = parker.park(deadline);
        park.set_self_timed(me, false);
        park.fire(me, &mut self.wakers);
        token || !self.wakers.is_empty()
    }

    /// As the watch: whether there is something that the others do not get to. Timers that are overdue are taken in.
    fn sees_trouble(&mut self, drives: bool, undriven: &mut u32) -> bool {
        let (slot, park) = (self.slot, &self.context.core.park);
        let stuck = |seat: &Seat, before: Option<&u32>| {
            !seat.lifo.is_empty() && before.is_some_and(|before| *before == seat.polls.load(Relaxed))
        };
        let seats = || slot.seats.iter().enumerate();
        let lifo = seats().any(|(index, seat)| stuck(seat, self.polls.get(index)));
        self.polls.clear();
        self.polls.extend(slot.seats.iter().map(|seat| seat.polls.load(Relaxed)));
        // Between two of its own turns nobody drives, and that is no trouble.
        *undriven = if !drives && park.is_needed() && !park.is_driven() { *undriven + 1 } else { 0 };
        let now = Instant::now();
        for (wheel, _) in seats() {
            if park.next_deadline(wheel).is_some_and(|deadline| deadline + WATCH_TICK < now) {
                park.fire(wheel, &mut self.wakers);
            }
        }
        lifo || *undriven > 1 || !self.wakers.is_empty() || slot.is_closed() || slot.has_visible_work()
    }

    /// The sleep of the thread in `block_on`, outside the idle protocol: its future's waker gives the token.
    pub(crate) fn sleep_as_root(&mut self) {
        self.sleep();
        self.pass_driving_on();
        self.dispatch();
    }

    /// Leaves the seat's queues to the others; whoever leaves `block_on`'s seat tells them, too.
    pub(crate) fn hand_over(&mut self) {
        let queued = !self.seat.ring.is_empty() || !self.seat.lifo.is_empty();
        while let Some(runnable) = self.seat.ring.pop().or_else(|| self.seat.lifo.take()) {
            self.slot.inject_quietly(runnable);
        }
        if queued && self.context.role == Role::Worker {
            self.slot.notify();
        }
    }
}
