//! The sleep protocol's shared state: one word that says how many search and how many are parked, and a bitmap that
//! says who.
//!
//! The protocol and its proof are in this crate's README; the model is `tests/loom_idle.rs`.

use tenter_core::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, SeqCst},
    fence,
};

const SEARCHING_ONE: u64 = 1;
const PARKED_ONE: u64 = 1 << 16;
const EPOCH_ONE: u64 = 1 << 32;
const FIELD: u64 = 0xffff;

/// A snapshot of the idle word.
///
/// | bits | field | who changes it |
/// |---|---|---|
/// | 0–15 | searching | +1 a worker that starts to search, or whoever wakes a worker (on its behalf); −1 that worker when it stops |
/// | 16–31 | parked | +1 a worker before it publishes its bit; −1 whoever took the bit (the worker or its waker) |
/// | 32–63 | epoch | +1 whoever wakes a worker; wraps; counts wakes for diagnosis and lets two equal counts be told apart |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word(u64);

impl Word {
    /// How many workers search for tasks.
    #[must_use]
    pub const fn searching(self) -> usize {
        (self.0 & FIELD) as usize
    }

    /// How many workers are parked or about to be.
    #[must_use]
    pub const fn parked(self) -> usize {
        ((self.0 >> 16) & FIELD) as usize
    }

    /// How many wakes were granted, modulo 2³².
    #[must_use]
    pub const fn epoch(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// How a worker stopped being parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unparked {
    /// By itself: it is counted nowhere.
    Alone,
    /// A waker chose it: it is counted as searching, and its parker's token was given or is about to be.
    Chosen,
}

/// Who is idle among a fixed number of workers.
#[derive(Debug)]
pub struct Idle {
    word: AtomicU64,
    /// Bit `w % 64` of word `w / 64`: worker `w` sleeps or is about to. Set by the worker after it is counted as
    /// parked; cleared by whoever ends that, with a `fetch_and` whose old value tells the one who did it.
    bitmap: Box<[AtomicU64]>,
}

impl Idle {
    /// Nobody idle, for up to `workers` (at most 65 535) workers.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        assert!(workers <= FIELD as usize, "the idle word counts up to 65535 workers");
        Self { word: AtomicU64::new(0), bitmap: (0..workers.div_ceil(64)).map(|_| AtomicU64::new(0)).collect() }
    }

    /// The present word.
    #[inline]
    pub fn word(&self) -> Word {
        Word(self.word.load(Relaxed))
    }

    /// Counts the caller as searching, unless half of `running` workers search already.
    #[inline]
    pub fn start_search(&self, running: usize) -> bool {
        // A limit, not an invariant: two that pass the check at once do no harm.
        if self.word().searching() * 2 >= running.max(1) {
            return false;
        }
        self.word.fetch_add(SEARCHING_ONE, AcqRel);
        true
    }

    /// Counts a worker that is about to be started as searching, so that no second one is started for the same push.
    pub fn start_search_for_new(&self) {
        self.word.fetch_add(SEARCHING_ONE, AcqRel);
    }

    /// Ends a search that found something; `true` if the caller was the last one searching.
    ///
    /// The last searcher must look at the queues once more, and [wake](Self::wake_one) another worker if there is
    /// something: pushes that came while it was searching woke nobody because of it.
    #[inline]
    #[must_use]
    pub fn stop_search(&self) -> bool {
        let last = Word(self.word.fetch_sub(SEARCHING_ONE, AcqRel)).searching() == 1;
        // Pairs with the fence of a pusher: it sees that nobody searches, or what it pushed is seen by the look.
        fence(SeqCst);
        last
    }

    /// Publishes that `worker` is about to sleep. It must look at every queue again before it does.
    pub fn park(&self, worker: usize, searching: bool) {
        let delta = if searching { PARKED_ONE.wrapping_sub(SEARCHING_ONE) } else { PARKED_ONE };
        self.word.fetch_add(delta, AcqRel);
        self.bitmap[worker / 64].fetch_or(1 << (worker % 64), AcqRel);
        // Pairs with the fence of `wake_one`: either the pusher sees this worker, or this worker sees the push.
        fence(SeqCst);
    }

    /// Ends the parking of `worker`, by itself.
    #[must_use]
    pub fn unpark(&self, worker: usize) -> Unparked {
        let bit = 1 << (worker % 64);
        if self.bitmap[worker / 64].fetch_and(!bit, AcqRel) & bit == 0 {
            return Unparked::Chosen;
        }
        self.word.fetch_sub(PARKED_ONE, AcqRel);
        Unparked::Alone
    }

    /// After a push: chooses a worker to wake, unless one is searching or none is parked.
    ///
    /// The chosen worker is counted as searching from here on; the caller gives it its parker's token.
    #[must_use]
    pub fn wake_one(&self) -> Option<usize> {
        self.wake_one_but(usize::MAX)
    }

    /// As [`wake_one`](Self::wake_one), but `last` only if no other is parked.
    #[must_use]
    pub fn wake_one_but(&self, last: usize) -> Option<usize> {
        // Pairs with the fence of `park`.
        fence(SeqCst);
        let word = self.word();
        if word.searching() > 0 || word.parked() == 0 {
            return None;
        }
        self.choose_but(last)
    }

    /// As [`wake_one`](Self::wake_one), but the first that is parked from `first` on, and after the last the first ones.
    #[must_use]
    pub fn wake_one_from(&self, first: usize) -> Option<usize> {
        // Pairs with the fence of `park`.
        fence(SeqCst);
        let word = self.word();
        if word.searching() > 0 || word.parked() == 0 {
            return None;
        }
        let all = self.bitmap.len() * 64;
        (0..all).map(|i| (first + i) % all).find(|&worker| self.take(worker))
    }

    /// Ends the parking of `worker` on its behalf, if it is parked.
    fn take(&self, worker: usize) -> bool {
        let bit = 1 << (worker % 64);
        let bits = &self.bitmap[worker / 64];
        if bits.load(Acquire) & bit == 0 || bits.fetch_and(!bit, AcqRel) & bit == 0 {
            return false;
        }
        self.word.fetch_add(SEARCHING_ONE.wrapping_sub(PARKED_ONE).wrapping_add(EPOCH_ONE), AcqRel);
        true
    }

    /// Chooses a parked worker, whoever searches.
    #[must_use]
    pub fn choose(&self) -> Option<usize> {
        self.choose_but(usize::MAX)
    }

    /// As [`choose`](Self::choose), but `last` only if no other is parked.
    #[must_use]
    pub fn choose_but(&self, last: usize) -> Option<usize> {
        for (index, bits) in self.bitmap.iter().enumerate() {
            let mut seen = bits.load(Acquire);
            let spared = if last / 64 == index { 1 << (last % 64) } else { 0 };
            while seen != 0 {
                let others = seen & !spared;
                let bit = 1 << if others == 0 { seen } else { others }.trailing_zeros();
                let old = bits.fetch_and(!bit, AcqRel);
                if old & bit != 0 {
                    self.word.fetch_add(SEARCHING_ONE.wrapping_sub(PARKED_ONE).wrapping_add(EPOCH_ONE), AcqRel);
                    return Some(index * 64 + bit.trailing_zeros() as usize);
                }
                seen = old & !bit;
            }
        }
        None
    }
}
