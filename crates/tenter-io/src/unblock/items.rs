//! What an iterator has given and nobody has taken yet.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Waker};

use super::errand::lock;

#[derive(Debug)]
struct Pending<I> {
    items: VecDeque<I>,
    /// The iterator had no more.
    ended: bool,
    /// Who waits for an item.
    waker: Option<Waker>,
}

#[derive(Debug)]
pub(super) struct Items<I>(Mutex<Pending<I>>);

impl<I> Items<I> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Pending { items: VecDeque::new(), ended: false, waker: None }))
    }

    /// The next item; if there is none now, the task is woken when there is, as long as a job fills this.
    pub(super) fn pop(&self, cx: &mut Context<'_>) -> Option<I> {
        let mut pending = lock(&self.0);
        let item = pending.items.pop_front();
        let before = if item.is_none() { pending.waker.replace(cx.waker().clone()) } else { None };
        drop(pending);
        drop(before);
        item
    }

    /// Whether the iterator had no more, which is said once.
    pub(super) fn take_end(&self) -> bool {
        std::mem::take(&mut lock(&self.0).ended)
    }

    /// The job: takes items of the iterator until it ends, `most` lie here, or it is told to stop.
    pub(super) fn fill(&self, iterator: &mut impl Iterator<Item = I>, most: usize, stop: &AtomicBool) {
        let mut room = lock(&self.0).items.len() < most.max(1);
        while room && !stop.load(Relaxed) {
            let item = iterator.next();
            let mut pending = lock(&self.0);
            pending.ended = item.is_none();
            pending.items.extend(item);
            room = !pending.ended && pending.items.len() < most.max(1);
            let waker = pending.waker.take();
            drop(pending);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}
