//! One task tells eight others: messages that all of them get, and a value that all of them watch. And two that notify each other.
//!
//! Each runtime's own channels, or what its users take; and tokio's on tenter's threads, which tells what is the channel's part.

use std::sync::Arc;

use crate::case::{Case, Env, Measure, Role};
use crate::cases::{join_all, on_worker, repeat_on};
use crate::measure::{Sample, Stopwatch};
use crate::runtimes::{Runtime, Smol, Tenter, Tokio};

const RECEIVERS: usize = 8;
/// Messages that are sent before all receivers have to have them; there is room for all of them.
const BURST: usize = 256;
const BURSTS: usize = 40;
const CHANGES: usize = 2000;
const TURNS: usize = 10_000;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "broadcast",
            "a task sends to 8 others, 256 at a time, all of which all of them get; per message received",
        )
        .on::<Tenter>(broadcast::<Tenter, TenterHub>)
        .on::<Tokio>(broadcast::<Tokio, TokioHub>)
        .on::<Smol>(broadcast::<Smol, AsyncHub>)
        .entrant("tokio's on tenter", Role::Peer, broadcast::<Tenter, TokioHub>)
        .judged(Measure::Wall),
        Case::new("watch", "a task changes a value and waits until 8 others have seen it; per change seen")
            .on::<Tenter>(watch::<Tenter, TenterHub>)
            .on::<Tokio>(watch::<Tokio, TokioHub>)
            .entrant("tokio's on tenter", Role::Peer, watch::<Tenter, TokioHub>)
            .judged(Measure::Wall),
        Case::new("notify", "two tasks notify each other in turn; per notification")
            .on::<Tenter>(notify::<Tenter, TenterHub>)
            .on::<Tokio>(notify::<Tokio, TokioHub>)
            .entrant("tokio's on tenter", Role::Peer, notify::<Tenter, TokioHub>)
            .judged(Measure::Wall),
    ]
}

/// A library's channels from one to many.
trait Hub: 'static {
    type Sender: Send + 'static;
    type Receiver: Send + 'static;

    fn broadcast(capacity: usize, receivers: usize) -> (Self::Sender, Vec<Self::Receiver>);
    fn send(sender: &Self::Sender, message: u64);
    /// `None` when the sender is gone.
    fn recv(receiver: &mut Self::Receiver) -> impl Future<Output = Option<u64>> + Send;
}

/// A library's channels of one value.
trait Value: 'static {
    type Changer: Send + 'static;
    type Watcher: Clone + Send + 'static;

    fn watch() -> (Self::Changer, Self::Watcher);
    fn change(sender: &Self::Changer, value: u64);
    /// The next value that was not seen; `None` when the sender is gone.
    fn changed(receiver: &mut Self::Watcher) -> impl Future<Output = Option<u64>> + Send;
}

/// A library's `Notify`.
trait Signal: 'static {
    type Notify: Send + Sync + 'static;

    fn notify() -> Self::Notify;
    fn notify_one(notify: &Self::Notify);
    fn notified(notify: &Self::Notify) -> impl Future<Output = ()> + Send;
}

struct TenterHub;
struct TokioHub;
struct AsyncHub;

impl Hub for TenterHub {
    type Sender = tenter::channel::broadcast::Sender<u64>;
    type Receiver = tenter::channel::broadcast::Receiver<u64>;

    fn broadcast(capacity: usize, receivers: usize) -> (Self::Sender, Vec<Self::Receiver>) {
        let sender = Self::Sender::new(capacity);
        let receivers = (0..receivers).map(|_| sender.subscribe()).collect();
        (sender, receivers)
    }

    fn send(sender: &Self::Sender, message: u64) {
        sender.send(message).expect("the receivers are there");
    }

    async fn recv(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }
}

impl Value for TenterHub {
    type Changer = tenter::channel::watch::Sender<u64>;
    type Watcher = tenter::channel::watch::Receiver<u64>;

    fn watch() -> (Self::Changer, Self::Watcher) {
        tenter::channel::watch::channel(0)
    }

    fn change(sender: &Self::Changer, value: u64) {
        sender.send(value).expect("the receivers are there");
    }

    async fn changed(receiver: &mut Self::Watcher) -> Option<u64> {
        receiver.changed().await.ok()?;
        Some(*receiver.borrow_and_update())
    }
}

impl Hub for TokioHub {
    type Sender = tokio::sync::broadcast::Sender<u64>;
    type Receiver = tokio::sync::broadcast::Receiver<u64>;

    fn broadcast(capacity: usize, receivers: usize) -> (Self::Sender, Vec<Self::Receiver>) {
        let sender = Self::Sender::new(capacity);
        let receivers = (0..receivers).map(|_| sender.subscribe()).collect();
        (sender, receivers)
    }

