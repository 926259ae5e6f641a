//! Reading, writing, seeking and iterating, as the traits have it.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_io::{AsyncRead, AsyncSeek, AsyncWrite};
use tenter_core::coop;

use super::Unblock;
use super::items::Items;
use super::outbox::{Outbox, Push, flush_retrying};
use super::state::{CALLED_OFF, Report, State, What};

/// As many bytes may wait to be written unless it was said; tokio's number for its files.
const WRITE_AHEAD: usize = 2 << 20;

/// As many items of an iterator are fetched ahead unless it was said: a job is started again for each so many.
const ITEMS_AHEAD: usize = 1024;

impl<T: Read + Send + 'static> AsyncRead for Unblock<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let unit = ready!(coop::poll_proceed(cx));
        loop {
            ready!(self.poll_ready(cx))?;
            if let Some(done) = self.inbox.take(buf) {
                unit.made_progress();
                return Poll::Ready(done);
            }
            let most = self.capacity.unwrap_or(usize::MAX);
            let (mut bytes, room) = self.inbox.lend(buf.len(), most);
            self.send(What::Reading, move |object| {
                let result = bytes.read(object, room);
                Report::Read(bytes, result)
            })?;
        }
    }
}

impl<T: Write + Send + 'static> AsyncWrite for Unblock<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let unit = ready!(coop::poll_proceed(cx));
        let most = self.capacity.unwrap_or(WRITE_AHEAD);
        loop {
            if let State::Away(errand, What::Writing(outbox)) = &self.state {
                // One that has ended without saying so was called off, or panicked.
                if !errand.is_finished() {
                    if let Push::Took(len) = outbox.push(buf, most, cx.waker()) {
                        unit.made_progress();
                        return Poll::Ready(Ok(len));
                    }
                }
            }
            ready!(self.poll_ready(cx))?;
            if let Some(error) = self.write_error.take() {
                return Poll::Ready(Err(error));
            }
            let outbox = Arc::new(Outbox::default());
            let taken = outbox.push(buf, most, cx.waker());
            let work = outbox.clone();
            self.send(What::Writing(outbox), move |object| Report::Written(work.write_to(object)))?;
            self.unflushed = Some(flush_retrying);
            if let Push::Took(len) = taken {
                unit.made_progress();
                return Poll::Ready(Ok(len));
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if let State::Away(_, What::Writing(outbox)) = &self.state {
                outbox.flush();
            }
            ready!(self.poll_ready(cx))?;
            if let Some(error) = self.write_error.take() {
                return Poll::Ready(Err(error));
            }
            if self.unflushed.is_none() {
                return Poll::Ready(Ok(()));
            }
            // What is not flushed is, before any job but a write.
            self.send(What::Flushing, |_| Report::Nothing)?;
        }
    }

    /// Flushes, and drops the object on the pool.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.as_mut().poll_flush(cx))?;
            if matches!(self.state, State::Gone) {
                return Poll::Ready(Ok(()));
            }
            self.send_to_be_dropped()?;
        }
    }
}

impl<T: Seek + Send + 'static> AsyncSeek for Unblock<T> {
    fn poll_seek(mut self: Pin<&mut Self>, cx: &mut Context<'_>, position: SeekFrom) -> Poll<io::Result<u64>> {
        loop {
            ready!(self.poll_home(cx));
            match self.sought.take() {
                Some((sought, result)) if sought == position => return Poll::Ready(result),
                // Of a seek that was dropped.
                _ => {}
            }
            let real = self.inbox.real(position)?;
            self.send(What::Seeking(position), move |object| Report::Sought(object.seek(real)))?;
        }
    }
}

impl<T: Iterator + Send + 'static> Stream for Unblock<T>
where
    T::Item: Send + 'static,
{
    type Item = T::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T::Item>> {
        let unit = ready!(coop::poll_proceed(cx));
        let items = self.items.get_or_insert_with(|| Box::new(Arc::new(Items::<T::Item>::new())));
        let items: &Arc<Items<T::Item>> = items.downcast_ref().expect("an iterator has one type of items");
        let items = items.clone();
        loop {
            if let Some(item) = items.pop(cx) {
                unit.made_progress();
                return Poll::Ready(Some(item));
            }
            if matches!(self.state, State::Away(_, What::Iterating(_))) {
                assert!(!ready!(self.poll_errand(cx)), "{CALLED_OFF}");
                continue;
            }
            ready!(self.poll_home(cx));
            if items.take_end() {
                unit.made_progress();
                return Poll::Ready(None);
            }
            let most = self.capacity.unwrap_or(ITEMS_AHEAD);
            let stop = Arc::new(AtomicBool::new(false));
            let (filled, stopped) = (items.clone(), stop.clone());
            let fill = move |iterator: &mut T| {
                filled.fill(iterator, most, &stopped);
                Report::Nothing
            };
            if let Err(error) = self.send(What::Iterating(stop), fill) {
                panic!("{error}");
            }
        }
    }
}
