//! The bodies that are sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// A body that is sent.
#[derive(Debug)]
pub(crate) enum Sent {
    Nothing,
    Whole(Bytes),
    /// The same bytes, again and again.
    Endless,
}

const FILLER: &[u8] = &[b'.'; 16 * 1024];

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match &mut *self {
            Sent::Nothing => return Poll::Ready(None),
            Sent::Endless => Bytes::from_static(FILLER),
            Sent::Whole(bytes) => std::mem::take(bytes),
        };
        if matches!(*self, Sent::Whole(_)) {
            *self = Sent::Nothing;
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Sent::Nothing)
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Sent::Nothing => SizeHint::with_exact(0),
            Sent::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Sent::Endless => SizeHint::default(),
        }
    }
}