    fn send(sender: &Self::Sender, message: u64) {
        sender.send(message).expect("the receivers are there");
    }

    async fn recv(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }
}

impl Value for TokioHub {
    type Changer = tokio::sync::watch::Sender<u64>;
    type Watcher = tokio::sync::watch::Receiver<u64>;

    fn watch() -> (Self::Changer, Self::Watcher) {
        tokio::sync::watch::channel(0)
    }

    fn change(sender: &Self::Changer, value: u64) {
        sender.send(value).expect("the receivers are there");
    }

    async fn changed(receiver: &mut Self::Watcher) -> Option<u64> {
        receiver.changed().await.ok()?;
        Some(*receiver.borrow_and_update())
    }
}

impl Signal for TenterHub {
    type Notify = tenter::sync::Notify;

    fn notify() -> Self::Notify {
        Self::Notify::new()
    }

    fn notify_one(notify: &Self::Notify) {
        notify.notify_one();
    }

    async fn notified(notify: &Self::Notify) {
        notify.notified().await;
    }
}

impl Signal for TokioHub {
    type Notify = tokio::sync::Notify;

    fn notify() -> Self::Notify {
        Self::Notify::new()
    }

    fn notify_one(notify: &Self::Notify) {
        notify.notify_one();
    }

    async fn notified(notify: &Self::Notify) {
        notify.notified().await;
    }
}

impl Hub for AsyncHub {
    type Sender = async_broadcast::Sender<u64>;
    type Receiver = async_broadcast::Receiver<u64>;

    fn broadcast(capacity: usize, receivers: usize) -> (Self::Sender, Vec<Self::Receiver>) {
        let (sender, receiver) = async_broadcast::broadcast(capacity);
        (sender, vec![receiver; receivers])
    }

    fn send(sender: &Self::Sender, message: u64) {
        sender.try_broadcast(message).expect("the receivers are there, and there is room");
    }

    async fn recv(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }
}

fn broadcast<R: Runtime, H: Hub>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| {
        let handle = runtime.handle();
        on_worker(runtime, async move {
            let (sender, receivers) = H::broadcast(BURST, RECEIVERS);
            let (done, mut all_done) = R::channel(RECEIVERS);
            let receive = |mut receiver: H::Receiver| {
                let done = done.clone();
                R::spawn(&handle, async move {
                    let mut count = 0;
                    while let Some(message) = H::recv(&mut receiver).await {
                        assert_eq!(message, count);
                        count += 1;
                        if count % BURST as u64 == 0 {
                            R::send(&done, ()).await;
                        }
                    }
                    assert_eq!(count, (BURST * BURSTS) as u64);
                })
            };
            let tasks: Vec<_> = receivers.into_iter().map(receive).collect();
            let watch = Stopwatch::start();
            for burst in 0..BURSTS as u64 {
                for i in 0..BURST as u64 {
                    H::send(&sender, burst * BURST as u64 + i);
                }
                for _ in 0..RECEIVERS {
                    R::recv(&mut all_done).await;
                }
            }
            let sample = watch.stop(BURST * BURSTS * RECEIVERS);
            drop(sender);
            join_all(tasks).await;
            sample
        })
    })
}

fn watch<R: Runtime, H: Value>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| {
        let handle = runtime.handle();
        on_worker(runtime, async move {
            let (sender, receiver) = H::watch();
            let (done, mut all_done) = R::channel(RECEIVERS);
            let receive = |mut receiver: H::Watcher| {
                let done = done.clone();
                R::spawn(&handle, async move {
                    let mut last = 0;
                    while let Some(value) = H::changed(&mut receiver).await {
                        assert_eq!(value, last + 1);
                        last = value;
                        R::send(&done, ()).await;
                    }
                })
            };
            let tasks: Vec<_> = vec![receiver; RECEIVERS].into_iter().map(receive).collect();
            let watch = Stopwatch::start();
            for value in 1..=CHANGES as u64 {
                H::change(&sender, value);
                for _ in 0..RECEIVERS {
                    R::recv(&mut all_done).await;
                }
            }
            let sample = watch.stop(CHANGES * RECEIVERS);
            drop(sender);
            join_all(tasks).await;
            sample
        })
    })
}

fn notify<R: Runtime, S: Signal>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| {
        let handle = runtime.handle();
        on_worker(runtime, async move {
            let signals = Arc::new([S::notify(), S::notify()]);
            let player = |mine: usize| {
                let signals = signals.clone();
                R::spawn(&handle, async move {
                    for _ in 0..TURNS {
                        S::notified(&signals[mine]).await;
                        S::notify_one(&signals[1 - mine]);
                    }
                })
            };
            let watch = Stopwatch::start();
            let tasks = vec![player(0), player(1)];
            S::notify_one(&signals[0]);
            join_all(tasks).await;
            watch.stop(2 * TURNS)
        })
    })
}
