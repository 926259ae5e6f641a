//! Whether a server still takes connections.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tenter_core::wait_list::WaitList;

/// Open at first; once closed, for ever.
#[derive(Debug, Default)]
pub(super) struct Door {
    closed: AtomicBool,
    waiting: WaitList,
}

impl Door {
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.waiting.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(super) async fn closed(&self) {
        self.waiting.wait_until(|| self.is_closed().then_some(())).await;
    }

    /// What a future gives, unless the door is closed before.
    pub(super) async fn unless_closed<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let (mut closed, mut future) = (pin!(self.closed()), pin!(future));
        poll_fn(|cx| match closed.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => future.as_mut().poll(cx).map(Some),
        })
        .await
    }
}

/// Tells handlers that their [`Server`](crate::Server) takes no more connections; made by
/// [`ServerBuilder::closing`](crate::ServerBuilder::closing).
///
/// A handler that waits for a peer's next request races that with [`asked`](Self::asked), and so ends between two requests and not
/// at a deadline, amid one.
#[derive(Clone, Debug)]
pub struct Closing {
    pub(super) door: Arc<Door>,
}

impl Closing {
    /// Waits until the server is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn asked(&self) {
        self.door.closed().await;
    }

    /// Whether the server is closed.
    pub fn is_asked(&self) -> bool {
        self.door.is_closed()
    }
}
