//! What keeps a writer from taking bytes, or from writing them.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// Why a [`StreamWriter`](crate::StreamWriter) does not take bytes, or did not write what it took.
///
/// It becomes an [`io::Error`] by `?`, with the error itself within.
///
/// ```
/// use std::io;
/// use tenter_io::{StreamWriter, WriteError, duplex};
///
/// tenter_runtime::block_on(async {
///     let (near, far) = duplex(16);
///     let writer = StreamWriter::new(near);
///     drop(far); // nobody reads
///     writer.write(b"hello?")?;
///     let failed = writer.flush().await.expect_err("it can't be written");
///     assert_eq!(io::Error::from(failed).kind(), io::ErrorKind::BrokenPipe);
///     Ok::<(), WriteError>(())
/// })?;
/// # Ok::<(), tenter_io::WriteError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The writer was told before that nothing more would come.
    Finished,
    /// It has taken as much as it may hold, and nothing of this: wait for [`drain`](crate::StreamWriter::drain).
    #[non_exhaustive]
    Full {
        /// How many bytes it holds.
        buffered: usize,
    },
    /// It was aborted, and what it held was dropped.
    Aborted,
    /// The stream within failed, or the runtime that wrote has ended. What had not been written then was dropped.
    Failed(Arc<io::Error>),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("the writer is finished"),
            Self::Full { buffered } => write!(f, "the writer holds {buffered} bytes and takes no more: drain it"),
            Self::Aborted => f.write_str("the writer was aborted"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl Error for WriteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => error.source(),
            _ => None,
        }
    }
}

impl From<WriteError> for io::Error {
    fn from(error: WriteError) -> Self {
        let kind = match &error {
            WriteError::Finished => io::ErrorKind::BrokenPipe,
            WriteError::Full { .. } => io::ErrorKind::WouldBlock,
            WriteError::Aborted => io::ErrorKind::ConnectionAborted,
            WriteError::Failed(error) => error.kind(),
        };
        Self::new(kind, error)
    }
}
