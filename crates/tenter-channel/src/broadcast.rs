//! A channel whose every message goes to every receiver: events, chat lines, invalidations.
//!
//! Names and behaviour follow tokio's `sync::broadcast`. Each receiver gets a clone of each message sent since it
//! subscribed, in the order of the sends. The channel keeps the last `capacity` messages at most; a receiver that falls
//! further behind is told how many it has missed and goes on with the oldest that is left. A sender never waits.
//!
//! ```
//! # futures_lite::future::block_on(async {
//! use tenter_channel::broadcast::{self, RecvError};
//!
//! let (sender, mut quick) = broadcast::channel(2);
//! let mut slow = sender.subscribe();
//!
//! for word in ["one", "two", "three"] {
//!     assert_eq!(sender.send(word), Ok(2));
//!     assert_eq!(quick.recv().await, Ok(word));
//! }
//! drop(sender);
//! assert_eq!(slow.recv().await, Err(RecvError::Lagged(1)));
//! assert_eq!(slow.recv().await, Ok("two"));
//! assert_eq!(slow.recv().await, Ok("three"));
//! assert_eq!(slow.recv().await, Err(RecvError::Closed));
//! # });
//! ```
//!
//! A message is dropped once no receiver is left that has yet to see it, or when a newer one takes its place; the last
//! receiver gets the message itself instead of a clone, if no other is still cloning it. Messages are cloned outside of
//! all locks, by several receivers at a time: so, unlike tokio's, the handles are `Send` only if messages are `Sync` too.

#![forbid(unsafe_code)]

pub mod error;
mod receiver;
mod sender;
mod shared;

pub use error::{Lagged, RecvError, SendError, TryRecvError};
pub use receiver::{Receiver, Recv};
pub use sender::{Sender, WeakSender};

/// Creates a channel that keeps the last `capacity` messages, rounded up to a power of two.
///
/// Room for all of them is allocated here; each message sent is one allocation more, freed when the message goes.
///
/// ```
/// # futures_lite::future::block_on(async {
/// let (sender, mut first) = tenter_channel::broadcast::channel(16);
/// let mut second = sender.subscribe();
/// sender.send(1).unwrap();
/// assert_eq!((first.recv().await, second.recv().await), (Ok(1), Ok(1)));
/// # });
/// ```
///
/// # Panics
///
/// If `capacity` is zero or more than half of `usize::MAX`.
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(capacity);
    let receiver = sender.subscribe();
    (sender, receiver)
}
