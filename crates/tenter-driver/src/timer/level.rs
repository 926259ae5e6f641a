//! Where in the wheel a deadline belongs.

use super::Nanos;

/// A tick is 2^16 ns = 65.536 µs: short against the 1 ms of other runtimes' timers, long enough that six levels
/// of 64 slots reach 2^52 ns, about 52 days.
const TICK_BITS: u32 = 16;

/// The slots of a level are the bits of one `u64`.
const SLOT_BITS: u32 = 6;
pub(crate) const SLOTS: usize = 1 << SLOT_BITS;
pub(crate) const LEVELS: usize = 6;

/// The list beyond the levels, for deadlines in later turns of the whole wheel.
pub(crate) const OVERFLOW: usize = LEVELS * SLOTS;
pub(crate) const LISTS: usize = OVERFLOW + 1;

/// Time in ticks since the driver was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(u64);

impl Tick {
    /// The tick that a time is within.
    pub(crate) const fn of(time: Nanos) -> Self {
        Self(time >> TICK_BITS)
    }

    /// When it begins.
    pub(crate) const fn time(self) -> Nanos {
        self.0 << TICK_BITS
    }

    /// The list that a deadline within tick `self` is on while the wheel is at tick `at` (not after `self`): the
    /// level is the highest base-64 digit in which they differ, the slot is that digit.
    pub(crate) fn list_at(self, at: Self) -> usize {
        debug_assert!(self >= at);
        let level = (63 - ((self.0 ^ at.0) | 1).leading_zeros()) / SLOT_BITS;
        if level as usize >= LEVELS {
            return OVERFLOW;
        }
        let slot = (self.0 >> (level * SLOT_BITS)) as usize % SLOTS;
        level as usize * SLOTS + slot
    }

    /// The first tick of a list, when the wheel is at tick `at`.
    pub(crate) fn start_of(list: usize, at: Self) -> Self {
        let shift = (list / SLOTS) as u32 * SLOT_BITS;
        let above = at.0 >> (shift + SLOT_BITS) << (shift + SLOT_BITS);
        Self(above | ((list % SLOTS) as u64) << shift)
    }

    /// The first tick of the turn of the whole wheel that `self` is in.
    pub(crate) fn start_of_turn(self) -> Self {
        let shift = LEVELS as u32 * SLOT_BITS;
        Self(self.0 >> shift << shift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_starts_at_or_before_its_deadlines() {
        let at = Tick(0x123_4567_89ab);
        for ahead in (0..50).map(|bit| (1_u64 << bit) - 1) {
            let tick = Tick(at.0 + ahead);
            let list = tick.list_at(at);
            if list == OVERFLOW {
                assert!(tick.start_of_turn() > at);
            } else {
                let start = Tick::start_of(list, at);
                assert!(start <= tick && tick.0 - start.0 < 1 << (6 * (list / SLOTS)), "{tick:?} in {list}");
                assert!(list / SLOTS == 0 || start > at);
            }
        }
    }

    #[test]
    fn the_range_is_52_days() {
        let day = 24 * 3600 * 1_000_000_000;
        assert_ne!(Tick::of(52 * day).list_at(Tick(0)), OVERFLOW);
        assert_eq!(Tick::of(53 * day).list_at(Tick(0)), OVERFLOW);
    }
}
