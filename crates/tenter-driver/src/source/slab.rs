//! The slab of sources: chunks that are never freed, so that a late token meets an entry and not a hole.

use std::io;
use std::sync::OnceLock;

use tenter_core::sync::Mutex;

use super::entry::Entry;
use super::raw::RawSource;
use super::slot::{MAX_SLOTS, Slot};
use crate::lock::lock;

/// The length of chunk 0; each next chunk is twice as long. Small under loom, which counts every lock.
const FIRST_CHUNK: u32 = if cfg!(tenter_loom) { 2 } else { 64 };

/// Enough chunks for every index: all of them hold more than 2^32 entries.
const CHUNKS: usize = 33 - FIRST_CHUNK.ilog2() as usize;

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

/// Chunk and position of an index: chunk `k` starts at `FIRST_CHUNK * (2^k - 1)`.
fn locate(index: u32) -> (usize, usize) {
    let shifted = u64::from(index) + u64::from(FIRST_CHUNK);
    let chunk = shifted.ilog2() - FIRST_CHUNK.ilog2();
    (chunk as usize, (shifted - (u64::from(FIRST_CHUNK) << chunk)) as usize)
}

impl Slab {
    pub(crate) fn new() -> Self {
        Self { chunks: [const { OnceLock::new() }; CHUNKS], vacancies: Mutex::new(Vacancies::default()) }
    }

    /// The entry of an index, if that part of the slab was ever used.
    pub(crate) fn get(&self, index: u32) -> Option<&Entry> {
        let (chunk, position) = locate(index);
        self.chunks.get(chunk)?.get()?.get(position)
    }

    /// Starts the life of a slot.
    pub(crate) fn open(&self, source: RawSource) -> io::Result<Slot> {
        let index = self.take_vacancy()?;
        let generation = self.get(index).expect("a vacancy is a slot of this slab").open(source);
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
        let (chunk, _) = locate(index);
        self.chunks[chunk].get_or_init(|| (0..u64::from(FIRST_CHUNK) << chunk).map(|_| Entry::vacant()).collect());
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
    pub(crate) fn entry(&self, slot: Slot) -> &Entry {
        self.get(slot.index).expect("a slot is of the slab that opened it")
    }
}

#[cfg(all(test, not(tenter_loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_index_has_a_place_of_its_own() {
        assert_eq!(locate(0), (0, 0));
        assert_eq!(locate(FIRST_CHUNK - 1), (0, FIRST_CHUNK as usize - 1));
        assert_eq!(locate(FIRST_CHUNK), (1, 0));
        assert_eq!(locate(3 * FIRST_CHUNK), (2, 0));
        let (chunk, position) = locate(MAX_SLOTS - 1);
        assert!(chunk < CHUNKS && position < (FIRST_CHUNK as usize) << chunk);
    }

    #[test]
    fn slots_are_reused_with_a_new_generation() {
        let slab = Slab::new();
        let first = slab.open(RawSource::VACANT).unwrap();
        slab.entry(first).close();
        slab.release(first);
        let second = slab.open(RawSource::VACANT).unwrap();
        assert_eq!(second.index, first.index);
        assert_eq!(second.generation, first.generation.next());
        assert!(slab.entry(first).word.look(first.generation).is_none());
        assert!(slab.entry(second).word.look(second.generation).is_some());
    }

    #[test]
    fn entries_stay_where_they_are_while_the_slab_grows() {
        let slab = Slab::new();
        let first = slab.open(RawSource::VACANT).unwrap();
        let place: *const Entry = slab.entry(first);
        for index in 1..=4 * FIRST_CHUNK {
            assert_eq!(slab.open(RawSource::VACANT).unwrap().index, index);
        }
        assert!(std::ptr::eq(place, slab.entry(first)));
        assert!(slab.get(MAX_SLOTS - 1).is_none());
    }
}
