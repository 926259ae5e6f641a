//! Channels that know no runtime.
//!
//! * [`bounded`] and [`unbounded`]: multi-producer multi-consumer queues of messages, each message received once. Names
//!   and behaviour follow the async-channel crate, so code written for it compiles unchanged.
//! * [`oneshot`]: one message, once.
//! * [`broadcast`]: each message for every receiver. Names and behaviour follow tokio's, as do those of
//! * [`watch`]: the latest value for whoever looks, and news of its changes.
//! * [`sync`]: signals without a message.
//!
//! They work under any executor, between executors, and between async code and plain threads: every method of a queue or a oneshot
//! that waits, and most of the others, has a twin that blocks the thread instead (`recv_blocking`, tokio's `blocking_recv`).
//!
//! Of [`bounded`] and [`unbounded`]: a send or a receive that need not wait takes no lock and allocates nothing (an unbounded channel
//! allocates a block for every 31 messages); waiting allocates nothing either. Each message wakes one waiting [`recv`](Receiver::recv), if any; see [`Receiver`] for what it
//! wakes among streams.
//!
//! ```
//! # futures_lite::future::block_on(async {
//! let (sender, receiver) = tenter_channel::bounded(8);
//! sender.send("hello").await?;
//! drop(sender);
//! assert_eq!(receiver.recv().await, Ok("hello"));
//! assert!(receiver.recv().await.is_err(), "no sender and no message is left");
//! # Ok::<(), tenter_channel::SendError<&str>>(())
//! # }).unwrap();
//! ```

// `oneshot::shared` alone is allowed it.
#![deny(unsafe_code)]

pub mod broadcast;
mod channel;
mod error;
pub mod oneshot;
mod receiver;
mod sender;
pub mod sync;
pub mod watch;
mod weak;

pub use channel::{bounded, unbounded};
pub use error::{RecvError, SendError, TryRecvError, TrySendError};
pub use receiver::{Receiver, Recv};
pub use sender::{Closed, Send, Sender};
pub use weak::{WeakReceiver, WeakSender};

use tenter_core::sync::{Mutex, MutexGuard};

/// Locks what is whole at every moment: no foreign code runs under these locks.
#[inline]
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
