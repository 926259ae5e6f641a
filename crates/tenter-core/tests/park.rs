//! `park::block_on` between threads and inside itself.
#![cfg(not(tenter_loom))]

use std::future::poll_fn;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;

use tenter_core::park::block_on;

#[test]
fn wakes_from_other_threads_end_it() {
    let (send, recv) = mpsc::channel::<Waker>();
    let waker_thread = thread::spawn(move || recv.into_iter().for_each(Waker::wake));
    for _ in 0..if cfg!(miri) { 20 } else { 1000 } {
        let mut polls = 0;
        block_on(poll_fn(|cx| {
            polls += 1;
            if polls == 3 {
                return Poll::Ready(());
            }
            send.send(cx.waker().clone()).unwrap();
            Poll::Pending
        }));
    }
    drop(send);
    waker_thread.join().unwrap();
}

#[test]
fn nested_calls_do_not_steal_each_others_wakes() {
    let mut polled = false;
    block_on(poll_fn(|cx| {
        if polled {
            return Poll::Ready(());
        }
        polled = true;
        cx.waker().wake_by_ref();
        let mut inner = 0;
        block_on(poll_fn(|cx| {
            inner += 1;
            cx.waker().wake_by_ref();
            if inner == 5 { Poll::Ready(()) } else { Poll::Pending }
        }));
        Poll::Pending
    }));
}

#[test]
fn works_while_thread_locals_are_destroyed() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            assert_eq!(block_on(async { 7 }), 7);
        }
    }
    thread_local!(static LATE: Late = const { Late });
    thread::spawn(|| {
        LATE.with(|_| ());
        block_on(async {});
    })
    .join()
    .unwrap();
}
