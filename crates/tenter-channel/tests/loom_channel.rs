//! Loom models of the channel's waits. The queue inside is not loom's, so its steps are taken as atomic; what is modelled
//! is everything that the channel adds: who is told, and when.
#![cfg(tenter_loom)]

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use futures_core::Stream;
use loom::future::block_on;
use loom::thread;
use tenter_channel::{Receiver, RecvError, Sender, bounded, unbounded};

fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}

async fn next<T>(receiver: &mut Receiver<T>) -> Option<T> {
    poll_fn(|cx| Pin::new(&mut *receiver).poll_next(cx)).await
}

#[test]
fn two_sends_end_two_receives() {
    model(2, || {
        let (sender, receiver) = unbounded();
        let other = receiver.clone();
        let thread = thread::spawn(move || block_on(other.recv()).unwrap());
        let senders = thread::spawn(move || {
            sender.try_send(1).unwrap();
            sender.try_send(2).unwrap();
            // The channel stays open: only the two messages may end the receives.
            sender
        });
        let sum = block_on(receiver.recv()).unwrap() + thread.join().unwrap();
        assert_eq!(sum, 3);
        drop(senders.join().unwrap());
    });
}

#[test]
fn a_full_channel_lets_its_sender_through() {
    model(2, || {
        let (sender, receiver) = bounded(1);
        sender.try_send(0).unwrap();
        let thread = thread::spawn(move || {
            block_on(sender.send(1)).unwrap();
            block_on(sender.send(2)).unwrap();
            sender
        });
        for expected in 0..3 {
            assert_eq!(block_on(receiver.recv()), Ok(expected));
        }
        drop(thread.join().unwrap());
    });
}

/// Polls a receive once and gives up. What it got by chance goes back into the channel, so that one message stays.
fn give_up<T>(sender: &Sender<T>, receiver: &Receiver<T>) {
    let mut recv = Box::pin(receiver.recv());
    let polled = block_on(poll_fn(|cx| Poll::Ready(recv.as_mut().poll(cx))));
    drop(recv);
    if let Poll::Ready(message) = polled {
        sender.try_send(message.unwrap()).unwrap();
    }
}

#[test]
fn a_dropped_receive_passes_its_wake_on() {
    model(3, || {
        let (sender, receiver) = unbounded();
        let (feeder, quitter) = (sender.clone(), (sender.clone(), receiver.clone()));
        let quitting = thread::spawn(move || give_up(&quitter.0, &quitter.1));
        let feeding = thread::spawn(move || feeder.try_send(1).unwrap());
        block_on(receiver.recv()).unwrap();
        quitting.join().unwrap();
        feeding.join().unwrap();
        drop(sender);
    });
}

#[test]
fn a_dropped_receive_passes_its_wake_to_a_stream() {
    model(2, || {
        let (sender, receiver) = unbounded();
        let mut stream = receiver.clone();
        let (feeder, quitter) = (sender.clone(), sender.clone());
        let quitting = thread::spawn(move || give_up(&quitter, &receiver));
        let feeding = thread::spawn(move || feeder.try_send(1).unwrap());
        block_on(next(&mut stream)).unwrap();
        quitting.join().unwrap();
        feeding.join().unwrap();
        drop(sender);
    });
}

#[test]
fn the_last_drop_ends_a_receive() {
    model(2, || {
        let (sender, receiver) = unbounded::<u8>();
        let other = sender.clone();
        let thread = thread::spawn(move || drop(other));
        let second = thread::spawn(move || drop(sender));
        assert_eq!(block_on(receiver.recv()), Err(RecvError));
        thread.join().unwrap();
        second.join().unwrap();
    });
}
