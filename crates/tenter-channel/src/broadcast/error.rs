//! What sending to and receiving from a broadcast channel can fail with.

use std::error::Error;
use std::fmt;

pub use crate::error::SendError;

/// No message was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// All senders are gone, and the receiver has seen all messages.
    Closed,
    /// So many messages were overwritten before the receiver came to them; it goes on with the oldest that is left.
    Lagged(u64),
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TryRecvError::from(*self).fmt(f)
    }
}

impl Error for RecvError {}

/// No message could be received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// The receiver has seen all messages; [`recv`](super::Receiver::recv) would wait.
    Empty,
    /// All senders are gone, and the receiver has seen all messages.
    Closed,
    /// So many messages were overwritten before the receiver came to them; it goes on with the oldest that is left.
    Lagged(u64),
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("receiving from an empty channel"),
            Self::Closed => f.write_str("receiving from an empty and closed channel"),
            Self::Lagged(missed) => Lagged(*missed).fmt(f),
        }
    }
}

impl Error for TryRecvError {}

impl From<RecvError> for TryRecvError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::Closed => Self::Closed,
            RecvError::Lagged(missed) => Self::Lagged(missed),
        }
    }
}

/// So many messages were overwritten before a receiver that is used as a stream came to them; it goes on with the oldest
/// that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lagged(pub u64);

impl fmt::Display for Lagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "receiving too slowly: {} messages are lost", self.0)
    }
}

impl Error for Lagged {}
