//! Which handles may cross threads, decided at compile time.
#![cfg(not(tenter_loom))]

use std::cell::Cell;
use std::rc::Rc;

use tenter_queue::{DoneGuard, Item, LifoQueue, PriorityQueue, Queue};

/// Holds for every type, in two ways for one that has the trait: naming it is then ambiguous.
macro_rules! assert_not {
    ($($type:ty: $trait:ident),* $(,)?) => {$(
        const _: fn() = || {
            trait Probe<Marker> {
                fn probe() {}
            }
            impl<T: ?Sized> Probe<()> for T {}
            struct HasTrait;
            impl<T: ?Sized + $trait> Probe<HasTrait> for T {}
            <$type as Probe<_>>::probe()
        };
    )*};
}

macro_rules! assert_has {
    ($($type:ty: $($trait:ident)+),* $(,)?) => {$(
        const _: fn() = || {
            fn probe<T: ?Sized $(+ $trait)+>() {}
            probe::<$type>();
        };
    )*};
}

assert_has! {
    Queue<Cell<u8>>: Send Sync Unpin,
    LifoQueue<Cell<u8>>: Send Sync Unpin,
    PriorityQueue<Cell<u8>>: Send Sync Unpin,
    Item<Cell<u8>>: Send,
    Item<u8>: Send Sync,
    DoneGuard: Send Sync,
}

assert_not! {
    Queue<Rc<u8>>: Send,
    Queue<Rc<u8>>: Sync,
    LifoQueue<Rc<u8>>: Send,
    LifoQueue<Rc<u8>>: Sync,
    PriorityQueue<Rc<u8>>: Send,
    PriorityQueue<Rc<u8>>: Sync,
    Item<Rc<u8>>: Send,
    Item<Rc<u8>>: Sync,
    Item<Cell<u8>>: Sync,
}

/// The futures of a queue of movable items may move too.
fn _futures_are_send(queue: &Queue<Cell<u8>>) -> impl Send {
    (queue.put(Cell::new(1)), queue.get(), queue.get_unguarded(), queue.join())
}
