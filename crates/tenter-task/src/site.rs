//! Where a task was spawned, and its name.

use std::fmt;
use std::panic::Location;
use std::ptr::NonNull;

/// A task's spawn site, and its name if it has one, in one word: a second one would be in every task, and a type for tasks
/// with a name would have the compiler make all of a task's functions twice for every future that is spawned.
///
/// The word is the address of the [`Location`], or of a box with both, told apart by the lowest bit, which the alignment
/// of either leaves free.
pub(crate) struct Site(NonNull<()>);

struct Named {
    spawned_at: &'static Location<'static>,
    name: Box<str>,
}

const NAMED: usize = 1;
const _: () = assert!(align_of::<Location<'_>>() > NAMED && align_of::<Named>() > NAMED);

// SAFETY: it is a `&'static Location` or a `Box<Named>`, which can be sent.
unsafe impl Send for Site {}
// SAFETY: as above, they can be shared.
unsafe impl Sync for Site {}

impl Site {
    #[inline]
    pub(crate) fn new(spawned_at: &'static Location<'static>, name: Option<Box<str>>) -> Self {
        match name {
            None => Self(NonNull::from(spawned_at).cast()),
            Some(name) => Self::named(Named { spawned_at, name }),
        }
    }

    #[cold]
    fn named(named: Named) -> Self {
        let address = NonNull::from(Box::leak(Box::new(named)));
        Self(address.cast().map_addr(|address| address | NAMED))
    }

    pub(crate) fn spawned_at(&self) -> &'static Location<'static> {
        match self.box_address() {
            // SAFETY: without the mark the word was made from such a reference.
            None => unsafe { self.0.cast().as_ref() },
            // SAFETY: with the mark it is a box's address, and the box lives as long as `self`.
            Some(named) => unsafe { (*named).spawned_at },
        }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        // SAFETY: the box lives as long as `self`.
        self.box_address().map(|named| unsafe { &*(*named).name })
    }

    /// The address of the box, if there is one.
    #[inline]
    fn box_address(&self) -> Option<*mut Named> {
        let is_named = self.0.addr().get() & NAMED != 0;
        is_named.then(|| self.0.as_ptr().map_addr(|address| address & !NAMED).cast())
    }
}

impl Clone for Site {
    #[inline]
    fn clone(&self) -> Self {
        match self.name() {
            None => Self(self.0),
            Some(name) => Self::new(self.spawned_at(), Some(name.into())),
        }
    }
}

impl Drop for Site {
    #[inline]
    fn drop(&mut self) {
        if let Some(named) = self.box_address() {
            // SAFETY: `named` leaked the box, and it is freed here and nowhere else.
            drop(unsafe { Box::from_raw(named) });
        }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("spawned_at", self.spawned_at()).field("name", &self.name()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_word_that_knows_both() {
        assert_eq!(size_of::<Site>(), size_of::<usize>());
        let here = Location::caller();
        let plain = Site::new(here, None);
        assert_eq!((plain.spawned_at(), plain.name()), (here, None));
        let named = Site::new(here, Some("ticker".into()));
        assert_eq!((named.spawned_at(), named.name()), (here, Some("ticker")));
    }

    #[test]
    fn a_clone_has_a_name_of_its_own() {
        let named = Site::new(Location::caller(), Some("".into()));
        let clone = named.clone();
        drop(named);
        assert_eq!(clone.name(), Some(""));
    }
}
