//! What sending and watching can fail with.

use std::error::Error;
use std::fmt;

pub use crate::error::SendError;

/// All senders are gone: the value will not change any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("waiting for a change in a closed channel")
    }
}

impl Error for RecvError {}
