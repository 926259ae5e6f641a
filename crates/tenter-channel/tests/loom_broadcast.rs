//! Loom models of the broadcast channel: who is told, what is counted as missed, and when a message goes.
#![cfg(tenter_loom)]

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use tenter_channel::broadcast::{self, Receiver, RecvError};

fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}

#[test]
fn a_message_ends_every_receive() {
    model(2, || {
        let (sender, mut receiver) = broadcast::channel(1);
        let mut other = sender.subscribe();
        let thread = thread::spawn(move || block_on(other.recv()));
        // The channel stays open: only the message may end the receives.
        let sending = thread::spawn(move || (sender.send(1).unwrap(), sender));
        assert_eq!(block_on(receiver.recv()), Ok(1));
        assert_eq!(thread.join().unwrap(), Ok(1));
        assert_eq!(sending.join().unwrap().0, 2);
    });
}

/// Receives to the end; the messages, and how many were missed.
fn drain(receiver: &mut Receiver<u64>) -> (Vec<u64>, u64) {
    let (mut received, mut missed) = (Vec::new(), 0);
    loop {
        match block_on(receiver.recv()) {
            Ok(message) => {
                assert_eq!(message, received.len() as u64 + missed, "messages come in order");
                received.push(message);
            }
            Err(RecvError::Lagged(more)) => {
                assert_ne!(more, 0);
                missed += more;
            }
            Err(RecvError::Closed) => return (received, missed),
        }
    }
}

#[test]
fn a_slow_receiver_misses_what_it_is_told_and_nothing_else() {
    model(2, || {
        let (sender, mut receiver) = broadcast::channel(1);
        let sending = thread::spawn(move || (0..3).for_each(|i| assert_eq!(sender.send(i), Ok(1))));
        let (received, missed) = drain(&mut receiver);
        assert_eq!(received.len() as u64 + missed, 3);
        assert_eq!(received.last(), Some(&2), "the newest message is never lost");
        sending.join().unwrap();
    });
}

#[test]
fn two_senders_lose_nothing_of_each_other() {
    model(1, || {
        let (sender, mut receiver) = broadcast::channel(2);
        let other = sender.clone();
        let threads =
            [(sender, 1), (other, 2)].map(|(sender, i)| thread::spawn(move || assert_eq!(sender.send(i), Ok(1))));
        let sum = block_on(receiver.recv()).unwrap() + block_on(receiver.recv()).unwrap();
        assert_eq!(sum, 3);
        assert_eq!(block_on(receiver.recv()), Err(RecvError::Closed));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_message_goes_with_its_last_receiver_whether_it_takes_or_leaves() {
    model(3, || {
        let (sender, mut receiver) = broadcast::channel(1);
        let other = sender.subscribe();
        let kept = Arc::new(());
        let leaving = thread::spawn(move || drop(other));
        let sending = {
            let message = kept.clone();
            thread::spawn(move || (sender.send(message).unwrap(), sender))
        };
        drop(block_on(receiver.recv()).unwrap());
        leaving.join().unwrap();
        // The channel lives.
        let (_count, _sender) = sending.join().unwrap();
        assert_eq!(Arc::strong_count(&kept), 1);
    });
}

#[test]
fn who_leaves_while_it_is_overtaken_passes_no_later_message() {
    model(3, || {
        let (sender, mut receiver) = broadcast::channel(1);
        let other = sender.subscribe();
        sender.send(0).unwrap();
        let leaving = thread::spawn(move || drop(other));
        sender.send(1).unwrap();
        assert_eq!(block_on(receiver.recv()), Err(RecvError::Lagged(1)));
        assert_eq!(block_on(receiver.recv()), Ok(1));
        leaving.join().unwrap();
        assert!(sender.is_empty());
    });
}

#[test]
fn two_receivers_of_one_message_leave_nothing() {
    model(3, || {
        let (sender, mut receiver) = broadcast::channel(1);
        let mut other = sender.subscribe();
        let kept = Arc::new(());
        sender.send(kept.clone()).unwrap();
        let thread = thread::spawn(move || drop(other.try_recv().unwrap()));
        drop(receiver.try_recv().unwrap());
        thread.join().unwrap();
        assert_eq!(Arc::strong_count(&kept), 1);
        assert!(sender.is_empty());
    });
}

#[test]
fn who_subscribes_beside_a_send_is_counted_or_comes_after() {
    model(3, || {
        let (sender, mut receiver) = broadcast::channel(1);
        let subscriber = sender.clone();
        let thread = thread::spawn(move || {
            let mut late = subscriber.subscribe();
            (late.try_recv().is_ok(), late)
        });
        let receivers = sender.send(1).unwrap();
        let (received, mut late) = thread.join().unwrap();
        assert_eq!(receivers == 2, received || late.try_recv().is_ok());
        assert_eq!(receiver.try_recv(), Ok(1));
        assert!(sender.is_empty());
    });
}

#[test]
fn the_last_sender_ends_a_receive_after_its_message() {
    model(3, || {
        let (sender, mut receiver) = broadcast::channel(1);
        let thread = thread::spawn(move || assert_eq!(sender.send(1), Ok(1)));
        assert_eq!(block_on(receiver.recv()), Ok(1));
        assert_eq!(block_on(receiver.recv()), Err(RecvError::Closed));
        thread.join().unwrap();
    });
}

#[test]
fn the_last_receiver_ends_closed() {
    model(3, || {
        let (sender, receiver) = broadcast::channel::<u8>(1);
        let other = sender.subscribe();
        let threads = [receiver, other].map(|receiver| thread::spawn(move || drop(receiver)));
        block_on(sender.closed());
        assert_eq!(sender.receiver_count(), 0);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
