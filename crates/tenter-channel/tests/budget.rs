//! What a channel completes counts against its task's budget, and what is withheld is not lost.
#![cfg(not(tenter_loom))]

mod common;

use std::future::poll_fn;
use std::pin::{Pin, pin};

use common::{Task, ready};
use futures_core::Stream;
use tenter_channel::{bounded, broadcast, oneshot, unbounded, watch};
use tenter_core::coop::{self, BUDGET};

const UNITS: usize = BUDGET as usize;

/// Polls the future in turns of a full budget each; how many it takes.
fn turns(future: impl Future<Output = ()>) -> usize {
    let mut task = Task::new(future);
    for turn in 1.. {
        coop::begin();
        let polled = task.poll();
        coop::end();
        if polled.is_ready() {
            return turn;
        }
        assert!(task.woken(), "who is withheld is woken");
    }
    unreachable!("the loop ends by returning")
}

#[test]
fn a_receiver_that_always_finds_a_message_gives_way() {
    let (sender, receiver) = unbounded();
    for i in 0..3 * UNITS {
        sender.try_send(i).unwrap();
    }
    let received = turns(async {
        for i in 0..3 * UNITS {
            assert_eq!(receiver.recv().await, Ok(i));
        }
    });
    assert_eq!(received, 3);
}

#[test]
fn a_stream_that_always_has_an_item_gives_way() {
    let (sender, mut receiver) = unbounded();
    for i in 0..2 * UNITS {
        sender.try_send(i).unwrap();
    }
    let received = turns(async {
        for i in 0..2 * UNITS {
            assert_eq!(poll_fn(|cx| Pin::new(&mut receiver).poll_next(cx)).await, Some(i));
        }
    });
    assert_eq!(received, 2);
}

#[test]
fn a_sender_that_always_finds_room_gives_way() {
    let (sender, receiver) = unbounded();
    let sent = turns(async {
        for i in 0..2 * UNITS {
            sender.send(i).await.unwrap();
        }
    });
    assert_eq!(sent, 2);
    assert_eq!(receiver.len(), 2 * UNITS);
}

#[test]
fn a_send_that_is_withheld_keeps_its_message() {
    let (sender, receiver) = bounded(1);
    let mut send = Task::new(sender.send(7));
    coop::begin();
    let mut spend = pin!(async {
        while coop::has_budget_remaining() {
            coop::consume_budget().await;
        }
    });
    ready(Task::new(spend.as_mut()).poll());
    assert!(send.poll().is_pending());
    assert!(receiver.is_empty());
    coop::begin();
    ready(send.poll()).unwrap();
    coop::end();
    assert_eq!(receiver.try_recv(), Ok(7));
}

#[test]
fn a_notification_of_one_that_is_withheld_goes_on_when_it_is_dropped() {
    let (sender, receiver) = unbounded();
    let mut first = Task::pending(receiver.recv());
    let mut second = Task::pending(receiver.recv());
    sender.try_send(1).unwrap();
    coop::begin();
    let mut spend = pin!(async {
        while coop::has_budget_remaining() {
            coop::consume_budget().await;
        }
    });
    ready(Task::new(spend.as_mut()).poll());
    assert!(first.poll().is_pending());
    coop::end();
    drop(first);
    assert_eq!(second.wakes(), 1);
    assert_eq!(ready(second.poll()), Ok(1));
}

#[test]
fn oneshots_give_way() {
    let received = turns(async {
        for i in 0..2 * UNITS {
            let (sender, receiver) = oneshot::channel();
            sender.send(i).unwrap();
            assert_eq!(receiver.await, Ok(i));
        }
    });
    assert_eq!(received, 2);
}

#[test]
fn broadcasts_give_way() {
    let (sender, mut receiver) = broadcast::channel(2 * UNITS);
    for i in 0..2 * UNITS {
        sender.send(i).unwrap();
    }
    let received = turns(async {
        for i in 0..2 * UNITS {
            assert_eq!(receiver.recv().await, Ok(i));
        }
    });
    assert_eq!(received, 2);
}

#[test]
fn watches_give_way() {
    let (sender, mut receiver) = watch::channel(0);
    let told = turns(async {
        for i in 1..=2 * UNITS {
            sender.send(i).unwrap();
            receiver.changed().await.unwrap();
        }
    });
    assert_eq!(told, 2);
    let tried = turns(async {
        for _ in 0..2 * UNITS {
            assert!(receiver.wait_for(|_| true).await.is_ok());
        }
    });
    assert_eq!(tried, 2);
}

#[test]
fn waiting_spends_nothing() {
    let (sender, receiver) = unbounded();
    coop::begin();
    let mut recv = Task::pending(receiver.recv());
    for _ in 0..2 * UNITS {
        assert!(recv.poll().is_pending());
    }
    sender.try_send(1).unwrap();
    assert_eq!(ready(recv.poll()), Ok(1));
    coop::end();
}
