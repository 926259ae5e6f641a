//! What keeps a reader from giving what it was asked for.

use std::error::Error;
use std::fmt;
use std::io;

/// Why a [`StreamReader`](crate::StreamReader) does not give what it was asked for.
///
/// It becomes an [`io::Error`] by `?`, of kind [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the stream ended, and
/// [`InvalidData`](io::ErrorKind::InvalidData) for what a peer should not have sent, with the error itself within.
///
/// ```
/// use tenter_io::{ReadError, StreamReader};
///
/// let mut reader = StreamReader::new(&b"no end"[..]);
/// match tenter_runtime::block_on(reader.read_until(b";")) {
///     Err(ReadError::Incomplete { partial, .. }) => assert_eq!(partial, b"no end"),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The stream ended before. asyncio's `IncompleteReadError`.
    #[non_exhaustive]
    Incomplete {
        /// What was there; the reader has it no more.
        partial: Vec<u8>,
        /// How many bytes were asked for, if it was a number of bytes.
        expected: Option<usize>,
    },
    /// There was no delimiter within the limit. Nothing was taken: all bytes are still in the reader. asyncio's
    /// `LimitOverrunError`.
    #[non_exhaustive]
    LimitOverrun {
        /// The most bytes that may come before a delimiter.
        limit: usize,
        /// How many bytes the reader holds.
        buffered: usize,
        /// How many of these hold no part of a delimiter: after as much was
        /// [consumed](futures_io::AsyncBufRead::consume), the delimiter can still be found.
        skippable: usize,
    },
    /// A line is not UTF-8.
    #[non_exhaustive]
    NotUtf8 {
        /// The line without its ending; the reader has it no more.
        line: Vec<u8>,
    },
    /// What the stream within says.
    Io(io::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete { partial, expected: Some(expected) } => {
                write!(f, "the stream ended after {} of {expected} bytes", partial.len())
            }
            Self::Incomplete { partial, expected: None } => {
                write!(f, "the stream ended after {} bytes without a delimiter", partial.len())
            }
            Self::LimitOverrun { limit, buffered, .. } => {
                write!(f, "no delimiter within the limit of {limit} bytes, with {buffered} buffered")
            }
            Self::NotUtf8 { line } => write!(f, "a line of {} bytes is not UTF-8", line.len()),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            _ => None,
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        let kind = match error {
            ReadError::Io(error) => return error,
            ReadError::Incomplete { .. } => io::ErrorKind::UnexpectedEof,
            ReadError::LimitOverrun { .. } | ReadError::NotUtf8 { .. } => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
