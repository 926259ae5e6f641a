//! The watch: one parked worker that does not sleep for good while another is inside a poll.
//!
//! A worker that leaves the driver to poll a task, or puts a task into its LIFO slot, tells nobody: nearly always it is
//! back before another one would be awake. The watch is what makes that safe. It ticks, and takes over what a worker in
//! a long poll does not get to. The protocol and its proof are in the README, the model is `tests/loom_watch.rs`.

use tenter_core::sync::atomic::{
    AtomicU32,
    Ordering::{AcqRel, Acquire, Relaxed, SeqCst},
    fence,
};

/// The watch sleeps without a timeout. Set by the watch when nobody was active for a while, after which it looks once
/// more; ended by the watch when it wakes.
const DEEP: u32 = 1;
/// The watch sleeps in the driver. Set with the role; a worker that parks elsewhere then takes the role over, so that
/// the driver's thread can leave without waking anyone.
const DRIVING: u32 = 2;
const FLAGS: u32 = DEEP | DRIVING;
/// The seat number plus one, from this bit on; 0: there is no watch.
const SEAT_SHIFT: u32 = 2;

/// What a worker that starts to poll has to do about the watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rouse {
    /// Nothing: it ticks.
    Ticking,
    /// Wake it: it sleeps for good in this seat.
    Asleep(usize),
    /// Make one: there is none.
    Nobody,
}

/// Who is the watch, and how it sleeps.
#[derive(Debug, Default)]
pub struct Watch {
    word: AtomicU32,
}

const fn holder(seat: usize) -> u32 {
    (seat as u32 + 1) << SEAT_SHIFT
}

impl Watch {
    /// Nobody is.
    #[must_use]
    pub fn new() -> Self {
        Self { word: AtomicU32::new(0) }
    }

    /// Takes the role for a worker that is counted as parked: if nobody has it, or if its holder sleeps in the driver and
    /// this one does not.
    pub fn take(&self, seat: usize, driving: bool) -> bool {
        let flags = if driving { DRIVING } else { 0 };
        let seen = self.word.load(Relaxed);
        let free = seen == 0 || (!driving && seen & DRIVING != 0);
        free && self.word.compare_exchange(seen, holder(seat) | flags, AcqRel, Relaxed).is_ok()
    }

    /// Whether the role is (still) that of `seat`.
    #[must_use]
    pub fn is_held_by(&self, seat: usize) -> bool {
        self.word.load(Relaxed) & !FLAGS == holder(seat)
    }

    /// The watch's seat, if there is a watch that does not sleep in the driver.
    #[must_use]
    pub fn seat(&self) -> Option<usize> {
        let word = self.word.load(Relaxed);
        (word != 0 && word & DRIVING == 0).then(|| (word >> SEAT_SHIFT) as usize - 1)
    }

    /// Announces that the watch in `seat` will sleep for good. It must look once more whether anyone is active, and
    /// [`resume`](Self::resume) if so. `false` if the role was taken over.
    #[must_use]
    pub fn announce_sleep(&self, seat: usize) -> bool {
        let seen = self.word.load(Relaxed);
        if seen & !FLAGS != holder(seat) {
            return false;
        }
        let announced = self.word.compare_exchange(seen, seen | DEEP, AcqRel, Relaxed).is_ok();
        // Pairs with the fence of `rouse`: either the watch sees who became active, or that one sees it asleep.
        fence(SeqCst);
        announced
    }

    /// Takes an announcement back.
    pub fn resume(&self, seat: usize) {
        let seen = self.word.load(Relaxed);
        if seen & !FLAGS == holder(seat) {
            // Fails only if the role was taken over, and then there is nothing to take back.
            let _ = self.word.compare_exchange(seen, seen & !DEEP, AcqRel, Relaxed);
        }
    }

    /// Gives the role up, if it is still that of `seat`.
    pub fn leave(&self, seat: usize) {
        let mut seen = self.word.load(Relaxed);
        while seen & !FLAGS == holder(seat) {
            match self.word.compare_exchange(seen, 0, AcqRel, Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    /// For a worker that is not counted as parked any more and is about to poll.
    #[must_use]
    pub fn rouse(&self) -> Rouse {
        // Pairs with the fence of `announce_sleep`.
        fence(SeqCst);
        // Acquire: who finds the role given up finds what its holder woke for.
        match self.word.load(Acquire) {
            0 => Rouse::Nobody,
            word if word & DEEP == 0 => Rouse::Ticking,
            word => Rouse::Asleep((word >> SEAT_SHIFT) as usize - 1),
        }
    }
}
