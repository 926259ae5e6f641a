//! Loom models of the watch channel: changes beside looks, waits and the last handle of each side.
#![cfg(tenter_loom)]

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use tenter_channel::watch;

fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}

#[test]
fn a_change_wakes_every_receiver() {
    model(2, || {
        let (sender, mut receiver) = watch::channel(0);
        let mut other = receiver.clone();
        let thread = thread::spawn(move || block_on(other.changed()));
        // The channel stays open: only the change may end the waits.
        let sending = thread::spawn(move || (sender.send_replace(1), sender));
        assert!(block_on(receiver.changed()).is_ok());
        assert!(thread.join().unwrap().is_ok());
        sending.join().unwrap();
    });
}

#[test]
fn the_latest_value_is_never_missed() {
    model(3, || {
        let (sender, mut receiver) = watch::channel(0);
        let sending = thread::spawn(move || {
            sender.send_replace(1);
            sender.send_replace(2);
            sender
        });
        // Looks before it waits, so that it marks as seen what it looks at, and must not mark more.
        while *receiver.borrow_and_update() != 2 {
            block_on(receiver.changed()).unwrap();
        }
        assert_eq!(receiver.has_changed(), Ok(false));
        sending.join().unwrap();
    });
}

#[test]
fn who_was_told_of_a_change_sees_what_was_done_before_it() {
    model(3, || {
        let (sender, mut receiver) = watch::channel(());
        let cell = Arc::new(UnsafeCell::new(0));
        let written = cell.clone();
        let thread = thread::spawn(move || {
            // SAFETY: the reader waits for the change; loom checks that this is enough.
            written.with_mut(|cell| unsafe { *cell = 1 });
            sender.send_replace(());
        });
        block_on(receiver.changed()).unwrap();
        // SAFETY: as above.
        assert_eq!(cell.with(|cell| unsafe { *cell }), 1);
        thread.join().unwrap();
    });
}

#[test]
fn the_last_value_comes_before_the_close() {
    model(1, || {
        let (sender, mut receiver) = watch::channel(0);
        let other = sender.clone();
        let threads = [sender, other].map(|sender| thread::spawn(move || assert!(sender.send_replace(1) < 2)));
        let mut changes = 0;
        while block_on(receiver.changed()).is_ok() {
            changes += 1;
        }
        assert!((1..=2).contains(&changes));
        assert_eq!((*receiver.borrow(), receiver.is_closed()), (1, true));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_condition_is_tried_with_the_last_value() {
    model(2, || {
        let (sender, mut receiver) = watch::channel(0);
        let thread = thread::spawn(move || {
            sender.send_replace(1);
            sender.send_replace(2);
        });
        assert_eq!(block_on(receiver.wait_for(|&value| value == 2)).map(|value| *value), Ok(2));
        assert!(block_on(receiver.wait_for(|&value| value == 3)).is_err());
        thread.join().unwrap();
    });
}

#[test]
fn the_last_receiver_ends_closed() {
    model(3, || {
        let (sender, receiver) = watch::channel(0);
        let other = receiver.clone();
        let threads = [receiver, other].map(|receiver| thread::spawn(move || drop(receiver)));
        block_on(sender.closed());
        assert_eq!(sender.receiver_count(), 0);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn who_finds_no_receiver_sees_what_they_did() {
    model(3, || {
        let (sender, receiver) = watch::channel(());
        let cell = Arc::new(UnsafeCell::new(0));
        let written = cell.clone();
        let thread = thread::spawn(move || {
            // SAFETY: the reader waits until the receiver is gone; loom checks that this is enough.
            written.with_mut(|cell| unsafe { *cell = 1 });
            drop(receiver);
        });
        block_on(sender.closed());
        // SAFETY: as above.
        assert_eq!(cell.with(|cell| unsafe { *cell }), 1);
        thread.join().unwrap();
    });
}
