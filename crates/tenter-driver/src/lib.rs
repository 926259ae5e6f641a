#![doc = include_str!("../README.md")]
//!
//! # Modules
//! `source` is one registered source and the slab of them, `timer` is the wheel, `driver` joins both over a reactor,
//! `seat` waits, `sleep` is the handshake between the waiting thread and foreign timers, `wake` when it wakes for timers,
//! `lateness` what the system adds to a sleep.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod driver;
mod lateness;
mod lock;
mod seat;
mod sleep;
mod source;
mod timer;
mod wake;

pub use driver::Driver;
pub use seat::{MOST_EVENTS, Seat};
pub use source::{Direction, Ready, Registration, Submission, WaiterKey};
pub use timer::TimerKey;
