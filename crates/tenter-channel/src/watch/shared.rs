//! What the handles of a watch channel share: the value behind a lock, its version, two lists of those who wait.
//!
//! *The version belongs to the value.* It is raised under the lock's writing side, together with the change; so who reads
//! it under the reading side has that of the very value, and marks nothing as seen that came after. Who has no lock reads
//! it with `Acquire`, and finds at least that value when it borrows next.
//!
//! *No wake is lost.* For [`tenter_core::wait_list`] the state is the word in [`Version`], of which a waiter's look is one
//! load; a sender changes it, releases the lock, and then notifies.

use std::fmt;
use std::ops::Deref;
use std::sync::PoisonError;

use tenter_core::sync::atomic::{AtomicU64, Ordering};
use tenter_core::sync::{RwLock, RwLockReadGuard};
use tenter_core::wait_list::WaitList;

use super::error::RecvError;
use crate::channel::Handles;

/// How often the value has changed, and whether that is all.
struct Version(AtomicU64);

/// No sender is left. Set once, by the last one.
const CLOSED: u64 = 1;
/// One change: the count is above the bit.
const CHANGE: u64 = 2;

/// The version as it was read.
#[derive(Clone, Copy)]
pub(super) struct Current(u64);

impl Current {
    pub(super) fn number(self) -> u64 {
        self.0 & !CLOSED
    }

    pub(super) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// What [`changed`](super::Receiver::changed) tells a receiver that has seen a version, once there is something to tell.
    pub(super) fn news(self, seen: u64) -> Option<Result<u64, RecvError>> {
        if self.number() != seen { Some(Ok(self.number())) } else { self.is_closed().then_some(Err(RecvError)) }
    }
}

/// One that is not current: what a receiver has seen that wants to be told anyway.
pub(super) fn unlike(version: u64) -> u64 {
    version.wrapping_sub(CHANGE)
}

pub(super) struct Shared<T> {
    value: RwLock<T>,
    version: Version,
    /// Receivers that wait for a change or the close.
    pub(super) change_waits: WaitList,
    /// Senders that wait until there is no receiver.
    pub(super) closed_waits: WaitList,
    pub(super) senders: Handles,
    pub(super) receivers: Handles,
}

impl<T> Shared<T> {
    /// A channel of one sender and no receiver.
    pub(super) fn new(value: T) -> Self {
        Self {
            value: RwLock::new(value),
            version: Version(AtomicU64::new(0)),
            change_waits: WaitList::new(),
            closed_waits: WaitList::new(),
            senders: Handles::one(),
            receivers: Handles::none(),
        }
    }

    #[inline]
    pub(super) fn current(&self) -> Current {
        Current(self.version.0.load(Ordering::Acquire))
    }

    /// The value, and its version.
    #[inline]
    pub(super) fn borrow(&self) -> (RwLockReadGuard<'_, T>, u64) {
        // A closure of `send_modify` that panics leaves a value, if not the one it had in mind.
        let guard = self.value.read().unwrap_or_else(PoisonError::into_inner);
        let version = self.current().number();
        (guard, version)
    }

    /// Lets the closure change the value, and wakes the receivers if it says that it has.
    #[inline]
    pub(super) fn modify(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        {
            let mut guard = self.value.write().unwrap_or_else(PoisonError::into_inner);
            if !modify(&mut guard) {
                return false;
            }
            self.version.0.fetch_add(CHANGE, Ordering::Release);
        }
        self.change_waits.notify_all();
        true
    }

    /// A sender leaves; the last one closes the channel.
    pub(super) fn release_sender(&self) {
        if self.senders.release() {
            self.version.0.fetch_or(CLOSED, Ordering::Release);
            self.change_waits.notify_all();
        }
    }

    pub(super) fn release_receiver(&self) {
        if self.receivers.release() {
            self.closed_waits.notify_all();
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the value, for which this would have to wait.
        let (current, receivers) = (self.current(), self.receivers.count());
        f.debug_struct("Shared")
            .field("closed", &current.is_closed())
            .field("receivers", &receivers)
            .finish_non_exhaustive()
    }
}

/// A value that is borrowed: while it lives, the value does not change, and senders block.
///
/// Readers do not exclude each other.
pub struct Ref<'a, T> {
    pub(super) value: RwLockReadGuard<'a, T>,
    pub(super) changed: bool,
}

impl<T> Ref<'_, T> {
    /// Whether the receiver that borrowed the value had not seen it before; false for a sender's.
    ///
    /// ```
    /// let (sender, mut receiver) = tenter_channel::watch::channel(0);
    /// sender.send(1).unwrap();
    /// assert!(receiver.borrow_and_update().has_changed());
    /// assert!(!receiver.borrow_and_update().has_changed());
    /// ```
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.changed
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ref").field("value", &**self).field("has_changed", &self.changed).finish()
    }
}
