//! An async runtime whose engine can be swapped: epoll, kqueue, IOCP, io_uring, poll or select behind one API.
//!
//! ```
//! use std::time::Duration;
//! use tenter::{Timer, channel, spawn};
//!
//! tenter::block_on(async {
//!     let (sender, receiver) = channel::bounded(4);
//!     let producer = spawn(async move {
//!         for i in 0..3 {
//!             Timer::after(Duration::from_millis(1)).await;
//!             sender.send(i).await.unwrap();
//!         }
//!     });
//!     let mut sum = 0;
//!     while let Ok(i) = receiver.recv().await {
//!         sum += i;
//!     }
//!     producer.await;
//!     assert_eq!(sum, 3);
//! });
//! ```
//!
//! Names follow smol where it has the thing ([`spawn`], [`Task`], [`Async`], [`Timer`], [`unblock`], [`Unblock`]), then tokio
//! ([`Runtime`], [`Builder`], [`Handle`], [`time::timeout`]), then asyncio ([`queue::Queue`]).
//!
//! # Choosing the engine
//! Cargo features compile reactors in (`epoll`, `kqueue`, `iocp`, `poll`, `select` by default, `uring` and `polling`; each where
//! the operating system has it). Which one a runtime gets is decided when it is built: by [`Builder::reactor`] or [`Builder::reactors`], else by the environment variable
//! `TENTER_REACTOR`, else it is the best that works here. [`Handle::reactor_report`] tells.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(inline)]
pub use tenter_io::{Async, Timer, Unblock};
#[doc(inline)]
pub use tenter_queue as queue;
#[doc(inline)]
pub use tenter_runtime::{
    Backend, BuildError, Builder, FallibleTask, Handle, Lane, Latency, Metrics, Runtime, Task, TaskId, block_on,
    inspect_sockets, spawn, tasks, try_unblock, unblock,
};
#[doc(inline)]
pub use tenter_scheduler::{Executor, LocalExecutor};

pub use futures_lite::{pin, ready};

/// `#[tenter::main]`: an async `main` function.
#[cfg(feature = "macros")]
#[doc(inline)]
pub use tenter_macros::main;

/// `#[tenter::test]`: an async test function.
#[cfg(feature = "macros")]
#[doc(inline)]
pub use tenter_macros::test;

/// TCP, UDP, Unix sockets, and names.
#[cfg(feature = "net")]
#[doc(inline)]
pub use tenter_net as net;

/// Files and directories.
#[cfg(feature = "fs")]
#[doc(inline)]
pub use tenter_fs as fs;

/// Child processes.
#[cfg(feature = "process")]
#[doc(inline)]
pub use tenter_process as process;

/// Signals of the operating system: Ctrl-C and others.
#[cfg(feature = "signal")]
#[doc(inline)]
pub use tenter_signal as signal;

/// One current-thread runtime per core.
#[doc(inline)]
pub use tenter_runtime::per_core;

/// Channels: many producers and many consumers, one of each for one value, each message for everyone, the latest value.
#[doc(inline)]
pub use tenter_channel as channel;

/// Locks that are awaited: `Mutex`, `RwLock`, `Semaphore`, `Barrier`, `OnceCell`.
#[doc(inline)]
pub use async_lock as lock;

/// Signals between tasks that carry no message: `Notify`, `Event`, `Barrier`, `Condvar`.
#[doc(inline)]
pub use tenter_channel::sync;

/// Combinators of futures.
#[doc(inline)]
pub use futures_lite::future;

/// Combinators of streams.
#[doc(inline)]
pub use futures_lite::stream;

/// The traits that make futures, streams, readers and writers comfortable.
#[doc(inline)]
pub use futures_lite::prelude;

/// Reading and writing, [`Async`] for what has no type of its own, and buffered streams that lose nothing when they are cancelled.
pub mod io {
    #[doc(inline)]
    pub use futures_lite::io::*;
    #[doc(inline)]
    pub use tenter_io::{Async, IoSafe, Readable, ReadableOwned, Writable, WritableOwned};
    #[doc(inline)]
    pub use tenter_io::{
        CopyError, DuplexReader, DuplexStream, DuplexWriter, ReadError, StreamReader, StreamWriter, WriteError,
        WriteMarks, codec, copy_bidirectional, duplex,
    };
    #[cfg(windows)]
    #[doc(inline)]
    pub use tenter_io::{IntoInnerError, Waitable};
}

/// Sleeping, timeouts, intervals.
pub mod time {
    #[doc(inline)]
    pub use tenter_io::Timer;
    #[doc(inline)]
    pub use tenter_io::time::*;
}

/// About tasks: who is running, which there are, and what happens to panics that nobody awaits.
pub mod task {
    #[doc(inline)]
    pub use tenter_runtime::{
        FallibleTask, SlowPoll, Task, TaskBuilder, TaskDetails, TaskId, TaskInfo, TaskList, TaskState, TaskTree,
        UnhandledPanic, UnhandledPanicHook, current_id, current_name, set_unhandled_panic_hook, tasks,
    };

    /// A budget of operations per task poll: a task whose channels and sockets are always ready still gives way to others.
    pub mod coop {
        #[doc(inline)]
        pub use tenter_runtime::coop::{Unconstrained, consume_budget, has_budget_remaining, unconstrained};
    }
}

/// Writing a reactor of one's own, and how a runtime's reactor was chosen.
pub mod reactor {
    #[doc(inline)]
    pub use tenter_reactor::*;
    #[doc(inline)]
    pub use tenter_runtime::{ChosenBy, ReactorReport, Trial};
}

/// Runs the example of the guide.
#[cfg(all(doctest, unix))]
#[doc = include_str!("../../../docs/REACTORS.md")]
struct Guide;

/// Runs the examples of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/DEBUGGING.md")]
struct Debugging;
