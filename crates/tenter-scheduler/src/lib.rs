//! The work-stealing scheduler of the tenter runtime.
//!
//! It polls tasks and sleeps when there are none; what it sleeps *on* is behind [`Park`]. The sleep protocol, with
//! its proof, is in the README beside this crate's manifest.

pub mod idle;
pub mod injector;
mod item;
pub mod lifo;
mod park;
pub mod parker;
pub mod registry;
pub mod ring;
pub mod tally;
pub mod watch;

#[cfg(not(tenter_loom))]
mod chaos;
#[cfg(not(tenter_loom))]
mod context;
#[cfg(not(tenter_loom))]
mod counts;
#[cfg(not(tenter_loom))]
mod debug;
#[cfg(not(tenter_loom))]
mod executor;
#[cfg(not(tenter_loom))]
mod hooks;
#[cfg(not(tenter_loom))]
mod load;
#[cfg(not(tenter_loom))]
mod numbers;
#[cfg(not(tenter_loom))]
mod pace;
#[cfg(not(tenter_loom))]
mod root;
#[cfg(not(tenter_loom))]
mod round;
#[cfg(not(tenter_loom))]
mod schedule;
#[cfg(not(tenter_loom))]
mod scheduler;
#[cfg(not(tenter_loom))]
mod seat;
#[cfg(not(tenter_loom))]
mod signal;
#[cfg(not(tenter_loom))]
mod sleep;
#[cfg(not(tenter_loom))]
mod slot;
#[cfg(not(tenter_loom))]
mod spill;
#[cfg(not(tenter_loom))]
mod spin;
#[cfg(not(tenter_loom))]
mod weak;
#[cfg(not(tenter_loom))]
mod worker;

#[cfg(not(tenter_loom))]
pub use counts::Counts;
#[cfg(not(tenter_loom))]
pub use debug::{Debug, SlowPoll, SlowPollHook};
#[cfg(not(tenter_loom))]
pub use executor::{Executor, LocalExecutor};
#[cfg(not(tenter_loom))]
pub use hooks::ThreadHook;
pub use item::Item;
pub use park::{NoPark, Park};
#[cfg(not(tenter_loom))]
pub use scheduler::{Config, MAX_WORKERS, MakeError, Scheduler};
#[cfg(not(tenter_loom))]
pub use spin::Latency;
#[cfg(not(tenter_loom))]
pub use weak::{View, WeakScheduler};
