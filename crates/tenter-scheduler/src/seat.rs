//! What the thread in one seat shares with the others: its queues, its parker, and what it says of itself.

use std::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{AcqRel, Relaxed, Release},
};

use tenter_task::Runnable;

use crate::context::UNKNOWN_MEAN;
use crate::lifo::Lifo;
use crate::parker::Parker;
use crate::ring::Ring;
use crate::spill::Spill;
use crate::tally::Tally;

/// The length of a worker's ring. 256 as in Go and tokio: long enough that a burst of wakes does not overflow, short
/// enough that half of it moves quickly.
pub(crate) const RING: usize = 256;

/// What the thread in one seat shares with the others.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) lifo: Lifo<Runnable>,
    pub(crate) ring: Ring<Runnable, RING>,
    /// What did not fit into the ring: younger than what is there.
    pub(crate) spill: Spill<Runnable>,
    /// Youngest of all: what is queued while something waits in the spill or here. One lock then moves all of it.
    pub(crate) last: Ring<Runnable, RING>,
    pub(crate) parker: Parker,
    /// How many tasks were polled here, wrapping; written by the occupant. Tells a thief whether the LIFO slot moves.
    pub(crate) polls: AtomicU32,
    /// The tasks that the occupant spawned, and those that ended here.
    pub(crate) tally: Tally,
    pub(crate) mood: Mood,
    /// What the last occupant knew of its polls and of its waits, in nanoseconds: the next one begins with it.
    pub(crate) habits: [AtomicU32; 2],
    /// Set by the thread that claims the seat, cleared by it when it leaves; excludes other occupants.
    occupied: AtomicBool,
}

/// What the occupant of a seat tells the others; on a line of its own, because they read it more often than it changes.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Mood {
    /// Whether others may take from ring and spill. Set by the occupant when what waits there is worth another thread's time,
    /// and by the watch when the occupant does not get on; cleared by the occupant when that is over. Without it a
    /// thief leaves the ring alone: tasks that wake each other are slower on two processors than on one.
    pub(crate) offered: AtomicBool,
    /// Whether the occupant polls, looks at the injector, and its polls were short lately: who pushes there then wakes
    /// nobody else. Set by the occupant; cleared by it before it parks, blocks or leaves.
    pub(crate) brisk: AtomicBool,
}

impl Seat {
    pub(crate) fn new() -> Self {
        Self {
            lifo: Lifo::new(),
            ring: Ring::new(),
            spill: Spill::new(),
            last: Ring::new(),
            parker: Parker::new(),
            polls: AtomicU32::new(0),
            tally: Tally::new(),
            mood: Mood::default(),
            habits: [AtomicU32::new(UNKNOWN_MEAN), AtomicU32::new(0)],
            occupied: AtomicBool::new(false),
        }
    }

    pub(crate) fn claim(&self) -> bool {
        !self.occupied.load(Relaxed) && self.occupied.compare_exchange(false, true, AcqRel, Relaxed).is_ok()
    }

    pub(crate) fn leave(&self) {
        // Whoever sits here next, maybe of another runtime, has promised nothing yet.
        self.settle();
        self.occupied.store(false, Release);
    }

    /// Whether others may take from here.
    pub(crate) fn is_offered(&self) -> bool {
        self.mood.offered.load(Relaxed)
    }

    /// How many tasks wait here besides the one in the LIFO slot; a snapshot.
    pub(crate) fn queued(&self) -> usize {
        self.ring.len() + self.spill.len() + self.last.len()
    }

    /// Whether anything waits here; a snapshot.
    pub(crate) fn is_empty(&self) -> bool {
        self.queued() == 0 && self.lifo.is_empty()
    }

    /// Takes a task, from wherever there is one. Any thread may.
    pub(crate) fn take_any(&self) -> Option<Runnable> {
        self.ring.pop().or_else(|| self.spill.pop()).or_else(|| self.last.pop()).or_else(|| self.lifo.take())
    }

    /// Appends a task to its queues; `true` if it was much that had no room in the ring lately.
    ///
    /// # Safety
    /// The caller is the occupant.
    #[inline]
    pub(crate) unsafe fn push(&self, runnable: Runnable) -> bool {
        let younger = if self.spill.len() > 0 || !self.last.is_empty() {
            runnable
        } else {
            // SAFETY: the occupant alone pushes to its ring.
            match unsafe { self.ring.push(runnable) } {
                Ok(()) => return false,
                Err(runnable) => runnable,
            }
        };
        // SAFETY: as above.
        let Err(runnable) = (unsafe { self.last.push(younger) }) else { return false };
        self.spill.extend(|queue| self.last.take_all(|runnable| queue.push_back(runnable)));
        // SAFETY: as above.
        if unsafe { self.last.push(runnable) }.is_err() {
            unreachable!("nobody else fills what was just emptied");
        }
        true
    }

    /// Its occupant polls no more for now, and its queues are empty or about to be.
    pub(crate) fn settle(&self) {
        for flag in [&self.mood.brisk, &self.mood.offered] {
            if flag.load(Relaxed) {
                flag.store(false, Relaxed);
            }
        }
    }
}
