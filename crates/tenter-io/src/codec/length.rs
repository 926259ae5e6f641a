//! `LengthDelimited`: a frame has its length before it.

use std::error::Error;
use std::fmt;
use std::io;

use super::{Decoder, Encoder};

/// The longest frame, in bytes, unless something else is said: tokio's number.
const LONGEST: usize = 8 * 1024 * 1024;

/// How many bytes a length has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthWidth {
    /// One byte: frames of up to 255 bytes.
    One = 1,
    /// Two bytes: frames of up to 65 535 bytes.
    Two = 2,
    /// Four bytes.
    Four = 4,
    /// Eight bytes.
    Eight = 8,
}

/// Frames of any bytes, each with its length before it: four bytes in network order, unless something else is said.
///
/// Room for a frame grows with what arrives, not with what its length says. A length that is too large is an error, after
/// which there are no more frames: where the next would begin is not known. The settings may be made in any order.
///
/// ```
/// use tenter_io::codec::{Decoder, Encoder, FrameError, LengthDelimited, LengthWidth};
///
/// let mut frames = LengthDelimited::new().width(LengthWidth::Two).little_endian().max_length(1000);
/// let mut bytes = Vec::new();
/// frames.encode("four", &mut bytes)?;
/// assert_eq!(bytes, b"\x04\0four");
/// assert_eq!(frames.decode(&mut &bytes[..])?.as_deref(), Some(&b"four"[..]));
///
/// let refused = frames.decode(&mut &[0xff, 0xff][..]);
/// assert!(matches!(refused, Err(FrameError::TooLong { length: 0xffff, max: 1000, .. })));
/// # Ok::<(), FrameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LengthDelimited {
    width: LengthWidth,
    little_endian: bool,
    max: usize,
}

/// What is wrong with a frame.
#[derive(Debug)]
#[non_exhaustive]
pub enum FrameError {
    /// It is longer than is allowed, or than its length can say.
    #[non_exhaustive]
    TooLong {
        /// Its length in bytes.
        length: u64,
        /// How many are allowed.
        max: usize,
    },
    /// What the stream says, also that it has ended within a frame.
    Io(io::Error),
}

impl LengthDelimited {
    /// Frames of at most 8 MiB, with four bytes of length in network order.
    pub fn new() -> Self {
        Self { width: LengthWidth::Four, little_endian: false, max: LONGEST }
    }

    /// How many bytes the length has.
    #[must_use]
    pub fn width(self, width: LengthWidth) -> Self {
        Self { width, ..self }
    }

    /// The length's least significant byte is the first.
    #[must_use]
    pub fn little_endian(self) -> Self {
        Self { little_endian: true, ..self }
    }

    /// The most bytes in a frame, sent or received, its length not counted. It can't be more than the length can say.
    #[must_use]
    pub fn max_length(self, max: usize) -> Self {
        Self { max, ..self }
    }

    /// What is allowed and can be said.
    fn max(&self) -> usize {
        let sayable = u64::MAX >> (64 - 8 * self.width as u32);
        usize::try_from(sayable).unwrap_or(usize::MAX).min(self.max)
    }

    fn length(&self, header: &[u8]) -> u64 {
        let add = |length, &byte: &u8| (length << 8) | u64::from(byte);
        if self.little_endian { header.iter().rev().fold(0, add) } else { header.iter().fold(0, add) }
    }
}

impl Default for LengthDelimited {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder for LengthDelimited {
    type Item = Vec<u8>;
    type Error = FrameError;

    fn decode(&mut self, bytes: &mut &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        let Some((header, rest)) = bytes.split_at_checked(self.width as usize) else { return Ok(None) };
        let (length, max) = (self.length(header), self.max());
        let len = usize::try_from(length).unwrap_or(usize::MAX);
        // A frame of `usize::MAX` bytes can't be, so what stands for "more" is refused with it.
        if len > max || len == usize::MAX {
            return Err(FrameError::TooLong { length, max });
        }
        let Some((frame, rest)) = rest.split_at_checked(len) else { return Ok(None) };
        *bytes = rest;
        Ok(Some(frame.to_vec()))
    }
}

impl<T: AsRef<[u8]>> Encoder<T> for LengthDelimited {
    type Error = FrameError;

    fn encode(&mut self, item: T, bytes: &mut Vec<u8>) -> Result<(), FrameError> {
        let frame = item.as_ref();
        let (length, max, width) = (frame.len() as u64, self.max(), self.width as usize);
        if frame.len() > max {
            return Err(FrameError::TooLong { length, max });
        }
        if self.little_endian {
            bytes.extend_from_slice(&length.to_le_bytes()[..width]);
        } else {
            bytes.extend_from_slice(&length.to_be_bytes()[8 - width..]);
        }
        bytes.extend_from_slice(frame);
        Ok(())
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { length, max } => write!(f, "a frame of {length} bytes is longer than the {max} allowed"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for FrameError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            Self::TooLong { .. } => None,
        }
    }
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<FrameError> for io::Error {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Io(error) => error,
            error @ FrameError::TooLong { .. } => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}
