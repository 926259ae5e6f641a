//! What every task carries: a few bytes of metadata and an id.

use std::fmt;

/// The metadata of a task: small enough to keep its header at 40 bytes.
///
/// async-task keeps one `bool` behind the metadata, so anything up to 7 bytes costs one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    slot: u16,
}

impl Meta {
    /// The metadata of a task that belongs to the runtime in the given slot.
    #[must_use]
    pub const fn in_slot(slot: u16) -> Self {
        Self { slot }
    }

    /// The slot of the task's runtime; 0 for tasks of plain executors, which do not look at it.
    #[must_use]
    #[inline]
    pub const fn slot(self) -> u16 {
        self.slot
    }
}

/// Names a task among all tasks of its runtime or executor; it is not used again before a million more of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(u64);

impl TaskId {
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
