//! Numbers for new tasks: each thread takes some at a time, so that spawning threads share nothing.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::registry::TURN;

/// The next number; wraps.
#[inline]
pub(crate) fn next() -> u32 {
    thread_local! {
        /// The number after the last one; a multiple of [`TURN`] if there is none left.
        static NEXT: Cell<u32> = const { Cell::new(0) };
    }
    let next = NEXT.get();
    let number = if next % TURN == 0 { take_turn() } else { next };
    NEXT.set(number.wrapping_add(1));
    number
}

#[cold]
fn take_turn() -> u32 {
    static TURNS: AtomicU32 = AtomicU32::new(0);
    TURNS.fetch_add(1, Relaxed).wrapping_mul(TURN)
}
