//! Who has something to report, in the order in which it came.

use std::collections::VecDeque;

use crate::kernel::Name;

/// Who has something to report, each once. Everything here takes constant time in the long run, however many there are.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    /// `Nobody` where somebody was taken out: never at either end, and no more than half whenever one has been taken out.
    queue: VecDeque<Name>,
    /// How many are `Nobody`.
    vacant: usize,
    /// The place of the first.
    first: u64,
}

/// Where somebody stands in [`Reports`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u64);

impl Reports {
    /// Adds somebody at the end.
    pub(crate) fn push(&mut self, name: Name) -> Place {
        self.queue.push_back(name);
        Place(self.first + self.queue.len() as u64 - 1)
    }

    /// Takes the first one out.
    pub(crate) fn pop(&mut self) -> Option<Name> {
        let name = self.queue.pop_front()?;
        self.first += 1;
        self.trim();
        Some(name)
    }

    /// Takes one out, wherever it stands; nobody, if it has been popped. `moved` hears of the new places of the others.
    pub(crate) fn remove(&mut self, place: Place, name: Name, mut moved: impl FnMut(Name, Place)) {
        let index = place.0.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        let there = index.and_then(|index| self.queue.get_mut(index));
        let Some(reported) = there.filter(|reported| **reported == name) else { return };
        *reported = Name::Nobody;
        self.vacant += 1;
        self.trim();
        if self.vacant * 2 > self.queue.len() {
            self.queue.retain(|name| *name != Name::Nobody);
            self.vacant = 0;
            (self.first..).zip(&self.queue).for_each(|(place, name)| moved(*name, Place(place)));
        }
    }

    /// Whether nobody has.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    fn trim(&mut self) {
        while self.queue.front() == Some(&Name::Nobody) {
            self.queue.pop_front();
            self.first += 1;
            self.vacant -= 1;
        }
        while self.queue.back() == Some(&Name::Nobody) {
            self.queue.pop_back();
            self.vacant -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Beside a list that is searched from its beginning.
    #[test]
    fn whoever_is_taken_out_must_be_the_one_that_is_meant() {
        let (mut reports, mut places) = (Reports::default(), HashMap::new());
        let mut model: Vec<u32> = Vec::new();
        let mut state = 7_u32;
        for number in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (kind, which) = (state >> 28, (state >> 8) as usize);
            if kind < 8 {
                places.insert(number, reports.push(Name::Source(number)));
                model.push(number);
            } else if kind < 10 || model.is_empty() {
                let first = (!model.is_empty()).then(|| model.remove(0));
                assert_eq!(reports.pop(), first.map(Name::Source));
            } else {
                let out = model.remove(which % model.len());
                let place = places.remove(&out).unwrap();
                let moved = |name, place| match name {
                    Name::Source(number) => drop(places.insert(number, place)),
                    _ => unreachable!("only sources are in it"),
                };
                reports.remove(place, Name::Source(out), moved);
                assert!(reports.queue.len() <= 2 * model.len(), "{} for {}", reports.queue.len(), model.len());
            }
            assert_eq!(reports.is_empty(), model.is_empty());
        }
        assert!(model.len() > 10, "{}", model.len());
        assert!(model.into_iter().all(|number| reports.pop() == Some(Name::Source(number))));
        assert!(reports.is_empty());
    }

    #[test]
    fn whoever_was_popped_must_not_take_another_out() {
        let mut reports = Reports::default();
        let place = reports.push(Name::Source(1));
        reports.push(Name::Source(2));
        assert_eq!(reports.pop(), Some(Name::Source(1)));
        reports.remove(place, Name::Source(1), |_, _| {});
        assert_eq!(reports.pop(), Some(Name::Source(2)));
    }
}
