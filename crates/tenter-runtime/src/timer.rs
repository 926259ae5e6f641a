//! One deadline in a runtime's wheels.

use std::cell::Cell;
use std::task::{Poll, Waker};
use std::time::Instant;

use tenter_core::clock::Clock;
use tenter_driver::TimerKey;
use tenter_scheduler::{View, WeakScheduler};

use crate::Handle;
use crate::shared::Shared;

/// A deadline that is entered in a runtime's timer wheels while someone waits for it; what `Timer` is made of.
///
/// It is entered at the first `Pending`, into the wheel of the worker that polls it. It does not keep the runtime.
#[derive(Debug)]
pub struct TimerRegistration {
    runtime: WeakScheduler,
    clock: Clock,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// In no wheel; the next poll asks for the time.
    New,
    /// In no wheel, and the deadline was well ahead when it was set: the next poll enters it unasked.
    Ahead,
    /// In a wheel, or fired since it was.
    Entered(TimerKey),
}

impl TimerRegistration {
    /// A place for a deadline in `handle`'s wheels; nothing is entered yet.
    #[must_use]
    pub fn new(handle: &Handle) -> Self {
        Self { runtime: handle.scheduler().downgrade(), clock: handle.clock(), state: State::New }
    }

    /// The same in the ambient runtime's wheels: of the runtime that this thread is in, else (also in a scheduler that is no
    /// runtime's) of the default one. `ahead` is what [`assume_ahead`](Self::assume_ahead) says.
    ///
    /// # Panics
    /// If the default runtime can't be made.
    #[must_use]
    #[inline]
    pub fn current(ahead: bool) -> Self {
        let state = if ahead { State::Ahead } else { State::New };
        let here = WeakScheduler::with_current(|view| {
            let view = view?;
            // Now, and not when it is polled: a scheduler that is no runtime's may have ended by then.
            let clock = Shared::find(view.park())?.driver.clock();
            Some(Self { runtime: view.name(), clock, state })
        });
        here.unwrap_or_else(|| {
            let mut registration = Self::new(&Handle::current());
            registration.state = state;
            registration
        })
    }

    /// The clock that it goes by.
    #[must_use]
    #[inline]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Says that the deadline has just been set, and is well ahead: the first poll then enters it without asking for
    /// the time. Should it have come meanwhile, it fires at the thread's next look at its wheel, and not in that poll.
    #[inline]
    pub fn assume_ahead(&mut self) {
        self.clear();
        self.state = State::Ahead;
    }

    /// Whether the deadline has come; if not, `waker` is woken when it has.
    ///
    /// The time is asked for at the first call only, unless [`assume_ahead`](Self::assume_ahead) spares even that: what
    /// has fired has done so because its time had come. Call [`clear`](Self::clear) when the deadline changes.
    ///
    /// # Panics
    /// If the deadline has not come, and never would because the runtime was shut down.
    #[inline]
    pub fn poll(&mut self, deadline: Instant, waker: &Waker) -> Poll<()> {
        let (state, clock) = (&mut self.state, self.clock);
        self.runtime.with(|view| match view {
            Some(view) => state.poll(view, Shared::of(view.park()), clock, deadline, waker),
            None if clock.now() >= deadline => Poll::Ready(()),
            None => shut_down(),
        })
    }

    /// Takes the deadline out of the wheels; out of the wheel of this thread soon, for that is cheaper.
    #[inline]
    pub fn clear(&mut self) {
        if let State::Entered(key) = self.state {
            Gone { runtime: self.runtime, key }.put_off();
        }
        self.state = State::New;
    }
}

/// A timer that nobody waits for any more.
///
/// The last one of those that this thread entered in its own wheel stays there until the thread enters another one or sleeps:
/// to replace a timer costs half of what it costs to remove one and to enter one, and who sets one timer after the other is
/// nearly always the same task. Should it become due in between, a task is woken for nothing.
#[derive(Clone, Copy, Debug)]
struct Gone {
    runtime: WeakScheduler,
    key: TimerKey,
}

thread_local! {
    /// Nothing in it needs to be dropped, so it can be used while the thread's other locals are torn down.
    static GONE: Cell<Option<Gone>> = const { Cell::new(None) };
}

impl Gone {
    #[inline]
    fn put_off(self) {
        let own = self.runtime.with(|view| view.is_some_and(|view| view.wheel() == Some(self.key.wheel())));
        let other = if own { GONE.replace(Some(self)) } else { Some(self) };
        if let Some(other) = other {
            other.remove();
        }
    }

    fn remove(self) {
        self.runtime.with(|view| view.is_some_and(|view| Shared::of(view.park()).driver.remove_timer(self.key)));
    }
}

/// Takes the timer out of its wheel that this thread has left there, if there is one. The drop of its waker is foreign code.
pub(crate) fn remove_gone() -> bool {
    let gone = GONE.take();
    if let Some(gone) = gone {
        gone.remove();
    }
    gone.is_some()
}

#[cold]
fn shut_down() -> ! {
    panic!("a timer was awaited whose runtime was shut down")
}

impl State {
    #[inline]
    fn poll(&mut self, view: View<'_>, shared: &Shared, clock: Clock, deadline: Instant, waker: &Waker) -> Poll<()> {
        let driver = &shared.driver;
        match *self {
            State::Entered(key) => {
                // Nearly always so: a task is polled because its timer has fired.
                if driver.has_passed(key, deadline) {
                    *self = State::New;
                    return Poll::Ready(());
                }
                if driver.update_timer(key, waker) {
                    return Poll::Pending;
                }
                *self = State::New;
                // At the end of the runtime everyone is told, whatever the time.
                if !driver.told_everyone() || clock.now() >= deadline {
                    return Poll::Ready(());
                }
            }
            State::New if clock.now() >= deadline => return Poll::Ready(()),
            State::New | State::Ahead => {}
        }
        let replaced = view.wheel().and_then(|wheel| {
            let gone = GONE.take()?;
            let same = gone.key.wheel() == wheel && gone.runtime == view.name();
            if !same {
                gone.remove();
            }
            same.then_some(gone.key)
        });
        *self = State::Entered(match replaced {
            Some(gone) => driver.replace_timer(gone, deadline, waker),
            None => driver.insert_timer(view.wheel(), deadline, waker),
        });
        if view.wheel().is_none() && !is_covered(view) {
            shut_down();
        }
        Poll::Pending
    }
}

/// On a thread without a seat: makes sure that another one comes to the driver. `false` if nobody will, because the runtime
/// was shut down, see [`Handle::is_covered`].
fn is_covered(view: View<'_>) -> bool {
    view.cover();
    !view.is_closed()
}

impl Drop for TimerRegistration {
    #[inline]
    fn drop(&mut self) {
        self.clear();
    }
}
