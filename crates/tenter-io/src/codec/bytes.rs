//! `BytesCodec`: what comes is a frame.

use std::io;

use super::{Decoder, Encoder};

/// Each piece of bytes that arrives is a frame, wherever it was cut on the way.
///
/// ```
/// use tenter_io::codec::{BytesCodec, Decoder};
///
/// let mut bytes = &b"whatever is there"[..];
/// assert_eq!(BytesCodec.decode(&mut bytes)?.as_deref(), Some(&b"whatever is there"[..]));
/// assert_eq!(BytesCodec.decode(&mut bytes)?, None);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BytesCodec;

impl Decoder for BytesCodec {
    type Item = Vec<u8>;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut &[u8]) -> io::Result<Option<Vec<u8>>> {
        let frame = std::mem::take(bytes);
        Ok((!frame.is_empty()).then(|| frame.to_vec()))
    }
}

impl<T: AsRef<[u8]>> Encoder<T> for BytesCodec {
    type Error = io::Error;

    fn encode(&mut self, item: T, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.extend_from_slice(item.as_ref());
        Ok(())
    }
}
