//! Many who wait for one source.

mod common;

use std::future::Future;
use std::io::{Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use tenter_io::{Async, Timer};
use tenter_runtime::spawn;

use crate::common::{Local, each, is_pending, on_each, watched};

type Stream = Arc<Async<Local>>;

fn pair() -> (Stream, Local) {
    let (a, b) = common::pair().unwrap();
    (Arc::new(Async::new(a).unwrap()), b)
}

/// Fills the socket's buffer, so that the next write has to wait; how much it took.
async fn fill(stream: &Local) -> usize {
    let (mut total, mut refusals) = (0, 0);
    // What is on its way to the other end takes room for a moment. Local sockets have no way.
    while refusals < if cfg!(unix) { 1 } else { 5 } {
        match (&mut &*stream).write(&[0; 4096]) {
            Ok(n) => (total, refusals) = (total + n, 0),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                refusals += 1;
                settled().await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    total
}

async fn settled() {
    Timer::after(Duration::from_millis(3)).await;
}

#[test]
fn all_who_wait_for_readability_hear_of_it() {
    each(|| async {
        let (a, mut b) = pair();
        let tasks: Vec<_> = (0..10)
            .map(|i| {
                let a = a.clone();
                spawn(async move { if i % 2 == 0 { a.readable().await } else { a.readable_owned().await } })
            })
            .collect();
        settled().await;
        b.write_all(b"x").unwrap();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn more_waiters_than_any_list_holds_inline_each_take_one_byte() {
    each(|| async {
        let (a, mut b) = pair();
        let tasks: Vec<_> = (0..100)
            .map(|i| {
                let a = a.clone();
                spawn(async move {
                    let mut byte = [0];
                    // By method, with a key; and by trait, without.
                    if i % 2 == 0 {
                        a.read_with(|mut io| io.read_exact(&mut byte)).await.map(|()| 1)
                    } else {
                        (&*a).read(&mut byte).await
                    }
                })
            })
            .collect();
        settled().await;
        for _ in 0..10 {
            b.write_all(&[7; 10]).unwrap();
            settled().await;
        }
        for task in tasks {
            assert_eq!(task.await.unwrap(), 1);
        }
    });
}

#[test]
fn a_waiter_that_goes_takes_nobody_elses_wake() {
    each(|| async {
        let (a, mut b) = pair();
        for dropped in 0..3 {
            let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(a.clone().readable_owned())).collect();
            assert!(is_pending(&mut waiting[dropped]));
            let mut gone = Some(waiting.remove(dropped));
            let tasks: Vec<_> = waiting.into_iter().map(spawn).collect();
            settled().await;
            // Once before the event, and once after, when it was woken and has not been polled.
            if dropped == 0 {
                gone = None;
            }
            b.write_all(b"x").unwrap();
            settled().await;
            drop(gone);
            for task in tasks {
                task.await.unwrap();
            }
            a.get_ref().read_exact(&mut [0]).unwrap();
        }
    });
}

#[test]
fn a_read_that_is_given_up_again_and_again_leaves_the_other_reader_alone() {
    each(|| async {
        let (a, mut b) = pair();
        let other = a.clone();
        let reader = spawn(async move { other.read_with(|mut io| io.read(&mut [0; 8])).await });
        for _ in 0..200 {
            let given_up = future::poll_once(a.read_with(|mut io| io.read(&mut [0; 8]))).await;
            assert!(given_up.is_none());
        }
        settled().await;
        b.write_all(b"once").unwrap();
        assert_eq!(reader.await.unwrap(), 4);
    });
}

#[test]
fn one_direction_does_not_cost_the_other_its_wake() {
    each(|| async {
        let (a, mut b) = pair();
        b.set_nonblocking(true).unwrap();
        let full = fill(a.get_ref()).await;
        let (reading, writing) = (a.clone(), a.clone());
        let reader = spawn(async move {
            let mut heard = vec![0; 3];
            (&*reading).read_exact(&mut heard).await.map(|()| heard)
        });
        let writer = spawn(async move { (&*writing).write_all(b"more").await });
        settled().await;
        // Readable first: the writer still waits, and must still be watched for.
        b.write_all(b"ab").unwrap();
        settled().await;
        // Only a local socket that is full stays so; the other kind may get room again by itself.
        assert!((!writer.is_finished() || !cfg!(unix)) && !reader.is_finished());
        // Then writable, which must not cost the reader, who waits for the rest.
        let mut drained = 0;
        while drained < full + 4 {
            match b.read(&mut [0; 4096]) {
                Ok(n) => drained += n,
                Err(_) => settled().await,
            }
        }
        writer.await.unwrap();
        b.write_all(b"c").unwrap();
        assert_eq!(reader.await.unwrap(), b"abc");
    });
}

#[test]
fn both_directions_in_one_task_by_poll_functions() {
    each(|| async {
        let (a, mut b) = pair();
        b.set_nonblocking(true).unwrap();
        fill(a.get_ref()).await;
        let task = spawn(async move {
            let reading = async { std::future::poll_fn(|cx| a.poll_readable(cx)).await.map(|()| "read") };
            let writing = async { std::future::poll_fn(|cx| a.poll_writable(cx)).await.map(|()| "write") };
            let first = future::or(reading, writing).await.unwrap();
            std::future::poll_fn(|cx| a.poll_writable(cx)).await.unwrap();
            first
        });
        settled().await;
        b.write_all(b"x").unwrap();
        settled().await;
        while !task.is_finished() {
            while b.read(&mut [0; 65536]).is_ok_and(|read| read > 0) {}
            settled().await;
        }
        // As above.
        let first = task.await;
        assert!(first == "read" || !cfg!(unix), "{first}");
    });
}

#[test]
fn a_source_that_goes_leaves_its_duplicate_watched() {
    each(|| async {
        let (a, b) = common::pair().unwrap();
        let duplicate = Async::new(a.try_clone().unwrap()).unwrap();
        let a = Async::new(a).unwrap();
        let waiting = spawn(async move { duplicate.readable().await });
        settled().await;
        drop(a);
        settled().await;
        assert!(!waiting.is_finished(), "the duplicate is open");
        (&mut &b).write_all(b"x").unwrap();
        waiting.await.unwrap();
    });
}

#[test]
fn wakers_of_other_executors_are_woken_too() {
    on_each(|runtime| {
        if runtime.worker_threads() == 0 {
            return;
        }
        let (a, mut b) = runtime.enter(pair);
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let a = a.clone();
                std::thread::spawn(move || {
                    future::block_on(async move { a.read_with(|mut io| io.read(&mut [0; 1])).await })
                })
            })
            .collect();
        for _ in 0..4 {
            std::thread::sleep(Duration::from_millis(2));
            b.write_all(b"x").unwrap();
        }
        for reader in readers {
            assert_eq!(watched("a foreign reader", move || reader.join()).unwrap().unwrap(), 1);
        }
    });
}

#[test]
fn a_future_polled_by_two_tasks_in_turn_wakes_the_last() {
    each(|| async {
        let (a, mut b) = pair();
        let mut waiting = a.clone().readable_owned();
        assert!(is_pending(&mut waiting));
        let second = spawn(waiting);
        settled().await;
        b.write_all(b"x").unwrap();
        second.await.unwrap();
    });
}

#[test]
fn a_wait_that_is_given_up_keeps_no_waker() {
    struct Nothing;
    impl Wake for Nothing {
        fn wake(self: Arc<Self>) {}
    }
    each(|| async {
        let (a, _b) = pair();
        fill(a.get_ref()).await;
        let mut buf = [0; 4];
        let waits: [Pin<Box<dyn Future<Output = _> + Send>>; 6] = [
            Box::pin(async { a.readable().await }),
            Box::pin(async { a.writable().await }),
            Box::pin(a.clone().readable_owned()),
            Box::pin(a.clone().writable_owned()),
            Box::pin(a.read_with(|mut io| io.read_exact(&mut buf))),
            Box::pin(a.write_with(|mut io| io.write_all(b"x"))),
        ];
        for mut wait in waits {
            let held = Arc::new(Nothing);
            let waker = Waker::from(held.clone());
            assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            drop(waker);
            assert_eq!(Arc::strong_count(&held), 2, "it waits");
            drop(wait);
            assert_eq!(Arc::strong_count(&held), 1, "it has left something behind");
        }
    });
}
