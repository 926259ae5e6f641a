//! A value that others watch: configuration, progress, the wish to shut down.
//!
//! Names and behaviour follow tokio's `sync::watch`. The channel holds one value, from the start. Senders replace or change
//! it; receivers look at it at any time, and wait for it to change. What they miss are values in between, never the
//! latest one.
//!
//! ```
//! # futures_lite::future::block_on(async {
//! use tenter_channel::watch;
//!
//! let (sender, mut receiver) = watch::channel("starting");
//! assert_eq!(*receiver.borrow(), "starting");
//!
//! sender.send("running").unwrap();
//! sender.send("stopping").unwrap();
//! receiver.changed().await.unwrap();
//! assert_eq!(*receiver.borrow_and_update(), "stopping");
//!
//! drop(sender);
//! assert!(receiver.changed().await.is_err(), "the value will not change any more");
//! # });
//! ```
//!
//! Each receiver knows which value it has *seen*: the one that the channel had when the receiver was made, and then the
//! latest that [`changed`](Receiver::changed), [`borrow_and_update`](Receiver::borrow_and_update) or
//! [`wait_for`](Receiver::wait_for) has told it of. [`borrow`](Receiver::borrow) alone leaves that as it is.
//!
//! A borrowed value is behind a lock for readers: as long as a [`Ref`] lives, senders block their thread. So keep it short,
//! and never across an `.await`. Who has one and borrows again can deadlock with a sender that waits in between.

#![forbid(unsafe_code)]

pub mod error;
mod receiver;
mod sender;
mod shared;

pub use error::{RecvError, SendError};
pub use receiver::{Changed, Receiver};
pub use sender::Sender;
pub use shared::Ref;

/// Creates a channel with its first value, which the receiver has seen.
///
/// ```
/// let (sender, receiver) = tenter_channel::watch::channel(0);
/// sender.send(1).unwrap();
/// assert_eq!(*receiver.borrow(), 1);
/// ```
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(value);
    let receiver = sender.subscribe();
    (sender, receiver)
}
