//! The entry of one source: its word, and behind a lock its waiters and what is armed.

use std::io;
use std::task::{Poll, Waker};

use tenter_core::sync::Mutex;
use tenter_reactor::{Interest, Reactor, Readiness};

use super::direction::Direction;
use super::raw::RawSource;
use super::slot::{Generation, Slot};
use super::waiters::{Leaving, WaiterKey, Waiters};
use super::word::{Begin, Ready, SourceWord};
use crate::lock::lock;

/// Where an entry is: its slot, and the reactor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    pub(crate) slot: Slot,
    pub(crate) reactor: &'a dyn Reactor,
    /// Whether the reactor reports only what it was armed for.
    pub(crate) arms: bool,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) word: SourceWord,
    guarded: Mutex<Guarded>,
}

#[derive(Debug)]
struct Guarded {
    waiters: Waiters,
    source: RawSource,
    /// What the reactor was last asked to report and has not reported yet; at most what it really watches, because
    /// an event disarms there first and here when it is dispatched, which is before the next wait. Always empty
    /// for reactors that are not armed.
    armed: Interest,
    /// Whether the reactor was told of the source; for one that is watched from its first wait on, that wait tells it.
    watched: bool,
}

impl Guarded {
    /// Registers the source, if that was left to the first wait.
    ///
    /// Under the lock, so that it is done once, and neither before nor after the life of the slot.
    fn watch(&mut self, site: &Site<'_>) -> io::Result<()> {
        if self.watched {
            return Ok(());
        }
        // SAFETY: the registration is not closed (the generation was checked under this lock), so the source is open by
        // the promise of its constructor, and `close` waits for this lock and then says that the source is watched.
        unsafe { self.source.with(|source| site.reactor.register(source, site.slot.token())) }?;
        self.watched = true;
        Ok(())
    }

    fn awaited(&self) -> Interest {
        Direction::BOTH
            .into_iter()
            .filter(|direction| !self.waiters.is_empty(*direction))
            .fold(Interest::NONE, |sum, direction| sum | direction.interest())
    }

    /// Asks the reactor for all that is awaited, if that is more than it watches already.
    ///
    /// Under the lock, so that no older demand overtakes a newer one, and none comes after `close`.
    fn arm(&mut self, site: &Site<'_>) -> io::Result<()> {
        if !site.arms {
            return Ok(());
        }
        let awaited = self.awaited();
        if self.armed.contains(awaited) {
            return Ok(());
        }
        self.armed = Interest::NONE;
        // SAFETY: the registration is not closed (the generation was checked under this lock), so the source is
        // open by the promise of `Registration::new`, and `close` waits for this lock.
        unsafe { self.source.with(|source| site.reactor.arm(source, site.slot.token(), awaited)) }?;
        self.armed = awaited;
        Ok(())
    }
}

impl Entry {
    pub(crate) fn vacant() -> Self {
        let guarded =
            Guarded { waiters: Waiters::default(), source: RawSource::VACANT, armed: Interest::NONE, watched: false };
        Self { word: SourceWord::new(), guarded: Mutex::new(guarded) }
    }

    /// Starts a life of this slot. `watched`: the caller registers the source itself, right after this; else the first
    /// wait does.
    pub(crate) fn open(&self, source: RawSource, watched: bool) -> Generation {
        let mut guarded = lock(&self.guarded);
        guarded.source = source;
        guarded.watched = watched;
        guarded.armed = Interest::NONE;
        self.word.open();
        self.word.generation()
    }

    /// Ends the present life: no token of it matches any more, nothing is armed from here on, every waiter leaves.
    /// The caller owns this life, and deregisters the source if one is returned: one that was never watched is not.
    pub(crate) fn close(&self) -> (Option<RawSource>, Vec<Waker>) {
        let mut woken = Vec::new();
        let mut guarded = lock(&self.guarded);
        self.word.close();
        for direction in Direction::BOTH {
            guarded.waiters.take(direction, &mut woken);
        }
        guarded.waiters.release();
        guarded.armed = Interest::NONE;
        let source = std::mem::replace(&mut guarded.source, RawSource::VACANT);
        (guarded.watched.then_some(source), woken)
    }

    /// Adds a waiter unless the source is ready. With `key` the waiter can be removed by it.
    pub(crate) fn wait(
        &self,
        site: &Site<'_>,
        direction: Direction,
        waker: Waker,
        key: Option<&mut Option<WaiterKey>>,
    ) -> Poll<io::Result<Ready>> {
        let mut guarded = lock(&self.guarded);
        match self.word.begin_wait(site.slot.generation, direction) {
            Begin::Gone => return Poll::Ready(Err(gone())),
            Begin::Ready(ready) => return Poll::Ready(Ok(ready)),
            Begin::Waiting => {}
        }
        let mut leaving = match key {
            None => guarded.waiters.add(direction, waker),
            Some(key) => guarded.waiters.add_keyed(direction, waker, key),
        };
        let armed = guarded.watch(site).and_then(|()| guarded.arm(site));
        if armed.is_err() {
            self.give_up_waiting(&mut guarded, &mut leaving.woken);
        }
        drop(guarded);
        leaving.settle();
        match armed {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Wakes everyone after the reactor refused to watch: each will try again, and see the refusal itself.
    fn give_up_waiting(&self, guarded: &mut Guarded, woken: &mut Vec<Waker>) {
        for direction in Direction::BOTH {
            guarded.waiters.take(direction, woken);
            self.word.end_wait(direction);
        }
    }

    /// Removes the waiter that `key` names, if it has not been woken.
    pub(crate) fn forget(&self, generation: Generation, direction: Direction, key: WaiterKey) {
        let mut leaving = Leaving::default();
        {
            let mut guarded = lock(&self.guarded);
            if self.word.generation() == generation {
                leaving = guarded.waiters.remove(direction, key);
                if guarded.waiters.is_empty(direction) {
                    self.word.end_wait(direction);
                }
            }
        }
        leaving.settle();
    }

    /// Takes an event in, and moves the wakers of the directions it concerns into `out`. Stale events do nothing.
    pub(crate) fn dispatch(&self, site: &Site<'_>, readiness: Readiness, out: &mut Vec<Waker>) {
        let Some(waited) = self.word.publish(site.slot.generation, readiness) else { return };
        if !site.arms && !waited.is_hit_by(readiness) {
            return;
        }
        let mut guarded = lock(&self.guarded);
        if self.word.generation() != site.slot.generation {
            return;
        }
        for direction in Direction::BOTH {
            if direction.is_hit_by(readiness) {
                guarded.waiters.take(direction, out);
            }
        }
        // The event disarmed both directions; the one that it did not concern may still be awaited.
        guarded.armed = Interest::NONE;
        if guarded.arm(site).is_err() {
            self.give_up_waiting(&mut guarded, out);
        }
    }
}

/// What an operation on a finished registration gets.
pub(crate) fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "this source is no longer registered with its driver")
}

#[cfg(all(test, not(tenter_loom), target_os = "linux", target_pointer_width = "64"))]
mod tests {
    #[test]
    fn an_entry_fits_a_cache_line() {
        assert!(size_of::<super::Entry>() <= 64, "{} bytes", size_of::<super::Entry>());
    }
}
