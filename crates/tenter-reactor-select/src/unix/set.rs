//! Sets of descriptors, as long as they need to be.

use std::fmt;
use std::os::fd::RawFd;

use rustix::event::{FdSetElement, fd_set_insert, fd_set_num_elements};

const BITS: usize = size_of::<FdSetElement>() * 8;

/// One of select's bit vectors.
#[derive(Default)]
pub(super) struct Set(Vec<FdSetElement>);

impl Set {
    /// Empties the set and gives it room for numbers below `bound`.
    pub(super) fn reset(&mut self, bound: RawFd) {
        self.0.clear();
        self.0.resize(fd_set_num_elements(0, bound), FdSetElement::default());
    }

    /// Adds a number below the bound.
    pub(super) fn insert(&mut self, fd: RawFd) {
        fd_set_insert(&mut self.0, fd);
    }

    /// Whether a number is in the set. (rustix can only iterate; this looks at the one word that has the number.)
    pub(super) fn contains(&self, fd: RawFd) -> bool {
        let Ok(index) = usize::try_from(fd) else { return false };
        let word = self.0.get(index / BITS..=index / BITS);
        word.is_some_and(|word| rustix::event::FdSetIter::new(word).any(|bit| bit as usize == index % BITS))
    }

    /// The elements, for the call.
    pub(super) fn elements(&mut self) -> &mut [FdSetElement] {
        &mut self.0
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Set").field("bound", &(self.0.len() * BITS)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_inserted_and_nothing_else() {
        let mut set = Set::default();
        let numbers = [0, 1, 31, 32, 63, 64, 65, 1023, 1024, 1500];
        set.reset(1501);
        for fd in numbers {
            set.insert(fd);
        }
        for fd in -1..3000 {
            assert_eq!(set.contains(fd), numbers.contains(&fd), "number {fd}");
        }
        set.reset(10);
        assert!((-1..3000).all(|fd| !set.contains(fd)));
    }

    #[test]
    #[should_panic(expected = "out of bounds")]
    fn inserting_beyond_the_bound_must_not_write_out_of_bounds() {
        let mut set = Set::default();
        set.reset(1024);
        set.insert(1500);
    }
}
