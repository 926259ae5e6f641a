//! What every part of tenter stands on: the std/loom facade, the wait list, the clock seam.

pub mod clock;
pub mod park;
pub mod sync;
pub mod wait_list;
