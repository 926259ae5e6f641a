//! The driver: a reactor, the sources it watches, and the wheels of timers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Count;
use std::task::Waker;
use std::time::{Duration, Instant};

use tenter_core::clock::Clock;
use tenter_core::sync::Mutex;
use tenter_core::sync::atomic::{AtomicBool, Ordering};
use tenter_reactor::{Event, Events, Reactor, Readiness, Trigger};

use crate::lateness::Lateness;
use crate::seat::{MOST_EVENTS, Seat};
use crate::sleep::SleepingUntil;
use crate::source::{Site, Slab, Slot};
use crate::timer::{LAST, NEVER, Nanos, SharedWheel, TimerKey};

/// Sources and timers over one reactor.
///
/// Threads share it behind an [`Arc`]. One at a time waits in it, see [`Driver::try_seat`].
///
/// # Examples
/// ```
/// use std::task::Waker;
/// use std::time::Duration;
/// use tenter_core::clock::Clock;
/// use tenter_driver::Driver;
///
/// # #[cfg(unix)] {
/// let reactor = tenter_reactor_poll::new(&Default::default())?;
/// let driver = Driver::new(reactor, Clock::System, 1);
/// let deadline = driver.clock().now() + Duration::from_millis(1);
/// driver.insert_timer(Some(0), deadline, Waker::noop());
///
/// let mut woken = Vec::new();
/// let mut seat = driver.try_seat().expect("no other thread waits");
/// while woken.is_empty() {
///     seat.turn(None, &mut woken)?;
/// }
/// assert!(driver.clock().now() >= deadline);
/// woken.into_iter().for_each(Waker::wake);
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Driver {
    reactor: Arc<dyn Reactor>,
    clock: Clock,
    /// The zero of all [`Nanos`].
    start: Instant,
    /// Whether the reactor reports only what it was armed for.
    arms: bool,
    /// Whether each arrival is an event of its own, see [`Ready::drained`](crate::Ready::drained).
    true_edges: bool,
    sources: Slab,
    source_count: Count,
    /// One wheel for each worker's seat, then the remote one.
    wheels: Box<[SharedWheel]>,
    /// Set by [`wake_all`](Self::wake_all), before it takes the wheels' locks. Relaxed: who finds under a wheel's lock
    /// that a timer has gone sees it if that was the reason.
    told_everyone: AtomicBool,
    seated: AtomicBool,
    sleeping_until: SleepingUntil,
    lateness: Lateness,
    /// Used by the holder of the seat alone, so its lock is always free.
    events: Mutex<Events>,
}

impl Driver {
    /// A driver with `wheels` wheels for workers, numbered from 0, and a remote one for all other threads.
    #[must_use]
    pub fn new(reactor: Arc<dyn Reactor>, clock: Clock, wheels: usize) -> Arc<Self> {
        let capabilities = reactor.capabilities();
        Arc::new(Self {
            arms: capabilities.trigger != Trigger::Edge,
            true_edges: capabilities.true_edges,
            reactor,
            clock,
            start: clock.now(),
            sources: Slab::new(),
            source_count: Count::new(0),
            wheels: (0..=wheels).map(|_| SharedWheel::new()).collect(),
            told_everyone: AtomicBool::new(false),
            seated: AtomicBool::new(false),
            sleeping_until: SleepingUntil::new(),
            lateness: Lateness::new(),
            events: Mutex::new(Events::with_capacity(MOST_EVENTS)),
        })
    }

    /// What tells when sources are ready.
    #[must_use]
    pub fn reactor(&self) -> &Arc<dyn Reactor> {
        &self.reactor
    }

    /// What tells the time.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// How many sources are registered.
    #[must_use]
    pub fn source_count(&self) -> usize {
        self.source_count.load(Ordering::Relaxed)
    }

    /// How many timers are pending in all wheels; exact while no other thread changes one.
    #[must_use]
    pub fn timer_count(&self) -> usize {
        self.wheels.iter().map(SharedWheel::len).sum()
    }

    /// The number of the wheel that `None` stands for in [`insert_timer`](Self::insert_timer).
    #[must_use]
    pub fn remote_wheel(&self) -> usize {
        self.wheels.len() - 1
    }

