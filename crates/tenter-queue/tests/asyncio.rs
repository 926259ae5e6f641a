//! The scenarios of CPython's `test_queues.py`: waiting, cancelling, joining.
#![cfg(not(tenter_loom))]

// The channel crate's: both are tried with the same counting wakers.
#[path = "../../tenter-channel/tests/common/mod.rs"]
mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{Task, ready};
use tenter_queue::{LifoQueue, PriorityQueue, Queue, TooManyTaskDone, TryGetError, TryPutError};

#[test]
fn sizes() {
    let queue = Queue::bounded(2);
    assert_eq!((queue.maxsize(), queue.len()), (Some(2), 0));
    assert!(queue.is_empty() && !queue.is_full());
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    assert!(queue.is_full() && !queue.is_empty());
    assert_eq!(queue.try_put(3), Err(TryPutError::Full(3)));
    assert_eq!(queue.unfinished(), 2);
    assert_eq!(format!("{queue:?}"), "JoinableQueue { len: 2, maxsize: Some(2), unfinished: 2, shut_down: false }");
    assert_eq!(Queue::<u8>::unbounded().maxsize(), None);
}

#[test]
#[should_panic(expected = "use `unbounded`")]
fn a_bounded_queue_needs_room() {
    Queue::<u8>::bounded(0);
}

#[test]
fn orders() {
    let fifo = Queue::unbounded();
    let lifo = LifoQueue::unbounded();
    let priority = PriorityQueue::unbounded();
    for i in [1, 3, 2] {
        fifo.try_put(i).unwrap();
        lifo.try_put(i).unwrap();
        priority.try_put(i).unwrap();
    }
    let all = |next: &dyn Fn() -> Result<i32, TryGetError>| std::iter::from_fn(|| next().ok()).collect::<Vec<_>>();
    assert_eq!(all(&|| fifo.try_get_unguarded()), [1, 3, 2]);
    assert_eq!(all(&|| lifo.try_get_unguarded()), [2, 3, 1]);
    assert_eq!(all(&|| priority.try_get_unguarded()), [1, 2, 3]);
}

