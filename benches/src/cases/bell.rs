//! A bell that many tasks wait for, made of bare wakers: the same for every runtime.

use std::future::poll_fn;
use std::sync::Mutex;
use std::task::{Poll, Waker};

/// How many times it rang, and who waits for the next.
#[derive(Debug, Default)]
pub(crate) struct Bell(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rings: usize,
    waiting: Vec<Waker>,
    /// Rings when so many wait.
    ringer: Option<(usize, Waker)>,
}

impl Bell {
    /// Waits for a ring after the `heard`th.
    pub(crate) async fn wait(&self, heard: usize) {
        let mut registered = false;
        poll_fn(|cx| {
            let mut state = self.0.lock().expect("nobody panics");
            if state.rings > heard {
                return Poll::Ready(());
            }
            // A second poll without a ring brings no second waker: nothing here changes its waker.
            if !registered {
                registered = true;
                state.waiting.push(cx.waker().clone());
            }
            let enough = state.ringer.as_ref().is_some_and(|(count, _)| state.waiting.len() == *count);
            let ringer = if enough { state.ringer.take() } else { None };
            drop(state);
            if let Some((_, ringer)) = ringer {
                ringer.wake();
            }
            Poll::Pending
        })
        .await;
    }

    /// Waits until so many wait.
    pub(crate) async fn full(&self, count: usize) {
        poll_fn(|cx| {
            let mut state = self.0.lock().expect("nobody panics");
            if state.waiting.len() == count {
                return Poll::Ready(());
            }
            state.ringer = Some((count, cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// Wakes all who wait.
    pub(crate) fn ring(&self) {
        let mut state = self.0.lock().expect("nobody panics");
        state.rings += 1;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_lite::future;

    use super::*;

    #[test]
    fn it_wakes_who_waits_and_its_ringer_when_all_do() {
        let bell = Bell::default();
        let (mut first, mut second) = (pin!(bell.wait(0)), pin!(bell.wait(0)));
        let mut full = pin!(bell.full(2));
        future::block_on(async {
            assert!(future::poll_once(&mut first).await.is_none());
            assert!(future::poll_once(&mut full).await.is_none());
            assert!(future::poll_once(&mut second).await.is_none());
            full.await;
            bell.ring();
            first.await;
            second.await;
        });
    }
}
