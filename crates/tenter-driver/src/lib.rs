//! Sources and timers over any tenter reactor.
//!
//! A [`Driver`] turns what a reactor reports into wakers. It keeps one entry for each registered source and a
//! wheel of timers for each worker, and it knows no scheduler: [`Seat::turn`] hands the wakers back, whoever holds
//! the [`Seat`] wakes them. The protocols behind the packed word of a source, the generations in its token and the
//! timers of foreign threads are written down, with proof sketches, in this crate's `README.md`.
//!
//! A directory of the modules: `source` is one registered source and the slab of them, `timer` is the wheel,
//! `driver` joins both, `seat` waits, `sleep` is the handshake between the waiting thread and foreign timers.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod driver;
mod lock;
mod seat;
mod sleep;
mod source;
mod timer;

pub use driver::Driver;
pub use seat::Seat;
pub use source::{Direction, Ready, Registration, WaiterKey};
pub use timer::TimerKey;
