//! Threads at both ends: nothing lost, nothing twice, nothing asleep, nothing leaked.
#![cfg(not(tenter_loom))]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicU64, Ordering};
use std::thread;

use common::Task;
use futures_lite::{StreamExt, future::block_on};
use tenter_channel::{bounded, oneshot, unbounded};

/// Counts live messages, so that a leak and a double drop both show.
struct Counted(Arc<AtomicIsize>, u64);

impl Counted {
    fn new(live: &Arc<AtomicIsize>, value: u64) -> Self {
        live.fetch_add(1, Ordering::Relaxed);
        Self(live.clone(), value)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

const MESSAGES: u64 = if cfg!(miri) { 30 } else { 10_000 };
const ROUNDS: u64 = if cfg!(miri) { 10 } else { 2_000 };

fn exchange(capacity: Option<usize>) {
    let live = Arc::new(AtomicIsize::new(0));
    let sum = AtomicU64::new(0);
    let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
    thread::scope(|scope| {
        for kind in 0..3 {
            let (sender, live) = (sender.clone(), &live);
            scope.spawn(move || {
                for i in 0..MESSAGES {
                    let message = Counted::new(live, i);
                    match kind {
                        0 => sender.send_blocking(message).unwrap(),
                        1 => block_on(sender.send(message)).unwrap(),
                        _ => {
                            // Give up waiting now and then, without losing count.
                            if i % 2 == 0 {
                                drop(Task::new(sender.send(Counted::new(live, 0))));
                            }
                            block_on(sender.send(message)).unwrap();
                        }
                    }
                }
            });
        }
        drop(sender);
        for kind in 0..3 {
            let (mut receiver, sum) = (receiver.clone(), &sum);
            scope.spawn(move || {
                let mut next = || match kind {
                    0 => receiver.recv_blocking().ok(),
                    1 => {
                        // A receive that is dropped while it waits must pass on the wake it may have got.
                        let mut abandoned = Task::new(receiver.recv());
                        match abandoned.poll() {
                            std::task::Poll::Ready(message) => message.ok(),
                            std::task::Poll::Pending => {
                                thread::yield_now();
                                drop(abandoned);
                                block_on(receiver.recv()).ok()
                            }
                        }
                    }
                    _ => block_on(receiver.next()),
                };
                while let Some(message) = next() {
                    sum.fetch_add(message.1, Ordering::Relaxed);
                }
            });
        }
        drop(receiver);
    });
    assert_eq!(sum.into_inner(), 3 * MESSAGES * (MESSAGES - 1) / 2);
    assert_eq!(live.load(Ordering::Relaxed), 0);
}

#[test]
fn a_narrow_channel_loses_no_message_and_no_wake() {
    exchange(Some(1));
}

#[test]
fn a_wide_channel_loses_no_message_and_no_wake() {
    exchange(Some(64));
}

#[test]
fn an_unbounded_channel_loses_no_message_and_no_wake() {
    exchange(None);
}

#[test]
fn dropping_the_receiver_beside_a_send_drops_each_message_once() {
    let live = Arc::new(AtomicIsize::new(0));
    for round in 0..ROUNDS {
        let (sender, receiver) = if round % 2 == 0 { unbounded() } else { bounded(4) };
        thread::scope(|scope| {
            let live = &live;
            scope.spawn(move || (0..4).take_while(|i| sender.try_send(Counted::new(live, *i)).is_ok()).count());
            drop(receiver);
        });
        assert_eq!(live.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn dropping_the_receiver_beside_a_oneshot_send_drops_the_message_once() {
    let live = Arc::new(AtomicIsize::new(0));
    for round in 0..ROUNDS {
        let (sender, receiver) = oneshot::channel();
        thread::scope(|scope| {
            let live = &live;
            scope.spawn(move || drop(sender.send(Counted::new(live, 1))));
            let mut task = Task::new(receiver);
            if round % 2 == 0 {
                drop(task.poll());
            }
            drop(task);
        });
        assert_eq!(live.load(Ordering::Relaxed), 0);
    }
}
