//! The loop of whoever sits in a seat: find a task, poll it; with none to find, look at others'; then sleep.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Relaxed, SeqCst},
    fence,
};
use std::task::Waker;
use std::time::{Duration, Instant};

use fastrand::Rng;
use tenter_core::coop;
use tenter_task::Runnable;

use crate::chaos::Chaos;
use crate::context::{Context, Role};
use crate::debug::Report;
use crate::pace::Pace;
use crate::round::Round;
use crate::scheduler::Core;
use crate::seat::{RING, Seat};
use crate::slot::Slot;
use crate::spin::Spin;

/// Every so many tasks a thread looks at the injector and the driver first, so that a busy queue starves neither.
/// 61 as in Go and tokio: a prime, so that it does not beat with the program's own periods.
const MAINTENANCE: u32 = 61;

/// So many tasks in a row come from the LIFO slot before the ring has its turn: two tasks that keep waking each other
/// delay a third by this many polls.
const LIFO_STREAK: u32 = 8;

/// So often the LIFO slot's turn may be the same task's. Then that goes behind the ring, and when its turn comes it finds all
/// that those who woke it have done meanwhile.
const LIFO_FAVOURS: u32 = 16;

/// A worker beside turns of the driver that take so long is not brisk: what is pushed to the injector meanwhile waits for the
/// turn's end.
const SLOW_TURN: Duration = Duration::from_micros(50);

/// The most tasks taken from the injector at once.
const INJECT_BATCH: usize = 64;

/// Polling what is taken from the injector at once shall take no longer, in nanoseconds.
const INJECT_SPAN: u32 = 20_000;

/// How long a thief watches a LIFO slot before it takes what does not move, in spin-loop hints (about 1 µs).
const LIFO_PATIENCE: u32 = 64;

/// Polls shorter than this, in nanoseconds, make a worker brisk.
const BRISK: u32 = 5_000;

/// Aborts if a waker panics: the program can't go on, because nobody knows who else was to be woken.
struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        eprintln!("tenter: a waker panicked; aborting");
        std::process::abort();
    }
}

/// [`Park::settle`](crate::Park::settle), of a thread that is not in a poll.
pub(crate) fn settle(core: &Core) -> bool {
    let bomb = AbortOnUnwind;
    let settled = core.park.settle();
    std::mem::forget(bomb);
    settled
}

/// The occupant of a seat.
pub(crate) struct Worker<'a> {
    pub(crate) context: &'a Context,
    pub(crate) slot: &'static Slot,
    pub(crate) seat: &'static Seat,
    tick: u32,
    /// Polls since the last look at the driver, and how many there may be.
    undriven: u32,
    drive_every: u32,
    streak: u32,
    /// The address of what was taken from the LIFO slot last, and how often in succession.
    favourite: usize,
    favours: u32,
    /// How long the driver's last turn beside tasks took.
    turn: Duration,
    /// Whether the idle word counts this worker as searching.
    pub(crate) searching: bool,
    /// Whether nothing was polled since the last sleep.
    pub(crate) rested: bool,
    /// Whether the hook for a thread that is about to sleep was called, and the one for its going on was not.
    pub(crate) is_told: bool,
    rng: Rng,
    pub(crate) wakers: Vec<Waker>,
    pub(crate) pace: Pace,
    pub(crate) spin: Spin,
    pub(crate) round: Round,
    pub(crate) chaos: Option<Box<Chaos>>,
    /// Whether there is chaos, or debug mode.
    is_special: bool,
    /// Slow polls that are to be reported.
    pub(crate) slow: Vec<Report>,
}

/// The life of a worker thread; it was counted as searching by whoever started it.
pub(crate) fn run(core: Arc<Core>, seat: usize, stop: impl FnOnce()) {
    let context = Context::new(core, seat, Role::Worker);
    let slot = context.slot();
    {
        let _entered = context.enter();
        let mut worker = Worker::new(&context, true);
        slot.join_crew();
        while !slot.is_closed() {
            match worker.find() {
                Some(runnable) => worker.poll(runnable),
                None => match worker.search() {
                    Some(runnable) => worker.poll(runnable),
                    None => worker.rest(),
                },
            }
        }
        drop(worker);
        slot.wake_tasks();
        slot.leave_crew();
        slot.drain();
        settle(&context.core);
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
        self.tell_unpark();
        for (habit, nanos) in self.seat.habits.iter().zip([self.pace.mean(), self.spin.nanos()]) {
            habit.store(nanos, Relaxed);
        }
    }
}

