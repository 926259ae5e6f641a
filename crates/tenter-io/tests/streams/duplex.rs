//! Streams in memory.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::task::Poll;

use futures_lite::{AsyncReadExt, AsyncWriteExt, FutureExt, future};
use proptest::prelude::*;
use tenter_io::duplex;

use crate::common::on_each;
use crate::once;

#[derive(Clone, Copy, Debug)]
enum Step {
    Write(usize),
    Read(usize),
}

proptest! {
    /// Against a queue with as much room.
    #[test]
    fn bytes_come_in_order_and_room_is_what_was_said(
        capacity in 1..20_usize,
        steps in prop::collection::vec(
            prop_oneof![(0..30_usize).prop_map(Step::Write), (0..30_usize).prop_map(Step::Read)], 0..80),
    ) {
        let (mut near, mut far) = duplex(capacity);
        let (mut model, mut next) = (VecDeque::new(), 0_u8);
        for step in steps {
            match step {
                Step::Write(len) => {
                    let bytes: Vec<u8> = (0..len).map(|at| next.wrapping_add(at as u8)).collect();
                    let room = capacity - model.len();
                    match once(near.write(&bytes)) {
                        Poll::Ready(wrote) => {
                            prop_assert_eq!(wrote.unwrap(), len.min(room));
                            model.extend(&bytes[..len.min(room)]);
                            next = next.wrapping_add(len.min(room) as u8);
                        }
                        Poll::Pending => prop_assert!(room == 0 && len > 0),
                    }
                }
                Step::Read(len) => {
                    let mut bytes = vec![0; len];
                    match once(far.read(&mut bytes)) {
                        Poll::Ready(read) => {
                            let expected: Vec<u8> = model.drain(..len.min(model.len())).collect();
                            prop_assert_eq!(&bytes[..read.unwrap()], expected);
                        }
                        Poll::Pending => prop_assert!(model.is_empty() && len > 0),
                    }
                }
            }
        }
    }
}

/// tokio#3756: such a writer waited for ever.
#[test]
fn a_writer_that_waits_for_room_hears_that_the_reader_is_gone() {
    let (mut near, far) = duplex(2);
    let writing = async { near.write_all(b"more than fits").await.unwrap_err().kind() };
    let dropping = async {
        future::yield_now().await;
        drop(far);
    };
    let (kind, ()) = future::block_on(future::zip(writing, dropping));
    assert_eq!(kind, io::ErrorKind::BrokenPipe);
}

#[test]
fn a_reader_that_waits_hears_of_the_end() {
    for close in [true, false] {
        let (mut near, far) = duplex(8);
        let (mut reader, _writer) = far.into_split();
        let mut text = String::new();
        let reading = reader.read_to_string(&mut text);
        let ending = async move {
            near.write_all(b"last").await.unwrap();
            future::yield_now().await;
            if close {
                near.close().await.unwrap();
                assert_eq!(near.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
            }
        };
        let (read, ()) = future::block_on(future::zip(reading, ending));
        assert_eq!((read.unwrap(), text.as_str()), (4, "last"));
    }
}

#[test]
fn halves_end_their_own_direction() {
    let (near, mut far) = duplex(8);
    let (mut reader, writer) = near.into_split();
    drop(writer);
    future::block_on(async {
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
        far.write_all(b"still").await.unwrap();
        let mut heard = [0; 5];
        reader.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"still");
    });
}

/// tokio#4470: whoever shared a task with such a pair never had a turn.
#[test]
fn two_ends_that_are_always_ready_give_way() {
    on_each(|runtime| {
        let endless = async {
            let (mut near, mut far) = duplex(8192);
            let mut bytes = [3; 4096];
            loop {
                near.write_all(&bytes).await.unwrap();
                far.read_exact(&mut bytes).await.unwrap();
            }
        };
        let mut polls = 0;
        let second_poll = poll_fn(move |_| {
            polls += 1;
            if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
        });
        runtime.block_on(runtime.spawn(endless.or(second_poll)));
    });
}

/// tokio#8394: the first write waited for ever.
#[test]
#[should_panic(expected = "room for at least one byte")]
fn no_room_at_all_is_refused() {
    let _ = duplex(0);
}

#[test]
fn a_dropped_wait_leaves_no_one_behind() {
    let (mut near, mut far) = duplex(1);
    assert!(once(far.read(&mut [0])).is_pending());
    let exchange = future::zip(async { near.write_all(b"ab").await.unwrap() }, async {
        let mut heard = [0; 2];
        far.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"ab");
    });
    future::block_on(exchange);
}
