//! Loom models of the queue: finishing beside joining, cancelling beside putting.
#![cfg(tenter_loom)]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use loom::future::block_on;
use loom::thread;
use tenter_queue::Queue;

fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(f);
}

#[test]
fn join_is_woken_by_the_last_item() {
    model(|| {
        let queue = Queue::unbounded();
        queue.try_put(1).unwrap();
        queue.try_put(2).unwrap();
        let (first, second) = (queue.try_get().unwrap(), queue.try_get().unwrap());
        let one = thread::spawn(move || drop(first));
        let other = thread::spawn(move || drop(second));
        block_on(queue.join());
        assert_eq!(queue.unfinished(), 0);
        one.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn join_ends_though_another_item_is_put_at_once() {
    model(|| {
        let queue = Queue::unbounded();
        queue.try_put(1).unwrap();
        let item = queue.try_get().unwrap();
        let mut join = Box::pin(queue.join());
        // The join has begun; it must end, whenever it is polled again.
        block_on(poll_fn(|cx| Poll::Ready(join.as_mut().poll(cx).is_pending())));
        let thread = thread::spawn({
            let queue = queue.clone();
            move || {
                item.done();
                queue.try_put(2).unwrap();
            }
        });
        block_on(join);
        thread.join().unwrap();
        assert_eq!(queue.unfinished(), 1);
    });
}

#[test]
fn a_cancelled_getter_beside_a_put_loses_no_wake() {
    model(|| {
        let queue = Queue::unbounded();
        let quitter = thread::spawn({
            let queue = queue.clone();
            move || {
                let mut get = pin!(queue.get_unguarded());
                block_on(poll_fn(|cx| Poll::Ready(get.as_mut().poll(cx).is_ready())))
            }
        });
        let putter = thread::spawn({
            let queue = queue.clone();
            move || {
                queue.try_put(1).unwrap();
                queue.try_put(2).unwrap();
            }
        });
        block_on(queue.get_unguarded()).unwrap();
        quitter.join().unwrap();
        putter.join().unwrap();
    });
}
