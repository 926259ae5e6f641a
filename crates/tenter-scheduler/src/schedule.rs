//! Where a woken or new task goes.

use async_task::ScheduleInfo;
use tenter_task::Runnable;

use crate::context::{self, Context, Role};
use crate::slot::{self, RING, Slot};

/// The schedule function of every runtime task: an item, so that it has no size.
pub(crate) fn schedule(runnable: Runnable, info: ScheduleInfo) {
    // Read before the push: afterwards the task may be gone.
    let slot = slot::at(runnable.metadata().slot());
    context::with_seat_of(slot, |seat| match seat {
        Some(context) if info.woken_while_running || context.dispatching.get() => context.push_back(runnable),
        Some(context) => context.push_next(runnable),
        None => slot.inject(runnable),
    });
}

/// Queues a new task.
pub(crate) fn spawned(slot: &'static Slot, runnable: Runnable) {
    context::with_seat_of(slot, |seat| match seat {
        Some(context) => context.push_next(runnable),
        None => slot.inject(runnable),
    });
}

impl Context {
    /// To the end of the ring, waking nobody: a task that yielded adds no work, and a batch is announced as a whole.
    ///
    /// But `block_on`'s thread may not come back to a task that yielded there: as in [`push_next`](Self::push_next).
    fn push_back(&self, runnable: Runnable) {
        self.push_ring(runnable);
        if self.role == Role::Root && !self.dispatching.get() && self.slot().workers() > 0 {
            self.slot().notify();
        }
    }

    /// To the LIFO slot; what it displaces is surplus that others may have.
    ///
    /// The thread in `block_on` may do anything after this, so what it pushes is open to the others at once.
    fn push_next(&self, runnable: Runnable) {
        let slot = self.slot();
        if slot.workers() == 0 {
            return self.push_ring(runnable);
        }
        if self.role == Role::Root {
            self.push_ring(runnable);
            return slot.notify();
        }
        // SAFETY: the context is that of the thread in this seat, so no other thread puts.
        if let Some(displaced) = unsafe { slot.seats[self.seat].lifo.put(runnable) } {
            self.push_ring(displaced);
            slot.notify();
        }
    }

    fn push_ring(&self, runnable: Runnable) {
        let slot = self.slot();
        if self.role == Role::Root && !self.core.config.block_on_runs_tasks && slot.workers() > 0 {
            return slot.inject(runnable);
        }
        let ring = &slot.seats[self.seat].ring;
        // SAFETY: the context is that of the thread in this seat, which alone pushes to its ring.
        let Err(overflow) = (unsafe { ring.push(runnable) }) else { return };
        for _ in 0..RING / 2 {
            match ring.pop() {
                Some(oldest) => slot.inject_quietly(oldest),
                None => break,
            }
        }
        slot.inject_quietly(overflow);
        slot.notify();
    }
}
