//! What a user has called when a thread starts, sleeps, goes on and stops.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{Ordering::SeqCst, fence};

use crate::context::Role;
use crate::root::is_root_due;
use crate::worker::{Worker, settle};

/// What is called when a worker thread starts, stops, is about to sleep or goes on.
pub type ThreadHook = Arc<dyn Fn() + Send + Sync>;

thread_local! {
    /// Whether this thread is in a hook.
    static CALLING: Cell<bool> = const { Cell::new(false) };
}

/// Calls a thread hook, but not from within one: that may sleep in a `block_on`. A panic of it has been printed; it must not
/// cost the worker.
pub(crate) fn call(hook: Option<&ThreadHook>) {
    if let Some(hook) = hook {
        guarded(|| hook());
    }
}

/// Calls what is a user's in the same way.
pub(crate) fn guarded(hook: impl FnOnce()) {
    if CALLING.replace(true) {
        return;
    }
    if let Err(payload) = catch_unwind(AssertUnwindSafe(hook)) {
        // Its drop may panic, too.
        std::mem::forget(payload);
    }
    CALLING.set(false);
}

impl Worker<'_> {
    /// Calls the hook for a thread that is about to sleep, if there is one and it has not been called since the last poll.
    /// `false` if that made work for this thread, which comes before its sleep.
    #[inline]
    pub(crate) fn tell_park(&mut self) -> bool {
        let config = &self.context.core.config;
        let is_unheard = config.on_thread_park.is_none() && config.on_thread_unpark.is_none();
        is_unheard || self.is_told || self.tell()
    }

    #[cold]
    fn tell(&mut self) -> bool {
        let core = &self.context.core;
        // The thread in `block_on` is none of the runtime's own, unless that has no others.
        if self.context.role == Role::Root && self.slot.workers() > 0 {
            return true;
        }
        // The hook may take its time: nobody is to count on this thread meanwhile. It is seen as one that is inside a poll.
        self.stop_searching();
        self.seat.settle();
        // Who pushed and still found this thread brisk has told nobody. As before a sleep.
        fence(SeqCst);
        if self.slot.has_visible_work() {
            return false;
        }
        call(core.config.on_thread_park.as_ref());
        (self.is_told, self.rested) = (true, true);
        // What the hook spawned and woke waits in the seat, where nobody else sees it; what it left to be put off comes first.
        // A `block_on` in it has used up tokens that were meant for the one beneath, and may have polled that one's future.
        !settle(&self.context.core) && self.seat.is_empty() && !is_root_due(self.context)
    }

    /// Calls the hook for a thread that goes on, if the other one was called.
    pub(crate) fn tell_unpark(&mut self) {
        if std::mem::take(&mut self.is_told) {
            call(self.context.core.config.on_thread_unpark.as_ref());
        }
    }
}