    /// Takes the role of the waiting thread, if no other has it.
    #[must_use]
    pub fn try_seat(&self) -> Option<Seat<'_>> {
        // The load spares the line of the holder an exclusive access for each failed try.
        let taken = !self.is_seated()
            && self.seated.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok();
        taken.then(|| Seat::new(self))
    }

    /// Whether some thread has the [`Seat`].
    #[must_use]
    pub fn is_seated(&self) -> bool {
        self.seated.load(Ordering::Relaxed)
    }

    /// Ends the wait of whoever holds the seat, or the next wait if there is none now.
    pub fn wake(&self) {
        // A reactor that cannot be woken has lost its own descriptor; the wait then fails too, and that says so.
        let _ = self.reactor.wake();
    }

    /// The earliest deadline of one wheel. May be too early after that timer was removed, never too late.
    ///
    /// # Panics
    /// If there is no such wheel.
    #[must_use]
    pub fn next_deadline(&self, wheel: usize) -> Option<Instant> {
        match self.wheels[wheel].next_deadline() {
            NEVER => None,
            nanos => self.start.checked_add(Duration::from_nanos(nanos)),
        }
    }

    /// Moves the wakers of one wheel's due timers into `out`, but no more than 64 at a time: then
    /// [`next_deadline`](Self::next_deadline) is not after `now`, and the caller comes back when it has given others
    /// their turn. A load if there are none.
    ///
    /// # Panics
    /// If there is no such wheel.
    pub fn fire(&self, wheel: usize, now: Instant, out: &mut Vec<Waker>) {
        let wheel = &self.wheels[wheel];
        if wheel.next_deadline() != NEVER {
            wheel.fire(self.nanos(now), out);
        }
    }

    /// Hides a worker's wheel from the holder of the seat (`on`) while that worker sleeps elsewhere with a timeout
    /// of its own, and shows it again when it wakes.
    ///
    /// # Panics
    /// If there is no such wheel.
    pub fn set_self_timed(&self, wheel: usize, on: bool) {
        assert!(wheel < self.remote_wheel(), "wheel {wheel} does not belong to a worker");
        self.wheels[wheel].set_self_timed(on);
    }

    /// Adds a timer that wakes `waker` once, at the first [`fire`](Self::fire) or [`turn`](Seat::turn) at or after
    /// `deadline`, also if that is past already.
    ///
    /// With the number of a wheel nobody is notified: the worker whose wheel it is looks after it. With `None` the
    /// holder of the seat is woken if it would sleep past the deadline. A deadline more than 584 years after the
    /// driver was made never comes.
    ///
    /// # Panics
    /// If there is no such wheel.
    #[inline]
    pub fn insert_timer(&self, wheel: Option<usize>, deadline: Instant, waker: &Waker) -> TimerKey {
        let number = wheel.unwrap_or(self.remote_wheel());
        let deadline = self.nanos(deadline);
        let key = self.wheels[number].insert(number as u32, deadline, waker.clone());
        if number == self.remote_wheel() && self.sleeping_until.is_beyond(deadline) {
            self.wake();
        }
        key
    }

    /// Removes a timer, if it has not fired, and adds another one to its wheel, for about the price of one of the two if both
    /// are for the same waker. The wheel must be that of a worker, and the caller that worker.
    ///
    /// # Panics
    /// If the wheel is the remote one, or there is none of that number.
    #[inline]
    pub fn replace_timer(&self, old: TimerKey, deadline: Instant, waker: &Waker) -> TimerKey {
        assert!(old.wheel() < self.remote_wheel(), "nobody would be told of a timer in the remote wheel");
        self.wheels[old.wheel()].replace(old, self.nanos(deadline), waker)
    }

    /// Replaces the waker of a timer. False: it was removed, or has fired, so that its deadline has passed unless
    /// [everyone was told](Self::told_everyone).
    pub fn update_timer(&self, key: TimerKey, waker: &Waker) -> bool {
        self.wheels[key.wheel()].update(key, waker)
    }

    /// Whether a timer that was inserted with this `deadline` has fired, without a lock; `false` if it is not certain.
    ///
    /// # Panics
    /// If the key is another driver's.
    #[must_use]
    #[inline]
    pub fn has_passed(&self, key: TimerKey, deadline: Instant) -> bool {
        self.wheels[key.wheel()].has_passed(key, self.nanos(deadline))
    }

    /// Removes a timer. False: it has fired, or was removed.
    #[inline]
    pub fn remove_timer(&self, key: TimerKey) -> bool {
        self.wheels[key.wheel()].remove(key)
    }
}

