//! Signals between tasks that carry no message: notifications, events, barriers, condition variables.
//!
//! * [`Notify`], tokio's: wakes one waiter, now or the next that comes, or all that there are.
//! * [`Event`], asyncio's: a flag that tasks wait for.
//! * [`Barrier`], asyncio's: tasks wait for each other; it can be reset and aborted, where async-lock's can't.
//! * [`Condvar`]: tasks wait, outside of a lock of async-lock's, for what it guards to change.
//!
//! ```
//! # futures_lite::future::block_on(async {
//! use tenter_channel::sync::Event;
//!
//! static READY: std::sync::LazyLock<Event> = std::sync::LazyLock::new(Event::new);
//!
//! std::thread::spawn(|| READY.set());
//! READY.wait().await;
//! # });
//! ```

#![forbid(unsafe_code)]

mod barrier;
mod condvar;
mod event;
mod line;
mod notify;

pub use barrier::{Barrier, BrokenBarrierError};
pub use condvar::Condvar;
pub use event::Event;
pub use notify::{Notified, Notify};
