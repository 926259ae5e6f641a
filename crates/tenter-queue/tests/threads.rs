//! Producers and consumers on threads, joined.
#![cfg(not(tenter_loom))]

// The channel crate's: both are tried with the same counting wakers.
#[path = "../../tenter-channel/tests/common/mod.rs"]
mod common;

use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::thread;

use common::Task;
use futures_lite::future::block_on;
use tenter_queue::Queue;

const ITEMS: u64 = if cfg!(miri) { 30 } else { 10_000 };

#[test]
fn join_ends_when_all_items_are_finished_and_none_is_lost() {
    let sum = AtomicU64::new(0);
    let queue = Queue::bounded(2);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Ok(item) = queue.get_blocking() {
                    sum.fetch_add(*item, Ordering::Relaxed);
                    // A getter that gives up must pass its wake on.
                    if let Poll::Ready(Ok(item)) = Task::new(queue.get()).poll() {
                        sum.fetch_add(*item, Ordering::Relaxed);
                    }
                }
            });
        }
        let producers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for i in 0..ITEMS {
                        let mut impatient = Task::new(queue.put(0));
                        if impatient.poll().is_pending() {
                            thread::yield_now();
                        }
                        drop(impatient);
                        queue.put_blocking(i).unwrap();
                    }
                })
            })
            .collect();
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        block_on(queue.join());
        assert_eq!((queue.len(), queue.unfinished()), (0, 0));
        queue.shutdown(false);
    });
    assert_eq!(sum.into_inner(), ITEMS * (ITEMS - 1));
}

#[test]
fn every_item_arrives_once() {
    let sum = AtomicU64::new(0);
    let queue = Queue::bounded(2);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let mut get = Task::new(queue.get());
                    let item = match get.poll() {
                        Poll::Ready(item) => item,
                        Poll::Pending => {
                            thread::yield_now();
                            drop(get);
                            queue.get_blocking()
                        }
                    };
                    let Ok(item) = item else { return };
                    sum.fetch_add(*item, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| (0..ITEMS).for_each(|i| queue.put_blocking(i).unwrap()));
        }
        while sum.load(Ordering::Relaxed) < ITEMS * (ITEMS - 1) {
            thread::yield_now();
        }
        queue.join_blocking();
        queue.shutdown(false);
    });
    assert_eq!(sum.into_inner(), ITEMS * (ITEMS - 1));
}
