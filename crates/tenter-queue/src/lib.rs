//! Joinable producer/consumer queues: asyncio's `Queue`, `LifoQueue` and `PriorityQueue` for Rust.
//!
//! A queue counts the items that were put and are not finished yet, so that [`join`](JoinableQueue::join) can wait
//! until all the work is done, not merely taken. [`get`](JoinableQueue::get) hands out an [`Item`]: a guard that counts
//! its item as finished when it is dropped, so that a consumer that panics, returns early or is cancelled cannot make
//! `join` hang.
//!
//! ```
//! # futures_lite::future::block_on(async {
//! use tenter_queue::Queue;
//!
//! let queue = Queue::bounded(16);
//! let worker = std::thread::spawn({
//!     let queue = queue.clone();
//!     move || {
//!         let mut sum = 0;
//!         while let Ok(item) = queue.get_blocking() {
//!             sum += *item;
//!         } // each item is finished here
//!         sum
//!     }
//! });
//!
//! for i in 1..=100 {
//!     queue.put(i).await.unwrap();
//! }
//! queue.join().await; // all hundred have been added up
//! queue.shutdown(false);
//! assert_eq!(worker.join().unwrap(), 5050);
//! # });
//! ```
//!
//! Coming from asyncio:
//!
//! | asyncio | here |
//! |---|---|
//! | `Queue(maxsize)`, `LifoQueue`, `PriorityQueue` | [`Queue::bounded`](JoinableQueue::bounded), [`LifoQueue`], [`PriorityQueue`] |
//! | `Queue()` or `maxsize <= 0` | [`unbounded`](JoinableQueue::unbounded) |
//! | `put_nowait`, `get_nowait` | [`try_put`](JoinableQueue::try_put), [`try_get`](JoinableQueue::try_get) |
//! | `get` and `task_done` | [`get`](JoinableQueue::get) and dropping the [`Item`], or [`get_unguarded`](JoinableQueue::get_unguarded) and [`task_done`](JoinableQueue::task_done) |
//! | `qsize`, `empty`, `full` | [`len`](JoinableQueue::len), [`is_empty`](JoinableQueue::is_empty), [`is_full`](JoinableQueue::is_full) |
//! | `QueueFull`, `QueueEmpty`, `QueueShutDown` | [`TryPutError`], [`TryGetError`], [`PutError`] and [`ShutDown`] |
//!
//! Unlike asyncio's, these queues are shared freely between tasks, threads and executors.

#![forbid(unsafe_code)]

mod error;
mod item;
mod ledger;
mod order;
mod queue;

pub use error::{PutError, ShutDown, TooManyTaskDone, TryGetError, TryPutError};
pub use item::{DoneGuard, Item};
pub use order::{Fifo, Lifo, Order, Priority};
pub use queue::{JoinableQueue, LifoQueue, PriorityQueue, Queue};
