//! What every part of tenter stands on: the std/loom facade, the wait list, the budget, the clock seam, prefetching.

pub mod clock;
pub mod coop;
pub mod park;
pub mod prefetch;
pub mod sync;
pub mod wait_list;
