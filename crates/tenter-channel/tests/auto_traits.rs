//! Which handles may cross threads, decided at compile time.
//!
//! A handle of messages that may be sent is `Send` and `Sync`, whether or not the messages are `Sync`; one of messages that
//! may not be sent is neither. What several receivers clone or look at at a time, in a broadcast or watch channel, must be
//! `Sync` too.
#![cfg(not(tenter_loom))]

use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use tenter_channel::{
    Closed, Receiver, Recv, RecvError, Send as SendFuture, SendError, Sender, TryRecvError, TrySendError, WeakReceiver,
    WeakSender, broadcast, oneshot, sync, watch,
};

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

type Movable = Cell<u8>;
type Bound = Rc<u8>;

assert_has! {
    Sender<Movable>: Send Sync Unpin,
    Receiver<Movable>: Send Sync Unpin,
    WeakSender<Movable>: Send Sync Unpin,
    WeakReceiver<Movable>: Send Sync Unpin,
    SendFuture<'static, Movable>: Send,
    Recv<'static, Movable>: Send Sync,
    Closed<'static, Movable>: Send Sync,
    oneshot::Sender<Movable>: Send Sync Unpin,
    oneshot::Receiver<Movable>: Send Sync Unpin,
    broadcast::Sender<u8>: Send Sync Unpin UnwindSafe RefUnwindSafe,
    broadcast::WeakSender<u8>: Send Sync Unpin UnwindSafe RefUnwindSafe,
    broadcast::Receiver<u8>: Send Sync Unpin UnwindSafe RefUnwindSafe,
    broadcast::Recv<'static, u8>: Send Sync,
    watch::Sender<u8>: Send Sync Unpin UnwindSafe RefUnwindSafe,
    watch::Receiver<u8>: Send Sync Unpin UnwindSafe RefUnwindSafe,
    watch::Changed<'static, u8>: Send Sync,
    watch::Ref<'static, u8>: Sync,
    sync::Notify: Send Sync Unpin UnwindSafe RefUnwindSafe,
    sync::Notified<'static>: Send Sync,
    sync::Event: Send Sync Unpin UnwindSafe RefUnwindSafe,
    sync::Barrier: Send Sync Unpin UnwindSafe RefUnwindSafe,
    sync::Condvar: Send Sync Unpin UnwindSafe RefUnwindSafe,
    SendError<u8>: Send Sync,
    TrySendError<u8>: Send Sync,
    RecvError: Send Sync,
    TryRecvError: Send Sync,
}

assert_not! {
    Sender<Bound>: Send,
    Sender<Bound>: Sync,
    Receiver<Bound>: Send,
    Receiver<Bound>: Sync,
    WeakSender<Bound>: Send,
    WeakSender<Bound>: Sync,
    WeakReceiver<Bound>: Send,
    WeakReceiver<Bound>: Sync,
    SendFuture<'static, Bound>: Send,
    SendFuture<'static, Bound>: Sync,
    Recv<'static, Bound>: Send,
    Recv<'static, Bound>: Sync,
    Closed<'static, Bound>: Send,
    oneshot::Sender<Bound>: Send,
    oneshot::Sender<Bound>: Sync,
    oneshot::Receiver<Bound>: Send,
    oneshot::Receiver<Bound>: Sync,
    broadcast::Sender<Movable>: Send,
    broadcast::Receiver<Movable>: Send,
    broadcast::Recv<'static, Movable>: Send,
    watch::Sender<Movable>: Send,
    watch::Receiver<Movable>: Send,
    watch::Changed<'static, Movable>: Send,
    watch::Ref<'static, u8>: Send,
}
