//! The slab of sources: chunks that are never freed, so that a late token meets an entry and not a hole.

use std::io;
use std::sync::OnceLock;

use tenter_core::sync::Mutex;

use super::entry::Entry;
use super::raw::RawSource;
use super::slot::{MAX_SLOTS, Slot};
use crate::lock::lock;

/// The slots before the first doubling. Small under loom, which counts every lock.
const FIRST: u32 = if cfg!(tenter_loom) { 4 } else { 64 };

/// Each doubling of the slab is done in so many steps, so that at most a fifth of a large slab has never been used.
const STEPS: u32 = 4;

/// Enough chunks for every index: all of them hold more than 2^32 entries.
const CHUNKS: usize = (STEPS * (33 - FIRST.ilog2())) as usize;

/// The slab. Lookup takes no lock; taking and giving back a slot takes one.
#[derive(Debug)]
pub(crate) struct Slab {
    chunks: [OnceLock<Box<[Entry]>>; CHUNKS],
    vacancies: Mutex<Vacancies>,
}

#[derive(Debug, Default)]
struct Vacancies {
    /// Slots that were used and given back.
    used: Vec<u32>,
    /// All slots from this one on have never been used.
    fresh: u32,
}

/// Where an index is.
struct Place {
    chunk: usize,
    position: usize,
    /// Of the chunk.
    length: usize,
}

/// Shifted by [`FIRST`], an index is read like a floating-point number: its highest bit is the doubling, the next two
/// are the step in it, the rest is the position.
#[inline]
fn locate(index: u32) -> Place {
    let shifted = u64::from(index) + u64::from(FIRST);
    let rest = shifted.ilog2() - STEPS.ilog2();
    let length = 1 << rest;
    let step = (shifted >> rest) as usize - STEPS as usize;
    let doubling = (rest + STEPS.ilog2() - FIRST.ilog2()) as usize;
    Place { chunk: doubling * STEPS as usize + step, position: shifted as usize & (length - 1), length }
}

impl Slab {
    pub(crate) fn new() -> Self {
        Self { chunks: [const { OnceLock::new() }; CHUNKS], vacancies: Mutex::new(Vacancies::default()) }
    }

    /// The entry of an index, if that part of the slab was ever used.
    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<&Entry> {
        let Place { chunk, position, .. } = locate(index);
        self.chunks.get(chunk)?.get()?.get(position)
    }

    /// Starts the life of a slot; `watched` as for [`Entry::open`].
    pub(crate) fn open(&self, source: RawSource, watched: bool) -> io::Result<Slot> {
        let index = self.take_vacancy()?;
        let generation = self.get(index).expect("a vacancy is a slot of this slab").open(source, watched);
        Ok(Slot { index, generation })
    }

    fn take_vacancy(&self) -> io::Result<u32> {
        let mut vacancies = lock(&self.vacancies);
        if let Some(index) = vacancies.used.pop() {
            return Ok(index);
        }
        let index = vacancies.fresh;
        if index == MAX_SLOTS {
            return Err(io::Error::new(io::ErrorKind::OutOfMemory, "too many sources: deregister some first"));
        }
        let Place { chunk, length, .. } = locate(index);
        self.chunks[chunk].get_or_init(|| (0..length).map(|_| Entry::vacant()).collect());
        vacancies.fresh += 1;
        Ok(index)
    }

    /// Gives a slot back whose life was closed and whose source is deregistered.
    pub(crate) fn release(&self, slot: Slot) {
        debug_assert!(self.get(slot.index).is_some_and(|entry| entry.word.generation() != slot.generation));
        lock(&self.vacancies).used.push(slot.index);
    }

    /// Every entry that was ever used, with the slot of its present life.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (Slot, &Entry)> {
        let entries = self.chunks.iter().map_while(OnceLock::get).flatten();
        entries.zip(0..).map(|(entry, index)| (Slot { index, generation: entry.word.generation() }, entry))
    }

    /// The entry of a slot, whichever life it is in.
    ///
    /// # Panics
    /// If the slot is not of this slab.
    #[inline]
    pub(crate) fn entry(&self, slot: Slot) -> &Entry {
        self.get(slot.index).expect("a slot is of the slab that opened it")
    }
}

#[cfg(all(test, not(tenter_loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_index_has_a_place_of_its_own() {
        let mut next = (0, 0);
        for index in 0..if cfg!(miri) { 3000 } else { 1_000_000 } {
            let place = locate(index);
            assert_eq!((place.chunk, place.position), next);
            next = if place.position + 1 == place.length { (next.0 + 1, 0) } else { (next.0, next.1 + 1) };
        }
        let last = locate(MAX_SLOTS - 1);
        assert!(last.chunk < CHUNKS && last.position < last.length);
    }

    #[test]
    fn a_fifth_of_the_slab_at_most_is_unused() {
        for used in [FIRST, 1000, 3000, 5000, 15_000, 100_000] {
            let last = locate(used - 1);
            let unused = last.length - last.position - 1;
            assert!(unused * 4 <= used as usize, "{unused} beyond {used}");
        }
    }

    #[test]
    fn slots_are_reused_with_a_new_generation() {
        let slab = Slab::new();
        let first = slab.open(RawSource::VACANT, false).unwrap();
        slab.entry(first).close();
        slab.release(first);
        let second = slab.open(RawSource::VACANT, false).unwrap();
        assert_eq!(second.index, first.index);
        assert_eq!(second.generation, first.generation.next());
        assert!(slab.entry(first).word.look(first.generation).is_none());
        assert!(slab.entry(second).word.look(second.generation).is_some());
    }

    #[test]
    fn entries_stay_where_they_are_while_the_slab_grows() {
        let slab = Slab::new();
        let first = slab.open(RawSource::VACANT, false).unwrap();
        let place: *const Entry = slab.entry(first);
        for index in 1..=4 * FIRST {
            assert_eq!(slab.open(RawSource::VACANT, false).unwrap().index, index);
        }
        assert!(std::ptr::eq(place, slab.entry(first)));
        assert!(slab.get(MAX_SLOTS - 1).is_none());
    }
}
