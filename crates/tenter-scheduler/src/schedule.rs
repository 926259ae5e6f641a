//! Where a woken or new task goes.

use std::time::{Duration, Instant};

use async_task::ScheduleInfo;
use tenter_task::Runnable;

use crate::context::{self, Context, Role};
use crate::debug;
use crate::slot::{self, Slot};
use crate::worker::set;

/// What queues up is worth another thread when polling it takes so many nanoseconds: about what it costs to wake one,
/// caller and latency together.
const WORTH: u64 = 50_000;

/// The same while another thread is at work already.
const WORTH_BESIDE: u64 = 200_000;

/// The same while all processors are taken: another thread only takes its share of time from someone, and who shares a
/// processor is interrupted for a time slice now and then, together with the tasks that it holds. A slice is about 3 ms.
const WORTH_BUSY: u64 = 4_000_000;

/// Between two looks of a thread whether there is a processor for another one, which cost some 5 µs each. The watch looks too,
/// but a runtime whose workers are all awake, or woken for work again and again, has none that ticks.
const SAMPLED: Duration = Duration::from_millis(4);

/// What another thread adds to the price of a poll that it takes over, in nanoseconds: a few cache lines that both touch,
/// at 90 ns each. Polls as short as this are not worth another thread at all, however many wait.
const MOVING: u32 = 300;

/// The schedule function of every runtime task: an item, so that it has no size.
pub(crate) fn schedule(runnable: Runnable, info: ScheduleInfo) {
    // Read before the push: afterwards the task may be gone.
    let meta = *runnable.metadata();
    if meta.is_recorded() {
        debug::wakes(meta);
    }
    let slot = slot::at(meta.slot());
    context::with_seat_of(slot, |seat| match seat {
        Some(context) if info.woken_while_running || context.dispatching.get() => context.push_back(runnable),
        Some(context) => context.push_next(runnable),
        None => slot.inject(runnable),
    });
}

/// Queues a new task, spawned by the thread in `seat`.
pub(crate) fn spawned(slot: &'static Slot, seat: Option<&Context>, runnable: Runnable) {
    match seat {
        Some(context) => context.push_next(runnable),
        None => slot.inject(runnable),
    }
}

impl Context {
    /// To the end of the ring: a task that yielded, or one of a batch that is announced as a whole.
    fn push_back(&self, runnable: Runnable) {
        self.push_ring(runnable);
        if !self.dispatching.get() {
            self.rouse();
        }
    }

    /// To the LIFO slot; what it displaces waits in the ring.
    ///
    /// Nobody is told: this thread takes it next, or has found out by then whether it is worth another one's wake. If it
    /// does not come to it, the watch sees that.
    fn push_next(&self, runnable: Runnable) {
        let slot = self.slot();
        if self.role == Role::Root || slot.workers() == 0 {
            self.push_ring(runnable);
            return self.rouse();
        }
        // SAFETY: the context is that of the thread in this seat, so no other thread puts.
        if let Some(displaced) = unsafe { slot.seats[self.seat].lifo.put(runnable) } {
            self.push_ring(displaced);
        }
    }

    fn push_ring(&self, runnable: Runnable) {
        let slot = self.slot();
        if self.role == Role::Root && !self.core.config.block_on_runs_tasks && slot.workers() > 0 {
            return slot.inject(runnable);
        }
        let seat = &slot.seats[self.seat];
        // SAFETY: the context is that of the thread in this seat.
        if unsafe { seat.push(runnable) } && slot.workers() > 0 {
            // While a ring overflows it is judged again and again whether another thread is worth its wake.
            self.offer(0);
        }
    }

    /// The thread in `block_on` may go off to do anything after a push: it makes sure that the watch is awake.
    fn rouse(&self) {
        if self.role == Role::Root && self.slot().workers() > 0 && !self.roused.replace(true) {
            self.slot().rouse_watch();
        }
    }

    /// Announces a batch that was pushed.
    pub(crate) fn announce(&self) {
        let slot = self.slot();
        if slot.workers() > 0 && slot.seats[self.seat].queued() > 0 {
            self.rouse();
            self.offer(0);
        }
    }

    /// Says whether others may take from the ring, and wakes one if it is worth that. `injected` tasks wait for this
    /// thread in the injector as well.
    pub(crate) fn offer(&self, injected: usize) {
        let (slot, seat) = (self.slot(), &self.slot().seats[self.seat]);
        // This thread goes on with one of them itself.
        let surplus = (seat.queued() + injected).saturating_sub(usize::from(seat.lifo.is_empty()));
        let gain = surplus as u64 * u64::from(self.mean.get().saturating_sub(MOVING));
        let is_worth = || gain >= self.price() && !slot.load.is_single();
        let worth = is_worth() && (!self.samples() || is_worth());
        set(&seat.mood.offered, worth);
        if worth {
            slot.notify();
        }
    }

    /// What must be gained, in nanoseconds.
    fn price(&self) -> u64 {
        let slot = self.slot();
        // Polls seem longer beside another thread, and that would be a reason to go on beside it: it takes more to keep one.
        match slot.active() {
            _ if slot.load.is_busy() => WORTH_BUSY,
            0 | 1 => WORTH,
            _ => WORTH_BESIDE,
        }
    }

    /// Looks whether there is a processor for another thread, if it has not for a while; `true` if it did.
    fn samples(&self) -> bool {
        let now = Instant::now();
        if self.sampled.get().is_some_and(|last| now.saturating_duration_since(last) < SAMPLED) {
            return false;
        }
        let word = self.slot().idle.word();
        self.sampled.set(Some(now));
        self.slot().load.sample_beside(word.searching(), word.parked() == 0);
        true
    }
}