impl Driver {
    /// Moves the wakers of all who wait for a source or a timer into `out`, as if everything had become ready: for the
    /// end of a runtime, after which nobody waits in the reactor any more.
    ///
    /// Sources and timers stay usable; who asks again waits again, unless the runtime says otherwise. From now on
    /// [`told_everyone`](Self::told_everyone) is true.
    pub fn wake_all(&self, out: &mut Vec<Waker>) {
        self.told_everyone.store(true, Ordering::Relaxed);
        for (slot, entry) in self.sources.slots() {
            entry.dispatch(&self.site(slot), Readiness::READ | Readiness::WRITE, out);
        }
        for wheel in &self.wheels {
            wheel.expire_everything(out);
        }
    }
}

impl Driver {
    /// Whether [`wake_all`](Self::wake_all) was called: from then on a timer may have fired before its deadline.
    #[must_use]
    pub fn told_everyone(&self) -> bool {
        self.told_everyone.load(Ordering::Relaxed)
    }
}

/// What the other modules see of it.
impl Driver {
    #[inline]
    pub(crate) fn sources(&self) -> &Slab {
        &self.sources
    }

    #[inline]
    pub(crate) fn arms(&self) -> bool {
        self.arms
    }

    #[inline]
    pub(crate) fn has_true_edges(&self) -> bool {
        self.true_edges
    }

    pub(crate) fn count_source(&self) {
        self.source_count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn uncount_source(&self) {
        self.source_count.fetch_sub(1, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn site(&self, slot: Slot) -> Site<'_> {
        Site { slot, reactor: &*self.reactor, arms: self.arms }
    }

    /// Takes an event in. Tokens that were never issued are dropped, as stale ones are.
    pub(crate) fn dispatch(&self, event: Event, out: &mut Vec<Waker>) {
        let slot = Slot::from_token(event.token);
        if let Some(entry) = self.sources.get(slot.index) {
            entry.dispatch(&self.site(slot), event.readiness, out);
        }
    }

    pub(crate) fn visible_wheels(&self) -> impl Iterator<Item = &SharedWheel> {
        self.wheels[..self.remote_wheel()].iter().filter(|wheel| !wheel.is_self_timed())
    }

    pub(crate) fn remote(&self) -> &SharedWheel {
        &self.wheels[self.remote_wheel()]
    }

    pub(crate) fn events(&self) -> &Mutex<Events> {
        &self.events
    }

    pub(crate) fn sleeping_until(&self) -> &SleepingUntil {
        &self.sleeping_until
    }

    pub(crate) fn lateness(&self) -> &Lateness {
        &self.lateness
    }

    pub(crate) fn wheel(&self, wheel: usize) -> &SharedWheel {
        &self.wheels[wheel]
    }

    pub(crate) fn start(&self) -> Instant {
        self.start
    }

    pub(crate) fn leave_seat(&self) {
        self.seated.store(false, Ordering::Release);
    }

    pub(crate) fn now(&self) -> Nanos {
        self.nanos(self.clock.now())
    }

    #[inline]
    pub(crate) fn nanos(&self, time: Instant) -> Nanos {
        as_nanos(time.saturating_duration_since(self.start))
    }
}

/// Nanoseconds of a duration, at most [`LAST`].
#[inline]
pub(crate) fn as_nanos(duration: Duration) -> Nanos {
    // By hand, for `Duration::as_nanos` counts in 128 bits.
    let seconds = duration.as_secs().checked_mul(1_000_000_000);
    seconds.and_then(|nanos| nanos.checked_add(duration.subsec_nanos().into())).map_or(LAST, |nanos| nanos.min(LAST))
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("reactor", &self.reactor.name())
            .field("sources", &self.source_count())
            .field("timers", &self.timer_count())
            .field("seated", &self.is_seated())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_saturate_below_never() {
        assert_eq!(as_nanos(Duration::ZERO), 0);
        assert_eq!(as_nanos(Duration::new(3, 7)), 3_000_000_007);
        for long in [Duration::MAX, Duration::from_nanos(NEVER), Duration::from_nanos(LAST)] {
            assert_eq!(as_nanos(long), LAST);
        }
    }
}