impl<'a> Worker<'a> {
    pub(crate) fn new(context: &'a Context, searching: bool) -> Self {
        let slot = context.slot();
        let seat = &slot.seats[context.seat];
        let mut chaos = Chaos::new(slot, context.seat);
        let rng = Rng::with_seed(chaos.as_mut().map_or(context.seat as u64 + 1, |chaos| chaos.seed()));
        let mean = seat.habits[0].load(Relaxed);
        context.mean.set(mean);
        Self {
            context,
            slot,
            seat,
            tick: 0,
            undriven: 0,
            drive_every: MAINTENANCE,
            streak: 0,
            favourite: 0,
            favours: 0,
            turn: Duration::ZERO,
            searching,
            rested: true,
            is_told: false,
            rng,
            wakers: Vec::new(),
            pace: Pace::new(mean),
            spin: Spin::new(context.core.config.latency, seat.habits[1].load(Relaxed)),
            round: Round::default(),
            is_special: chaos.is_some() || context.core.observer.is_some(),
            chaos,
            slow: Vec::new(),
        }
    }

    /// Whether what came from outside is this thread's to run: a worker's always, the `block_on` thread's only while
    /// there is no worker.
    fn takes_injected(&self) -> bool {
        self.context.role == Role::Worker || self.slot.started.load(Relaxed) == 0
    }

    /// Whether this thread may take the driver. The one in `block_on` may go off and never come back to it, so it
    /// leaves driving to the workers while there are any.
    pub(crate) fn may_drive(&self) -> bool {
        self.takes_injected()
    }

    /// After `block_on`'s thread drove: if a worker has started meanwhile, it may have gone to sleep elsewhere.
    pub(crate) fn pass_driving_on(&self) {
        if self.context.role == Role::Root && self.slot.workers() > 0 {
            // A worker that is not seen here to have started sees what this thread has registered, before it sleeps.
            fence(SeqCst);
            if self.slot.started.load(Relaxed) > 0 {
                self.slot.cover();
            }
        }
    }

    /// The next task of its own queues, or of the injector.
    pub(crate) fn find(&mut self) -> Option<Runnable> {
        let found = self.find_next();
        if self.chaos.is_some() { self.unsettle(found) } else { found }
    }

    #[inline]
    pub(crate) fn find_next(&mut self) -> Option<Runnable> {
        self.tick = self.tick.wrapping_add(1);
        self.undriven += 1;
        if self.undriven >= self.drive_every {
            self.maintain();
        }
        if self.tick % MAINTENANCE == 0 && self.takes_injected() {
            if let Some(runnable) = self.slot.inject.try_pop() {
                return Some(runnable);
            }
        }
        self.own().or_else(|| if self.takes_injected() { self.injected() } else { None })
    }

    fn own(&mut self) -> Option<Runnable> {
        if self.streak < LIFO_STREAK {
            if let Some(runnable) = self.latest() {
                self.streak += 1;
                return Some(runnable);
            }
        }
        self.streak = 0;
        self.seat.ring.pop().or_else(|| self.refill()).or_else(|| self.seat.lifo.take())
    }

    /// What is in the LIFO slot, unless that is the same task again and again, and others wait.
    fn latest(&mut self) -> Option<Runnable> {
        let (address, runnable) = self.seat.lifo.take_with_address()?;
        if address != self.favourite {
            (self.favourite, self.favours) = (address, 0);
        }
        if self.favours < LIFO_FAVOURS || self.seat.queued() == 0 {
            self.favours = self.favours.saturating_add(1);
            return Some(runnable);
        }
        self.favours = 0;
        // SAFETY: this thread sits in this seat. Nobody is told, as of what is in the slot.
        unsafe { self.seat.push(runnable) };
        None
    }

    /// From behind the ring, which is empty: the first to run now, the rest into the ring.
    fn refill(&self) -> Option<Runnable> {
        let spilled = self.seat.spill.take(RING / 2, |runnable| self.enqueue(runnable));
        // SAFETY: this thread sits in this seat, and its ring is empty.
        spilled.or_else(|| unsafe { self.seat.last.steal_into(&self.seat.ring) })
    }

    /// To the ring; there is room, or nearly always.
    pub(crate) fn enqueue(&self, runnable: Runnable) {
        // SAFETY: this thread sits in this seat, so it alone pushes.
        if let Err(runnable) = unsafe { self.seat.ring.push(runnable) } {
            self.slot.inject_quietly(runnable);
        }
    }

    /// A share of the injector: the first to run now, the rest into the ring.
    fn injected(&mut self) -> Option<Runnable> {
        let inject = &self.slot.inject;
        if inject.is_empty() {
            return None;
        }
        // No more than it gets to soon: nobody else is told of what is in the ring.
        let soon = (INJECT_SPAN / self.pace.mean().max(1)).max(1) as usize;
        let share = (inject.len() / self.slot.seats.len() + 1).min(INJECT_BATCH).min(soon);
        // Nobody else fills the ring, so that nothing goes back into the injector in the midst of this.
        inject.take(share.min(RING - self.seat.ring.len()), |runnable| self.enqueue(runnable))
    }

