//! Loom models of the signals.
#![cfg(tenter_loom)]

use std::future::{Future, poll_fn};
use std::task::Poll;

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use tenter_channel::sync::{Barrier, BrokenBarrierError, Event, Notify};

fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}

#[test]
fn a_dropped_notified_passes_its_notification_on() {
    model(2, || {
        let notify = Arc::new(Notify::new());
        let (other, quitter) = (notify.clone(), notify.clone());
        let quitting = thread::spawn(move || {
            let mut notified = Box::pin(quitter.notified());
            let polled = block_on(poll_fn(|cx| Poll::Ready(notified.as_mut().poll(cx))));
            drop(notified);
            if polled.is_ready() {
                quitter.notify_one();
            }
        });
        let thread = thread::spawn(move || other.notify_one());
        block_on(notify.notified());
        quitting.join().unwrap();
        thread.join().unwrap();
    });
}

#[test]
fn all_includes_who_came_before_and_the_permit_stays() {
    model(3, || {
        let notify = Arc::new(Notify::new());
        let other = notify.clone();
        let notified = notify.notified();
        let thread = thread::spawn(move || {
            other.notify_waiters();
            other.notify_one();
        });
        block_on(notified);
        block_on(notify.notified());
        thread.join().unwrap();
    });
}

#[test]
fn an_event_ends_a_wait_and_shows_what_was_done_before() {
    model(3, || {
        let event = Arc::new((Event::new(), loom::cell::Cell::new(0)));
        let other = event.clone();
        let thread = thread::spawn(move || {
            other.1.set(1);
            other.0.set();
        });
        block_on(event.0.wait());
        assert_eq!(event.1.get(), 1);
        thread.join().unwrap();
    });
}

#[test]
fn two_parties_meet() {
    model(3, || {
        let barrier = Arc::new(Barrier::new(2));
        let other = barrier.clone();
        let thread = thread::spawn(move || block_on(other.wait()).unwrap());
        let mine = block_on(barrier.wait()).unwrap();
        assert_eq!(mine + thread.join().unwrap(), 1);
    });
}

#[test]
fn an_abort_ends_a_wait() {
    model(3, || {
        let barrier = Arc::new(Barrier::new(2));
        let other = barrier.clone();
        let thread = thread::spawn(move || other.abort());
        assert_eq!(block_on(barrier.wait()), Err(BrokenBarrierError));
        thread.join().unwrap();
        assert_eq!(barrier.n_waiting(), 0);
    });
}

#[test]
fn a_party_that_leaves_beside_a_reset_is_not_counted_out_of_the_next_round() {
    model(3, || {
        let barrier = Arc::new(Barrier::new(2));
        let (other, quitter) = (barrier.clone(), barrier.clone());
        let mut early = Box::pin(async move { quitter.wait().await });
        assert!(block_on(poll_fn(|cx| Poll::Ready(early.as_mut().poll(cx).is_pending()))));
        let leaving = thread::spawn(move || drop(early));
        other.reset();
        let mut next = Box::pin(barrier.wait());
        assert!(block_on(poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx).is_pending()))));
        leaving.join().unwrap();
        assert_eq!(barrier.n_waiting(), 1);
    });
}
