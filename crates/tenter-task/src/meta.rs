//! What every task carries: a few bytes of metadata and an id.

use std::fmt;

/// The metadata of a task: small enough to keep its header at 40 bytes.
///
/// async-task keeps one `bool` behind the metadata, so anything up to 7 bytes costs one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    slot: u16,
    /// Of a task that has a [record](crate::record): its number, and [`MARK`] in the upper half. In halves, because the whole
    /// would ask for a place that is a multiple of four.
    recorded: [u16; 2],
}

const MARK: u16 = 1 << 15;

const _: () = assert!(size_of::<Meta>() <= 7);

impl Meta {
    /// The metadata of a task that belongs to the runtime in the given slot.
    #[must_use]
    pub const fn in_slot(slot: u16) -> Self {
        Self { slot, recorded: [0; 2] }
    }

    /// The slot of the task's runtime; 0 for tasks of plain executors, which do not look at it.
    #[must_use]
    #[inline]
    pub const fn slot(self) -> u16 {
        self.slot
    }

    /// The same for a task that has a [record](crate::record), with the number by which its runtime knows it, of 31 bits.
    #[must_use]
    pub const fn recorded(self, number: u32) -> Self {
        Self { recorded: [number as u16, (number >> 16) as u16 | MARK], ..self }
    }

    /// Whether the task has a record.
    #[must_use]
    #[inline]
    pub const fn is_recorded(self) -> bool {
        self.recorded[1] & MARK != 0
    }

    /// The number of a task that has a record.
    #[must_use]
    pub const fn record(self) -> Option<u32> {
        if self.is_recorded() {
            Some(self.recorded[0] as u32 | ((self.recorded[1] & !MARK) as u32) << 16)
        } else {
            None
        }
    }
}

/// Names a task among all tasks of its runtime or executor; it is not used again before a million more of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(u64);

/// Set in the id that is in a handle of a task with a record; no id has it.
const RECORDED: u64 = 1 << 63;

impl TaskId {
    /// The id for a handle: marked if the task has a record.
    #[inline]
    pub(crate) const fn marked(self, recorded: bool) -> Self {
        Self(self.0 | (recorded as u64) << 63)
    }

    #[inline]
    pub(crate) const fn is_marked(self) -> bool {
        self.0 & RECORDED != 0
    }

    #[inline]
    pub(crate) const fn unmarked(self) -> Self {
        Self(self.0 & !RECORDED)
    }

    /// From its number.
    #[must_use]
    pub const fn from_u64(id: u64) -> Self {
        Self(id)
    }

    /// Its number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({self})")
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_records_come_back() {
        let plain = Meta::in_slot(4095);
        assert_eq!((plain.slot(), plain.record()), (4095, None));
        for number in [0, 0xffff, 0x1_0000, (1 << 26) - 1, u32::MAX >> 1] {
            let recorded = plain.recorded(number);
            assert_eq!((recorded.slot(), recorded.record()), (4095, Some(number)));
        }
    }

    #[test]
    fn a_mark_is_not_part_of_an_id() {
        let id = TaskId::from_u64(7);
        assert!(id.marked(true).is_marked() && !id.marked(false).is_marked());
        assert_eq!(id.marked(true).unmarked(), id);
    }
}
