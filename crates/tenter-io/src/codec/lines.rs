//! `LinesCodec`: a line is a frame.

use std::error::Error;
use std::fmt;
use std::io;

use memchr::memchr;

use super::{Decoder, Encoder};

/// The longest line, in bytes, unless something else is said: as [`StreamReader`](crate::StreamReader)'s limit.
const LONGEST: usize = 64 * 1024;

/// Lines of UTF-8 text, which end with `\n` or `\r\n`; what it sends ends with `\n`.
///
/// A line that is too long is one error, whatever its length and however it arrives, and is not held; the next one is
/// decoded as if nothing had been. The same goes for one that is not UTF-8.
///
/// ```
/// use tenter_io::codec::{Decoder, LineError, LinesCodec};
///
/// let mut lines = LinesCodec::new().max_length(5);
/// let mut bytes = &b"short\r\ntoo long\nnext\n"[..];
/// assert_eq!(lines.decode(&mut bytes)?.as_deref(), Some("short"));
/// assert!(matches!(lines.decode(&mut bytes), Err(LineError::TooLong { max: 5, .. })));
/// assert_eq!(lines.decode(&mut bytes)?.as_deref(), Some("next"));
/// # Ok::<(), tenter_io::codec::LineError>(())
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct LinesCodec {
    max: usize,
    /// So many bytes at the front have no `\n`.
    seen: usize,
    /// The line under way is too long; that was told, and what is left of it is passed over.
    discarding: bool,
}

/// What is wrong with a line.
#[derive(Debug)]
#[non_exhaustive]
pub enum LineError {
    /// It has more bytes than are allowed, its ending not counted.
    #[non_exhaustive]
    TooLong {
        /// How many are allowed.
        max: usize,
    },
    /// It is not UTF-8.
    #[non_exhaustive]
    NotUtf8 {
        /// The line without its ending.
        line: Vec<u8>,
    },
    /// What is to be sent would not arrive as one line, and the same: there is a `\n` in it, or a `\r` at its end.
    NotALine,
    /// What the stream says.
    Io(io::Error),
}

impl LinesCodec {
    /// Lines of at most 64 KiB.
    pub fn new() -> Self {
        Self { max: LONGEST, seen: 0, discarding: false }
    }

    /// The most bytes in a line, its ending not counted; for what is received.
    #[must_use]
    pub fn max_length(self, max: usize) -> Self {
        Self { max, ..self }
    }

    /// Where the next `\n` is.
    fn line_end(&self, bytes: &[u8]) -> Option<usize> {
        let seen = self.seen.min(bytes.len());
        memchr(b'\n', &bytes[seen..]).map(|at| seen + at)
    }

    fn text(&self, line: &[u8]) -> Result<String, LineError> {
        if line.len() > self.max {
            return Err(LineError::TooLong { max: self.max });
        }
        let text = std::str::from_utf8(line).map_err(|_| LineError::NotUtf8 { line: line.to_vec() })?;
        Ok(text.to_owned())
    }
}

/// For another stream: with the same length, at the beginning of a line.
impl Clone for LinesCodec {
    fn clone(&self) -> Self {
        Self::new().max_length(self.max)
    }
}

impl Default for LinesCodec {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder for LinesCodec {
    type Item = String;
    type Error = LineError;

    fn decode(&mut self, bytes: &mut &[u8]) -> Result<Option<String>, LineError> {
        while let Some(end) = self.line_end(bytes) {
            let line = &bytes[..end];
            *bytes = &bytes[end + 1..];
            self.seen = 0;
            if !std::mem::take(&mut self.discarding) {
                return self.text(line.strip_suffix(b"\r").unwrap_or(line)).map(Some);
            }
        }
        // The last byte may be the `\r` of its ending.
        let too_long = bytes.len() > self.max.saturating_add(1);
        if self.discarding || too_long {
            *bytes = &[];
        }
        self.seen = bytes.len();
        if too_long && !std::mem::replace(&mut self.discarding, true) {
            return Err(LineError::TooLong { max: self.max });
        }
        Ok(None)
    }

    /// The last line needs no ending.
    fn decode_eof(&mut self, bytes: &mut &[u8]) -> Result<Option<String>, LineError> {
        if let Some(line) = self.decode(bytes)? {
            return Ok(Some(line));
        }
        let line = std::mem::take(bytes);
        self.seen = 0;
        if line.is_empty() { Ok(None) } else { self.text(line).map(Some) }
    }
}

impl<T: AsRef<str>> Encoder<T> for LinesCodec {
    type Error = LineError;

    fn encode(&mut self, item: T, bytes: &mut Vec<u8>) -> Result<(), LineError> {
        let line = item.as_ref().as_bytes();
        if memchr(b'\n', line).is_some() || line.ends_with(b"\r") {
            return Err(LineError::NotALine);
        }
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
        Ok(())
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { max } => write!(f, "a line has more than {max} bytes"),
            Self::NotUtf8 { line } => write!(f, "a line of {} bytes is not UTF-8", line.len()),
            Self::NotALine => {
                f.write_str("the text has a line ending in it, so it would not arrive as the one line it is")
            }
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for LineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            _ => None,
        }
    }
}

impl From<io::Error> for LineError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<LineError> for io::Error {
    fn from(error: LineError) -> Self {
        match error {
            LineError::Io(error) => error,
            LineError::NotALine => Self::new(io::ErrorKind::InvalidInput, error),
            error => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}
