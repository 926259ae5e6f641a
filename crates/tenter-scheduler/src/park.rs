//! The seam through which the scheduler waits for the outside world.

use std::any::Any;
use std::fmt;
use std::task::Waker;
use std::time::{Duration, Instant};

/// What a scheduler's threads do when they have nothing to run: one of them drives I/O and timers, the others sleep.
///
/// A scheduler has one of these; wheels (timer queues) are numbered like its seats. [`NoPark`] is the one that has
/// neither I/O nor timers.
pub trait Park: Send + Sync + fmt::Debug + 'static {
    /// Becomes the driver if no other thread is, waits (at most `timeout`; for ever if `None`), and appends the wakers
    /// of what became ready or due: of at most `most` (or one) events, so that their tasks fit into the thread's queue; the rest
    /// is left to the next turn.
    ///
    /// Once the role is taken, `enter` is asked, and its `false` means not to wait. Gives `false` if another thread
    /// is the driver; `enter` was not asked then.
    fn drive(
        &self,
        most: usize,
        timeout: Option<Duration>,
        enter: &mut dyn FnMut() -> bool,
        out: &mut Vec<Waker>,
    ) -> bool;

    /// Whether some thread is the driver.
    fn is_driven(&self) -> bool;

    /// Ends the wait of whoever is the driver; if nobody waits, the next wait.
    fn wake(&self);

    /// Appends the wakers of a wheel's timers that are due.
    fn fire(&self, wheel: usize, out: &mut Vec<Waker>);

    /// As [`fire`](Park::fire), after a sleep elsewhere that was to last until `asked`, a [`wake_time`](Park::wake_time), and
    /// that nobody ended.
    fn fire_after_sleep(&self, wheel: usize, asked: Instant, out: &mut Vec<Waker>) {
        let _ = asked;
        self.fire(wheel, out);
    }

    /// When the next timer of a wheel is due.
    fn next_deadline(&self, wheel: usize) -> Option<Instant>;

    /// When the owner of a wheel shall wake for it if it sleeps elsewhere.
    fn wake_time(&self, wheel: usize) -> Option<Instant> {
        self.next_deadline(wheel)
    }

    /// The thread is about to sleep, or to leave its seat: does what it has put off. `true` if that was something: foreign code
    /// may have run, and have woken tasks of this very thread.
    fn settle(&self) -> bool {
        false
    }

    /// Says that the owner of a wheel sleeps with its own timeout, so that the driver need not wake for that wheel.
    fn set_self_timed(&self, wheel: usize, on: bool);

    /// Whether anything is registered that needs a driver.
    fn is_needed(&self) -> bool;

    /// For the layer above, which knows what this is.
    fn as_any(&self) -> &dyn Any;
}

/// Neither I/O nor timers: every thread just sleeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPark;

impl Park for NoPark {
    fn drive(&self, _: usize, _: Option<Duration>, _: &mut dyn FnMut() -> bool, _: &mut Vec<Waker>) -> bool {
        false
    }

    fn is_driven(&self) -> bool {
        false
    }

    fn wake(&self) {}

    fn fire(&self, _: usize, _: &mut Vec<Waker>) {}

    fn next_deadline(&self, _: usize) -> Option<Instant> {
        None
    }

    fn set_self_timed(&self, _: usize, _: bool) {}

    fn is_needed(&self) -> bool {
        false
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
