//! The shutdown scenarios of CPython's `test_queues.py` (3.13).
#![cfg(not(tenter_loom))]

// The channel crate's: both are tried with the same counting wakers.
#[path = "../../tenter-channel/tests/common/mod.rs"]
mod common;

use std::sync::Arc;

use common::{Task, ready};
use tenter_queue::{PutError, Queue, ShutDown, TryGetError, TryPutError};

#[test]
fn an_empty_queue_refuses_everything() {
    let queue = Queue::unbounded();
    assert!(!queue.is_shut_down());
    queue.shutdown(false);
    assert!(queue.is_shut_down());
    assert_eq!(queue.try_put(1), Err(TryPutError::ShutDown(1)));
    assert_eq!(queue.put_blocking(2), Err(PutError(2)));
    assert_eq!(queue.try_get_unguarded(), Err(TryGetError::ShutDown));
    assert_eq!(queue.get_blocking().unwrap_err(), ShutDown);
    queue.join_blocking();
}

#[test]
fn what_was_put_before_can_be_got_after() {
    let queue = Queue::bounded(1);
    queue.try_put(1).unwrap();
    queue.shutdown(false);
    assert_eq!(queue.try_put(2), Err(TryPutError::ShutDown(2)), "shut down, not full");
    let item = queue.get_blocking().unwrap();
    assert_eq!(queue.try_get_unguarded(), Err(TryGetError::ShutDown));
    let mut join = Task::pending(queue.join());
    drop(item);
    assert!(join.woken());
    ready(join.poll());
}

#[test]
fn an_immediate_shutdown_drops_the_items_and_ends_join() {
    let queue = Queue::unbounded();
    let held = Arc::new(());
    queue.try_put(held.clone()).unwrap();
    queue.try_put(held.clone()).unwrap();
    let mut join = Task::pending(queue.join());
    queue.shutdown(true);
    assert_eq!(Arc::strong_count(&held), 1);
    assert_eq!((queue.len(), queue.unfinished()), (0, 0));
    assert!(join.woken());
    ready(join.poll());
}

#[test]
fn an_immediate_shutdown_still_waits_for_items_being_worked_on() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    let item = queue.try_get().unwrap();
    let mut join = Task::pending(queue.join());
    queue.shutdown(true);
    assert_eq!(queue.unfinished(), 1);
    assert!(join.poll().is_pending());
    item.done();
    ready(join.poll());
}

#[test]
fn an_immediate_shutdown_counts_no_item_twice() {
    // Someone called `task_done` ahead of its `get`; the count must not fall below zero.
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    queue.task_done().unwrap();
    queue.shutdown(true);
    assert_eq!(queue.unfinished(), 0);
    ready(Task::new(queue.join()).poll());
}

#[test]
fn shutting_down_leaves_no_getter_asleep() {
    for immediate in [false, true] {
        let queue = Queue::<u8>::unbounded();
        let mut gets: Vec<_> = (0..3).map(|_| Task::pending(queue.get())).collect();
        queue.shutdown(immediate);
        for get in &mut gets {
            assert!(get.woken());
            assert_eq!(ready(get.poll()).unwrap_err(), ShutDown);
        }
    }
}

#[test]
fn shutting_down_leaves_no_putter_asleep_and_gives_its_item_back() {
    for immediate in [false, true] {
        let queue = Queue::bounded(1);
        queue.try_put(0).unwrap();
        let mut puts: Vec<_> = (1..4).map(|i| Task::pending(queue.put(i))).collect();
        queue.shutdown(immediate);
        for (put, i) in puts.iter_mut().zip(1..) {
            assert!(put.woken());
            assert_eq!(ready(put.poll()), Err(PutError(i)));
        }
        assert_eq!(queue.try_get_unguarded().ok(), if immediate { None } else { Some(0) });
    }
}

#[test]
fn an_item_that_uses_the_queue_when_dropped_does_not_deadlock() {
    struct Nosy(Queue<Nosy>);
    impl Drop for Nosy {
        fn drop(&mut self) {
            assert!(self.0.is_empty());
        }
    }
    let queue = Queue::unbounded();
    queue.try_put(Nosy(queue.clone())).ok().unwrap();
    queue.shutdown(true);
}
