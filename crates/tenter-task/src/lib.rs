//! How a future becomes a task of the tenter runtime.
//!
//! This crate knows no runtime. It wraps a future (so that panics are caught and reported, and the
//! spawner is told when the future is gone), allocates it with [`async_task`], and gives back a
//! [`Runnable`] for the scheduler and a [`Task`] for the user.
//!
//! ```
//! use std::sync::mpsc;
//! use tenter_task::{Meta, Spawn, TaskId};
//!
//! let (queue, runnables) = mpsc::channel();
//! let (runnable, task) = Spawn::new(Meta::default(), TaskId::from_u64(1)).build(async { 1 + 2 }, move |r| queue.send(r).unwrap());
//! runnable.schedule();
//! runnables.recv().unwrap().run();
//! assert!(task.is_finished());
//! ```

mod future;
mod meta;
mod panic;
pub mod record;
mod site;
mod spawn;
mod task;

pub use future::{Tracker, current_id, current_name};
pub use meta::{Meta, TaskId};
pub use panic::{UnhandledPanic, UnhandledPanicHook, set_unhandled_panic_hook};
pub use spawn::{Spawn, schedule_with_info};
pub use task::{FallibleTask, Task};

/// A task that is ready to be polled once.
pub type Runnable = async_task::Runnable<Meta>;