    /// Polls a task.
    pub(crate) fn poll(&mut self, runnable: Runnable) {
        self.stop_searching();
        if std::mem::take(&mut self.rested) {
            self.go_on();
        }
        self.seat.polls.store(self.tick, Relaxed);
        coop::begin();
        let bomb = AbortOnUnwind;
        if self.is_special {
            self.run_specially(runnable);
        } else {
            runnable.run();
        }
        std::mem::forget(bomb);
        coop::end();
        if self.pace.count() {
            self.look();
        }
    }

    /// Before the first poll after a rest.
    fn go_on(&mut self) {
        if self.context.role == Role::Worker && self.slot.workers() > 1 {
            self.slot.rouse_watch();
        }
        self.tell_unpark();
    }

    /// Looks at the clock, and decides whether what is queued is worth another thread.
    pub(crate) fn look(&mut self) {
        self.pace.look(Instant::now(), self.slot.load.is_busy());
        self.context.mean.set(self.pace.mean());
        if self.slot.workers() == 0 {
            return;
        }
        if self.context.role == Role::Worker {
            set(&self.seat.mood.brisk, self.pace.mean() < BRISK && self.turn < SLOW_TURN);
        }
        let injected = if self.takes_injected() { self.slot.inject.len() } else { 0 };
        self.context.offer(injected);
    }

    pub(crate) fn stop_searching(&mut self) {
        if std::mem::take(&mut self.searching) && self.slot.idle.stop_search() && self.slot.has_visible_work() {
            self.slot.notify();
        }
    }

    /// Takes what is ready in the driver without waiting, every so often.
    pub(crate) fn maintain(&mut self) {
        self.drive_every = self.pace.polls_until_turn();
        self.undriven = 0;
        if self.context.core.park.is_needed() {
            let start = Instant::now();
            self.look_outside();
            self.pass_driving_on();
            self.dispatch();
            self.turn = start.elapsed();
            self.pace.skip(self.turn);
        }
    }

    /// Collects what is ready in the driver without waiting, or at least what is due in this seat's wheel.
    pub(crate) fn look_outside(&mut self) {
        if !self.may_drive() || !self.drive(Some(Duration::ZERO), &mut || true) {
            self.context.core.park.fire(self.context.seat, &mut self.wakers);
        }
    }

    /// [`Park::drive`](crate::Park::drive), with its turns counted for the watch.
    pub(crate) fn drive(&mut self, timeout: Option<Duration>, enter: &mut dyn FnMut() -> bool) -> bool {
        self.undriven = 0;
        let room = self.pace.room(self.seat.ring.len(), self.slot.load.is_busy());
        let drove = self.context.core.park.drive(room, timeout, enter, &mut self.wakers);
        if drove {
            // A turn that is lost to another thread's store does not matter: that one is a turn, too.
            self.slot.turns.store(self.slot.turns.load(Relaxed).wrapping_add(1), Relaxed);
        }
        drove
    }

    /// Wakes a batch; their tasks go to the ring, and one other worker is told if that is worth it.
    pub(crate) fn dispatch(&mut self) {
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
        self.context.announce();
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
        for victim in victims.filter(|&i| seats[i].is_offered()) {
            let stolen = self.steal_from(&seats[victim]);
            if stolen.is_some() {
                return stolen;
            }
        }
        None
    }

    fn steal_from(&self, victim: &Seat) -> Option<Runnable> {
        // SAFETY: this thread sits in its seat, and its ring is empty: `find` has just failed.
        let stolen = unsafe { victim.ring.steal_into(&self.seat.ring) };
        // Half of what is behind the ring, too: a victim that has so much keeps its ring full.
        let behind = &victim.spill;
        let mut more = VecDeque::new();
        if let Some(first) = behind.take(behind.len().div_ceil(2), |runnable| more.push_back(runnable)) {
            more.push_front(first);
        }
        let stolen = stolen.or_else(|| more.pop_front());
        if !more.is_empty() {
            self.seat.spill.extend(|queue| queue.append(&mut more));
        }
        // SAFETY: as above.
        stolen.or_else(|| unsafe { victim.last.steal_into(&self.seat.ring) })
    }

    /// Takes a LIFO slot's task if its worker does not: it is in a long poll.
    fn steal_lifo(&self) -> Option<Runnable> {
        for (index, victim) in self.slot.seats.iter().enumerate() {
            if index == self.context.seat || !victim.is_offered() || victim.lifo.is_empty() {
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

    /// Leaves the seat's queues to the others; whoever leaves `block_on`'s seat tells them, too.
    pub(crate) fn hand_over(&mut self) {
        self.seat.settle();
        let queued = !self.seat.is_empty();
        while let Some(runnable) = self.seat.take_any() {
            self.slot.inject_quietly(runnable);
        }
        if queued && self.context.role == Role::Worker {
            self.slot.notify();
        }
    }
}

/// Writes only what changes: others read it.
#[inline]
pub(crate) fn set(flag: &AtomicBool, to: bool) {
    if flag.load(Relaxed) != to {
        flag.store(to, Relaxed);
    }
}

#[cfg(all(test, not(any(tenter_loom, miri))))]
mod tests;
