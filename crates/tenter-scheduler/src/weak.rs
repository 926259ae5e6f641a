//! A name for a scheduler that does not keep it.

use std::num::NonZeroU64;
use std::sync::Arc;

use crate::context::{self, Context, Role};
use crate::park::Park;
use crate::scheduler::{Core, Scheduler};
use crate::slot;

/// Names a scheduler without keeping it: free to make and to copy, where a clone of a [`Scheduler`] is counted.
///
/// ```
/// use std::sync::Arc;
/// use tenter_scheduler::{Config, NoPark, Scheduler, WeakScheduler};
///
/// let scheduler = Scheduler::new(Config::default(), Arc::new(NoPark))?;
/// let weak = scheduler.downgrade();
/// assert!(weak.with(|view| view.is_some()));
/// scheduler.close();
/// drop(scheduler);
/// assert!(weak.with(|view| view.is_none()));
/// # Ok::<(), tenter_scheduler::MakeError>(())
/// ```
/// Bits 1–16 are the slot's index, 32–63 say which of its runtimes it is, for slots are used again; bit 0 is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeakScheduler(NonZeroU64);

impl WeakScheduler {
    pub(crate) fn new(slot: u16, incarnation: u32) -> Self {
        Self(NonZeroU64::MIN | u64::from(incarnation) << 32 | u64::from(slot) << 1)
    }

    fn slot(self) -> u16 {
        (self.0.get() >> 1) as u16
    }

    /// Gives the closure the scheduler that this thread is in, if it is in one.
    #[inline]
    pub fn with_current<R>(f: impl FnOnce(Option<View<'_>>) -> R) -> R {
        context::with(|context| f(context.map(View::of)))
    }

    /// Gives the closure the scheduler, if it is still there. On a thread that is in it this costs a few loads.
    #[inline]
    pub fn with<R>(self, f: impl FnOnce(Option<View<'_>>) -> R) -> R {
        context::with(|context| match context.filter(|context| context.core.name == self) {
            Some(context) => f(Some(View::of(context))),
            None => self.with_elsewhere(f),
        })
    }

    /// From a thread that is not in it.
    #[cold]
    fn with_elsewhere<R>(self, f: impl FnOnce(Option<View<'_>>) -> R) -> R {
        let home = slot::at(self.slot()).home().filter(|core| core.name == self);
        f(home.as_ref().map(|core| View { core, wheel: None }))
    }
}

/// A scheduler as the thread sees it that looks, see [`WeakScheduler::with`].
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    core: &'a Arc<Core>,
    wheel: Option<usize>,
}

impl<'a> View<'a> {
    #[inline]
    fn of(context: &'a Context) -> Self {
        View { core: &context.core, wheel: (context.role != Role::Guest).then_some(context.seat) }
    }

    /// Its name.
    #[must_use]
    #[inline]
    pub fn name(self) -> WeakScheduler {
        self.core.name
    }

    /// What it waits with.
    #[must_use]
    #[inline]
    pub fn park(self) -> &'a dyn Park {
        &*self.core.park
    }

    /// The wheel that timers of this thread belong to: that of its seat in this scheduler, if it has one.
    #[must_use]
    #[inline]
    pub fn wheel(self) -> Option<usize> {
        self.wheel
    }

    /// As [`Scheduler::cover`].
    pub fn cover(self) {
        self.core.slot.cover();
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(self) -> bool {
        self.core.slot.is_closed()
    }
}

impl Scheduler {
    /// Its name, which does not keep it.
    #[must_use]
    pub fn downgrade(&self) -> WeakScheduler {
        self.core.name
    }
}
