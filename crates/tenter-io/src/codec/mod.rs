//! Frames over streams of bytes: lines, messages with their length before them, or what a [`Decoder`] and [`Encoder`] of one's
//! own make of bytes.
//!
//! ```
//! use futures_lite::StreamExt;
//! use tenter_io::codec::{Framed, LengthDelimited};
//! use tenter_io::duplex;
//!
//! tenter_runtime::block_on(async {
//!     let (near, far) = duplex(64);
//!     let mut client = Framed::new(near, LengthDelimited::new());
//!     let mut server = Framed::new(far, LengthDelimited::new());
//!     client.send("any bytes\n\0").await?;
//!     assert_eq!(server.next().await.expect("a frame")?, b"any bytes\n\0");
//!     client.close().await?;
//!     assert!(server.next().await.is_none());
//!     Ok::<(), tenter_io::codec::FrameError>(())
//! })?;
//! # Ok::<(), tenter_io::codec::FrameError>(())
//! ```

mod bytes;
mod framed;
mod length;
mod lines;

use std::io;

pub use bytes::BytesCodec;
pub use framed::Framed;
pub use length::{FrameError, LengthDelimited, LengthWidth};
pub use lines::{LineError, LinesCodec};

/// Makes frames of bytes.
///
/// ```
/// use std::io;
/// use tenter_io::codec::Decoder;
///
/// /// Pairs of bytes.
/// struct Pairs;
///
/// impl Decoder for Pairs {
///     type Item = (u8, u8);
///     type Error = io::Error;
///
///     fn decode(&mut self, bytes: &mut &[u8]) -> io::Result<Option<(u8, u8)>> {
///         let Some((&[first, second], rest)) = bytes.split_first_chunk() else { return Ok(None) };
///         *bytes = rest;
///         Ok(Some((first, second)))
///     }
/// }
///
/// let mut bytes = &[1, 2, 3][..];
/// assert_eq!(Pairs.decode(&mut bytes)?, Some((1, 2)));
/// assert_eq!(Pairs.decode(&mut bytes)?, None);
/// assert!(Pairs.decode_eof(&mut bytes).is_err()); // one is left
/// # Ok::<(), io::Error>(())
/// ```
pub trait Decoder {
    /// What a frame becomes.
    type Item;

    /// What is wrong with bytes that are no frame.
    type Error: From<io::Error>;

    /// Takes a frame off the front of `bytes`, by leaving in it what comes behind; `None` asks for more bytes.
    ///
    /// It may take bytes off and give `None`; what it leaves comes again with more behind. It sees to it that it doesn't ask
    /// for more without a limit: [`Framed`] has none.
    ///
    /// # Errors
    /// If the bytes are no frame. If it took something off all the same, it is asked again for what comes behind; else the
    /// stream of frames ends.
    fn decode(&mut self, bytes: &mut &[u8]) -> Result<Option<Self::Item>, Self::Error>;

    /// As [`decode`](Self::decode) for what is left when the stream has ended; asked until it gives `None`.
    ///
    /// # Errors
    /// As `decode`; as it is given here, also if something is left that is no frame.
    fn decode_eof(&mut self, bytes: &mut &[u8]) -> Result<Option<Self::Item>, Self::Error> {
        match self.decode(bytes)? {
            None if !bytes.is_empty() => {
                let message = format!("the stream ended within a frame, of which there are {} bytes", bytes.len());
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, message).into())
            }
            done => Ok(done),
        }
    }
}

/// Makes bytes of frames.
///
/// ```
/// use std::io;
/// use tenter_io::codec::Encoder;
///
/// struct Number;
///
/// impl Encoder<u16> for Number {
///     type Error = io::Error;
///
///     fn encode(&mut self, item: u16, bytes: &mut Vec<u8>) -> io::Result<()> {
///         bytes.extend(item.to_be_bytes());
///         Ok(())
///     }
/// }
///
/// let mut bytes = Vec::new();
/// Number.encode(258, &mut bytes)?;
/// assert_eq!(bytes, [1, 2]);
/// # Ok::<(), io::Error>(())
/// ```
pub trait Encoder<Item> {
    /// What is wrong with an item that can't be a frame.
    type Error: From<io::Error>;

    /// Puts a frame behind what is in `bytes`.
    ///
    /// # Errors
    /// If the item can't be a frame. What it has put into `bytes` is taken out again by [`Framed`].
    fn encode(&mut self, item: Item, bytes: &mut Vec<u8>) -> Result<(), Self::Error>;
}
