//! The blocking pool of the tenter runtime: threads for work that would hold up an async worker.
//!
//! A [`Pool`] starts its threads lazily, up to a limit, wakes the one that went idle last, and lets
//! idle ones go after a while. Kinds of work have [lanes](Lane) with limits of their own. It never loses a job: a job that was accepted is run, or dropped by a
//! [shutdown](Pool::shutdown), and a job for which no thread can be had is refused with an error.
//!
//! ```
//! use tenter_blocking::{Pool, PoolConfig};
//!
//! let pool = Pool::new(PoolConfig::new().max_threads(4));
//! let task = pool.spawn(|| std::fs::metadata(".").is_ok());
//! assert!(futures_lite::future::block_on(task));
//! ```
#![forbid(unsafe_code)]

mod config;
mod error;
mod lane;
mod pace;
mod pool;
#[doc(hidden)]
pub mod queue;
mod spin;
mod state;
#[doc(hidden)]
pub mod threads;

pub use config::PoolConfig;
pub use error::SpawnError;
pub use lane::Lane;
pub use pool::Pool;
pub use spin::Spin;
