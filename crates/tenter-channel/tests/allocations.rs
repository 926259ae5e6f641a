//! Waiting costs no memory but the future's own, and that is little.
#![cfg(not(tenter_loom))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::mem::size_of;
use std::pin::pin;
use std::task::{Context, Waker};

use tenter_channel::{Recv, Send, bounded, broadcast, oneshot, unbounded, watch};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: the system's allocator, with a count that allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's word goes on to the system.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations this thread makes in the closure.
fn allocations(f: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(Box::new(1_u8))), 1);
}

#[test]
fn waiting_for_a_message_allocates_nothing() {
    let (sender, receiver) = bounded(1);
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations(|| {
        for i in 0..10 {
            let mut recv = pin!(receiver.recv());
            assert!(recv.as_mut().poll(&mut cx).is_pending());
            sender.try_send(i).unwrap();
            assert!(recv.as_mut().poll(&mut cx).is_ready());
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn waiting_for_room_allocates_nothing() {
    let (sender, receiver) = bounded(1);
    sender.try_send(0).unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations(|| {
        for i in 0..10 {
            let mut send = pin!(sender.send(i));
            assert!(send.as_mut().poll(&mut cx).is_pending());
            receiver.try_recv().unwrap();
            assert!(send.as_mut().poll(&mut cx).is_ready());
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_oneshot_is_one_allocation() {
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations(|| {
        let (sender, receiver) = oneshot::channel();
        let mut receiver = pin!(receiver);
        assert!(receiver.as_mut().poll(&mut cx).is_pending());
        sender.send(1).unwrap();
        assert!(receiver.as_mut().poll(&mut cx).is_ready());
    });
    assert_eq!(count, 1);
}

#[test]
fn a_broadcast_message_is_one_allocation_and_waiting_for_it_none() {
    let (sender, mut first) = broadcast::channel(2);
    let mut second = sender.subscribe();
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations(|| {
        for i in 0..10 {
            let (mut first, mut second) = (pin!(first.recv()), pin!(second.recv()));
            assert!(first.as_mut().poll(&mut cx).is_pending() && second.as_mut().poll(&mut cx).is_pending());
            sender.send(i).unwrap();
            assert!(first.as_mut().poll(&mut cx).is_ready() && second.as_mut().poll(&mut cx).is_ready());
        }
    });
    assert_eq!(count, 10);
}

#[test]
fn watching_allocates_nothing() {
    let (sender, mut receiver) = watch::channel(0);
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations(|| {
        for i in 0..10 {
            let mut changed = pin!(receiver.changed());
            assert!(changed.as_mut().poll(&mut cx).is_pending());
            sender.send(i).unwrap();
            assert!(changed.as_mut().poll(&mut cx).is_ready());
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_dropped_wait_leaves_no_memory_behind() {
    let (_sender, receiver) = unbounded::<u8>();
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations(|| {
        for _ in 0..1000 {
            assert!(pin!(receiver.recv()).poll(&mut cx).is_pending());
        }
    });
    assert_eq!(count, 0);
}

/// Two references, a state, two links, a waker.
#[test]
fn futures_are_small() {
    const POINTER: usize = size_of::<*const ()>();
    assert!(size_of::<Recv<'_, [u64; 32]>>() <= 7 * POINTER);
    assert!(size_of::<Send<'_, Box<u64>>>() <= 8 * POINTER);
}
