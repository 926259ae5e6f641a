//! Scheduler, driver, blocking pool and reactors, put together: [`Runtime`], [`Builder`], [`Handle`].
//!
//! A runtime is made of one of each. Which reactor it waits in is chosen when it is built, see [`Backend`]. What is
//! called without a runtime (the free functions here) uses the *ambient* one: the one that the thread is in, else a
//! default one, which is made at first use.

mod ambient;
mod backend;
mod builder;
mod choice;
mod error;
mod handle;
mod inspect;
pub mod per_core;
mod runtime;
mod seed;
mod shared;
mod source;
mod submission;
mod switch;
mod timer;

pub use ambient::{block_on, spawn, try_unblock, unblock};
pub use backend::Backend;
pub use builder::Builder;
pub use choice::{ChosenBy, ReactorReport, Trial};
pub use error::BuildError;
pub use handle::{Handle, TaskBuilder};
pub use inspect::{Metrics, TaskDetails, TaskInfo, TaskList, TaskState, TaskTree, inspect_sockets, tasks};
pub use runtime::Runtime;
pub use source::{Ready, Source, WaiterKey};
pub use submission::Submission;
pub use tenter_blocking::{Lane, SpawnError};
pub use tenter_core::{clock::Clock, coop};
pub use tenter_driver::Direction;
pub use tenter_reactor::{Action, Completed, Operation, Reactor, ReactorConfig, Refused};
pub use tenter_scheduler::{Latency, SlowPoll};
pub use tenter_task::{
    FallibleTask, Task, TaskId, UnhandledPanic, UnhandledPanicHook, current_id, current_name, set_unhandled_panic_hook,
};
pub use timer::TimerRegistration;
