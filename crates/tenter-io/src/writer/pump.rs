//! The task that writes what a writer has taken.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;
use tenter_core::coop;

use super::WriteError;
use super::state::{Job, Shared, gone};
use crate::buffer::KEPT;

/// Writes batch after batch: what is taken while one is written goes into the next, so many small writes are few large ones.
pub(super) struct Pump<W> {
    /// There until the pump ends: who is told of that may count on its being gone.
    inner: Option<W>,
    shared: Arc<Shared>,
    batch: Vec<u8>,
    /// How much of the batch is written.
    written: usize,
    job: Option<Job>,
}

impl<W> Pump<W> {
    pub(super) fn new(inner: W, shared: Arc<Shared>) -> Self {
        Self { inner: Some(inner), shared, batch: Vec::new(), written: 0, job: None }
    }
}

impl<W: AsyncWrite + Unpin> Pump<W> {
    fn inner(&mut self) -> Pin<&mut W> {
        Pin::new(self.inner.as_mut().expect("it is there until the pump ends"))
    }

    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.batch.len() {
            let inner = Pin::new(self.inner.as_mut().expect("it is there until the pump ends"));
            let len = match ready!(inner.poll_write(cx, &self.batch[self.written..])) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Poll::Ready(Err(error)),
            };
            self.written += len;
            self.shared.wrote(len);
        }
        self.batch.clear();
        if self.batch.capacity() > KEPT {
            self.batch = Vec::new();
        }
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    /// Does what there is to do until the stream is closed, or the writer has given up.
    fn poll_jobs(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            // A stream within that spends no budget must not hold up its thread while others go on writing.
            let unit = ready!(coop::poll_proceed(cx));
            // A job that had to wait goes on.
            let Some(job) = self.job.or_else(|| self.shared.next(&mut self.batch)) else { return Poll::Pending };
            self.job = Some(job);
            match job {
                Job::Write => ready!(self.poll_batch(cx))?,
                Job::Flush { position } => {
                    ready!(self.inner().poll_flush(cx))?;
                    self.shared.has_flushed(position);
                }
                Job::Close => return self.poll_close(cx),
                Job::Leave => return Poll::Ready(Ok(())),
            }
            self.job = None;
            unit.made_progress();
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.inner().poll_close(cx)) {
            // The peer was faster, and has everything that it will ever take.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            done => Poll::Ready(done),
        }
    }
}

impl<W: AsyncWrite + Unpin> Future for Pump<W> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.shared.begin(cx) {
            let done = ready!(this.poll_jobs(cx));
            this.inner = None;
            this.shared.ended(done.map_err(|error| WriteError::Failed(Arc::new(error))));
        }
        Poll::Ready(())
    }
}

impl<W> Drop for Pump<W> {
    /// Nobody waits for what will never come; who has ended well has said so before.
    fn drop(&mut self) {
        /// Also if the stream panics when it is dropped.
        struct Ended<'a>(&'a Shared);
        impl Drop for Ended<'_> {
            fn drop(&mut self) {
                self.0.ended(Err(gone()));
            }
        }
        let _ended = Ended(&self.shared);
        self.inner = None;
    }
}
