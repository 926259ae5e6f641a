//! The side of a watch channel that looks at the value.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tenter_core::sync::Arc;
use tenter_core::wait_list::PinnedWaiter;
use tenter_core::{coop, park};

use super::error::RecvError;
use super::shared::{Ref, Shared, unlike};

/// The side of a watch channel that looks at the value; a clone has seen what the original has.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The version that this receiver has seen.
    seen: u64,
}

impl<T> Receiver<T> {
    pub(super) fn join(shared: Arc<Shared<T>>) -> Self {
        shared.receivers.add();
        let seen = shared.current().number();
        Self { shared, seen }
    }

    /// Borrows the value without marking it as seen; see [`Ref`].
    ///
    /// In a loop with [`changed`](Self::changed), [`borrow_and_update`](Self::borrow_and_update) is the better one: a value
    /// that came between the two would be told of twice otherwise.
    ///
    /// ```
    /// let (sender, receiver) = tenter_channel::watch::channel(0);
    /// sender.send(1).unwrap();
    /// assert_eq!(*receiver.borrow(), 1);
    /// assert_eq!(receiver.has_changed(), Ok(true));
    /// ```
    #[must_use]
    pub fn borrow(&self) -> Ref<'_, T> {
        let (value, version) = self.shared.borrow();
        Ref { value, changed: version != self.seen }
    }

    /// Borrows the value and marks it, and no later one, as seen; see [`Ref`].
    ///
    /// ```
    /// let (sender, mut receiver) = tenter_channel::watch::channel(0);
    /// sender.send(1).unwrap();
    /// assert_eq!(*receiver.borrow_and_update(), 1);
    /// assert_eq!(receiver.has_changed(), Ok(false));
    /// ```
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        borrow_and_update(&self.shared, &mut self.seen)
    }

    /// Whether there is a value that this receiver has not seen.
    ///
    /// ```
    /// let (sender, receiver) = tenter_channel::watch::channel(0);
    /// assert_eq!(receiver.has_changed(), Ok(false));
    /// sender.send(0).unwrap();
    /// assert_eq!(receiver.has_changed(), Ok(true), "values are not compared");
    /// drop(sender);
    /// assert!(receiver.has_changed().is_err());
    /// assert!(receiver.borrow().has_changed());
    /// ```
    ///
    /// # Errors
    ///
    /// [`RecvError`] if all senders are gone, also if the last value has not been seen.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let current = self.shared.current();
        if current.is_closed() { Err(RecvError) } else { Ok(current.number() != self.seen) }
    }

    /// Waits until there is a value that this receiver has not seen, and marks it as seen.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, mut receiver) = tenter_channel::watch::channel(0);
    /// sender.send(1).unwrap();
    /// drop(sender);
    /// assert!(receiver.changed().await.is_ok());
    /// assert!(receiver.changed().await.is_err());
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`RecvError`] if all senders are gone and the last value has been seen.
    ///
    /// # Cancel safety
    ///
    /// A value is marked as seen only by the poll that says so, so dropping the future loses no news.
    #[inline]
    pub fn changed(&mut self) -> Changed<'_, T> {
        let Self { shared, seen } = self;
        Changed { shared, seen, waiter: PinnedWaiter::new(&shared.change_waits) }
    }

    /// [`changed`](Self::changed), blocking the thread.
    ///
    /// For plain threads: in async code it blocks the executor.
    ///
    /// ```
    /// let (sender, mut receiver) = tenter_channel::watch::channel(0);
    /// let thread = std::thread::spawn(move || receiver.changed_blocking());
    /// sender.send_replace(1);
    /// assert!(thread.join().unwrap().is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// [`RecvError`] if all senders are gone and the last value has been seen.
    pub fn changed_blocking(&mut self) -> Result<(), RecvError> {
        park::block_on(self.changed())
    }

    /// Waits for a value that meets a condition, marks it as seen, and borrows it; see [`Ref`].
    ///
    /// The condition is tried with the value that is there, seen or not, and then with the latest one after each change. It
    /// runs under the lock of borrowing: it must not send in the same channel.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, mut receiver) = tenter_channel::watch::channel(0);
    /// std::thread::spawn(move || (1..=3).for_each(|i| sender.send(i).unwrap()));
    /// assert_eq!(*receiver.wait_for(|&value| value == 3).await.unwrap(), 3);
    /// assert!(receiver.wait_for(|&value| value == 4).await.is_err());
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`RecvError`] if all senders are gone and the last value does not meet the condition.
    ///
    /// # Panics
    ///
    /// If the condition does; the channel goes on working.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it ends, those values are marked as seen that did not meet the condition.
    pub async fn wait_for(&mut self, mut condition: impl FnMut(&T) -> bool) -> Result<Ref<'_, T>, RecvError> {
        let Self { shared, seen } = self;
        coop::consume_budget().await;
        loop {
            {
                let value = borrow_and_update(shared, seen);
                if condition(&value) {
                    return Ok(value);
                }
            }
            // Unlike `changed`, marks nothing: that is for what the condition has been tried with.
            let news = shared.change_waits.wait_until(|| shared.current().news(*seen));
            coop::cooperative(news).await?;
        }
    }

    /// Marks the value as not seen: [`changed`](Self::changed) ends at once.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (_sender, mut receiver) = tenter_channel::watch::channel(0);
    /// receiver.mark_changed();
    /// receiver.changed().await.unwrap();
    /// # });
    /// ```
    pub fn mark_changed(&mut self) {
        self.seen = unlike(self.shared.current().number());
    }

    /// Marks the value as seen: [`changed`](Self::changed) waits for the next one.
    ///
    /// ```
    /// let (sender, mut receiver) = tenter_channel::watch::channel(0);
    /// sender.send(1).unwrap();
    /// receiver.mark_unchanged();
    /// assert_eq!(receiver.has_changed(), Ok(false));
    /// ```
    pub fn mark_unchanged(&mut self) {
        self.seen = self.shared.current().number();
    }

    /// Whether all senders are gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.current().is_closed()
    }

    /// Whether both handles belong to the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

fn borrow_and_update<'a, T>(shared: &'a Shared<T>, seen: &mut u64) -> Ref<'a, T> {
    let (value, version) = shared.borrow();
    let changed = version != *seen;
    *seen = version;
    Ref { value, changed }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.receivers.add();
        Self { shared: self.shared.clone(), seen: self.seen }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.release_receiver();
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("shared", &self.shared).finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`Receiver::changed`].
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Changed<'a, T> {
        shared: &'a Shared<T>,
        seen: &'a mut u64,
        #[pin]
        waiter: PinnedWaiter<'a>,
    }

    impl<T> PinnedDrop for Changed<'_, T> {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            // Everybody was notified of the change: nobody needs this notification in our stead.
            this.project().waiter.accept();
        }
    }
}

impl<T> Future for Changed<'_, T> {
    type Output = Result<(), RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let unit = ready!(coop::poll_proceed(cx));
        let this = self.project();
        let outcome = ready!(this.waiter.poll_until(cx, || this.shared.current().news(**this.seen)));
        unit.made_progress();
        Poll::Ready(outcome.map(|version| **this.seen = version))
    }
}

impl<T> fmt::Debug for Changed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changed").finish_non_exhaustive()
    }
}