#[test]
fn items_of_equal_priority_keep_their_order() {
    #[derive(Debug)]
    struct Job(u8, usize);
    impl PartialEq for Job {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Job {}
    impl PartialOrd for Job {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Job {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.cmp(&other.0)
        }
    }
    let queue = PriorityQueue::unbounded();
    for i in 0..30 {
        queue.try_put(Job(i % 3, usize::from(i))).unwrap();
    }
    let got: Vec<_> = std::iter::from_fn(|| queue.try_get_unguarded().ok()).map(|job| job.1).collect();
    let expected: Vec<_> = (0..3).flat_map(|rest| (rest..30).step_by(3)).collect();
    assert_eq!(got, expected);
}

#[test]
fn a_blocked_get_is_woken_by_a_put_and_a_blocked_put_by_a_get() {
    let queue = Queue::bounded(1);
    let mut get = Task::pending(queue.get_unguarded());
    queue.try_put(1).unwrap();
    assert!(get.woken());
    assert_eq!(ready(get.poll()), Ok(1));

    queue.try_put(2).unwrap();
    let mut put = Task::pending(queue.put(3));
    assert!(!put.woken());
    assert_eq!(queue.try_get_unguarded(), Ok(2));
    assert!(put.woken());
    ready(put.poll()).unwrap();
    assert_eq!(queue.try_get_unguarded(), Ok(3));
}

#[test]
fn getters_and_putters_are_served_in_order() {
    let queue = Queue::bounded(1);
    let mut gets: Vec<_> = (0..3).map(|_| Task::pending(queue.get_unguarded())).collect();
    for (i, get) in gets.iter_mut().enumerate() {
        queue.try_put(i).unwrap();
        assert_eq!(ready(get.poll()), Ok(i));
    }
    queue.try_put(9).unwrap();
    let mut puts: Vec<_> = (0..3).map(|i| Task::pending(queue.put(i))).collect();
    for put in &mut puts {
        queue.try_get_unguarded().unwrap();
        assert!(put.woken());
        ready(put.poll()).unwrap();
    }
}

#[test]
fn a_cancelled_getter_takes_no_item_along() {
    let queue = Queue::unbounded();
    let waiting = Task::pending(queue.get());
    drop(waiting);
    let woken = Task::pending(queue.get());
    queue.try_put(1).unwrap();
    drop(woken);
    assert_eq!(queue.try_get_unguarded(), Ok(1));
}

#[test]
fn a_getter_cancelled_after_its_wake_does_not_take_the_wake_along() {
    let queue = Queue::unbounded();
    let first = Task::pending(queue.get_unguarded());
    let mut second = Task::pending(queue.get_unguarded());
    queue.try_put(1).unwrap();
    assert!(!second.woken());
    drop(first);
    assert!(second.woken());
    assert_eq!(ready(second.poll()), Ok(1));
}

#[test]
fn a_putter_cancelled_while_another_is_woken_loses_neither_item_nor_wake() {
    let queue = Queue::bounded(1);
    queue.try_put(1).unwrap();
    let cancelled = Task::pending(queue.put(2));
    let mut third = Task::pending(queue.put(3));
    let mut fourth = Task::pending(queue.put(4));
    assert_eq!(queue.try_get_unguarded(), Ok(1));
    drop(cancelled);
    assert!(third.woken() && !fourth.woken());
    ready(third.poll()).unwrap();
    assert_eq!(queue.try_get_unguarded(), Ok(3));
    assert!(fourth.woken());
    ready(fourth.poll()).unwrap();
    assert_eq!(queue.try_get_unguarded(), Ok(4));
    assert_eq!(queue.unfinished(), 3, "the cancelled item was never put");
}

#[test]
fn an_overtaken_getter_waits_on() {
    let queue = Queue::unbounded();
    let mut slow = Task::pending(queue.get_unguarded());
    queue.try_put(1).unwrap();
    assert_eq!(queue.try_get_unguarded(), Ok(1));
    assert!(slow.poll().is_pending());
    queue.try_put(2).unwrap();
    assert!(slow.woken());
    assert_eq!(ready(slow.poll()), Ok(2));
}

#[test]
fn no_putter_waits_beside_a_free_place() {
    // CPython's `test_why_are_putters_waiting`: two places, several getters and putters at once.
    let queue = Queue::bounded(2);
    queue.try_put(0).unwrap();
    queue.try_put(1).unwrap();
    let mut puts: Vec<_> = (2..6).map(|i| Task::pending(queue.put(i))).collect();
    let mut got = Vec::new();
    while got.len() < 6 {
        got.push(queue.try_get_unguarded().unwrap());
        let mut place = 0;
        while place < puts.len() {
            if puts[place].woken() && puts[place].poll().is_ready() {
                drop(puts.remove(place));
            } else {
                place += 1;
            }
        }
    }
    assert_eq!(got, [0, 1, 2, 3, 4, 5]);
    assert!(puts.is_empty());
}

#[test]
fn join_waits_for_the_last_item_to_be_finished() {
    let queue = Queue::unbounded();
    ready(Task::new(queue.join()).poll());
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    let (mut one, mut other) = (Task::pending(queue.join()), Task::pending(queue.join()));
    let (first, second) = (queue.try_get().unwrap(), queue.try_get().unwrap());
    assert!(queue.is_empty());
    first.done();
    assert!(!one.woken() && one.poll().is_pending());
    assert_eq!(second.into_inner(), 2);
    assert!(one.woken() && other.woken());
    ready(one.poll());
    ready(other.poll());
}

#[test]
fn join_does_not_miss_the_moment_when_all_was_finished() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    let mut join = Task::pending(queue.join());
    queue.try_get().unwrap().done();
    queue.try_put(2).unwrap();
    assert!(join.woken());
    ready(join.poll());
    assert!(Task::new(queue.join()).poll().is_pending(), "a later join waits for the new item");
}

#[test]
fn a_consumer_that_panics_does_not_hang_join() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    let mut join = Task::pending(queue.join());
    let crashed = catch_unwind(AssertUnwindSafe(|| {
        let _item = queue.try_get().unwrap();
        panic!("the consumer's own");
    }));
    assert!(crashed.is_err());
    assert!(join.woken());
    ready(join.poll());
}

#[test]
fn a_consumer_that_is_cancelled_does_not_hang_join() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    let mut join = Task::pending(queue.join());
    let consumer = Task::pending(async {
        let _item = queue.get().await.unwrap();
        std::future::pending::<()>().await;
    });
    assert_eq!((queue.len(), queue.unfinished()), (0, 1));
    drop(consumer);
    assert!(join.woken());
    ready(join.poll());
}

#[test]
fn task_done_counts_what_was_got_unguarded() {
    let queue = Queue::unbounded();
    assert_eq!(queue.task_done(), Err(TooManyTaskDone));
    queue.try_put(1).unwrap();
    let mut join = Task::pending(queue.join());
    queue.try_get_unguarded().unwrap();
    assert!(join.poll().is_pending());
    assert_eq!(queue.task_done(), Ok(()));
    ready(join.poll());
    assert_eq!(queue.task_done(), Err(TooManyTaskDone));

    queue.try_put(2).unwrap();
    let (two, guard) = queue.try_get().unwrap().split();
    guard.disarm();
    assert_eq!((two, queue.unfinished()), (2, 1));
    assert_eq!(queue.task_done(), Ok(()));
}

#[test]
fn an_item_is_gone_before_it_counts_as_finished() {
    struct Own(Queue<Option<Own>>);
    impl Drop for Own {
        fn drop(&mut self) {
            assert_eq!(self.0.unfinished(), 1);
        }
    }
    let own = Queue::unbounded();
    own.try_put(Some(Own(own.clone()))).ok().unwrap();
    drop(own.try_get().ok().unwrap());
    assert_eq!(own.unfinished(), 0);
}
