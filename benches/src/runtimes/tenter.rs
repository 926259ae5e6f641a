//! tenter, with the reactor that it would choose by itself; the default and with options.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use tenter::channel::{self, Receiver, Sender, oneshot};
use tenter::{Builder, Handle, Latency, Task};

use crate::case::{Env, Role};
use crate::runtimes::{Runtime, sleep, timeouts, timers};

/// How a runtime is set up.
pub(crate) trait Flavour: fmt::Debug {
    const NAME: &'static str;

    fn builder(env: &Env) -> Builder {
        Builder::new_multi_thread().worker_threads(env.workers)
    }
}

/// As it comes.
#[derive(Debug)]
pub(crate) struct Default;

impl Flavour for Default {
    const NAME: &'static str = "tenter";
}

/// All on the thread in `block_on`.
#[derive(Debug)]
pub(crate) struct CurrentThread;

impl Flavour for CurrentThread {
    const NAME: &'static str = "tenter-ct";

    fn builder(_: &Env) -> Builder {
        Builder::new_current_thread()
    }
}

/// Spins long before it sleeps.
#[derive(Debug)]
pub(crate) struct Spinning;

impl Flavour for Spinning {
    const NAME: &'static str = "tenter-latency";

    fn builder(env: &Env) -> Builder {
        Default::builder(env).latency(Latency::Latency)
    }
}

/// Sleeps at once.
#[derive(Debug)]
pub(crate) struct NoSpin;

impl Flavour for NoSpin {
    const NAME: &'static str = "tenter-nospin";

    fn builder(env: &Env) -> Builder {
        Default::builder(env).latency(Latency::NoSpin)
    }
}

pub(crate) type Tenter = TenterAs<Default>;
pub(crate) type TenterCt = TenterAs<CurrentThread>;
pub(crate) type TenterLatency = TenterAs<Spinning>;
pub(crate) type TenterNoSpin = TenterAs<NoSpin>;

#[derive(Debug)]
pub(crate) struct TenterAs<F>(tenter::Runtime, PhantomData<F>);

impl<L: Flavour> Runtime for TenterAs<L> {
    const NAME: &'static str = L::NAME;
    const ROLE: Role = Role::Tenter;

    type Handle = Handle;
    type Inside = ();
    type Join<T: Send + 'static> = Task<T>;
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;
    type SharedSender = Sender<u64>;
    type SharedReceiver = Receiver<u64>;
    type OneSender = oneshot::Sender<u64>;
    type OneReceiver = oneshot::Receiver<u64>;

    fn start(env: &Env) -> Self {
        TenterAs(L::builder(env).build().expect("the runtime starts"), PhantomData)
    }

    fn handle(&self) -> Handle {
        self.0.handle().clone()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn spawn<F>(handle: &Handle, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        handle.spawn(future)
    }

    fn inside(_: &Self::Handle) {}

    fn spawn_inside<F>(_: &(), future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tenter::spawn(future)
    }

    fn detach<T: Send + 'static>(task: Task<T>) {
        task.detach();
    }

    fn cancel<T: Send + 'static>(task: Task<T>) {
        drop(task);
    }

    fn unblock<T, F>(handle: &Handle, job: F) -> Task<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        handle.unblock(job)
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tenter::future::yield_now()
    }

    fn spawn_sleep(handle: &Handle, duration: Duration) -> Task<Duration> {
        handle.spawn(sleep!(duration, tenter::time::sleep))
    }

    fn spawn_timeouts(handle: &Handle, count: usize) -> Task<()> {
        handle.spawn(timeouts!(count, tenter::time::timeout, tenter::future::yield_now))
    }

    fn spawn_timers(handle: &Handle, count: usize) -> Task<()> {
        handle.spawn(timers!(count, tenter::time::sleep, tenter::future::yield_now))
    }

    fn channel<T: Send + 'static>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        channel::bounded(capacity)
    }

    async fn send<T: Send + 'static>(sender: &Sender<T>, item: T) {
        assert!(sender.send(item).await.is_ok(), "the receiver is there");
    }

    async fn recv<T: Send + 'static>(receiver: &mut Receiver<T>) -> Option<T> {
        receiver.recv().await.ok()
    }

    fn shared_channel(capacity: usize) -> (Sender<u64>, Receiver<u64>) {
        channel::bounded(capacity)
    }

    async fn shared_send(sender: &Sender<u64>, item: u64) {
        sender.send(item).await.expect("a receiver is there");
    }

    async fn shared_recv(receiver: &Receiver<u64>) -> Option<u64> {
        receiver.recv().await.ok()
    }

    fn oneshot() -> (oneshot::Sender<u64>, oneshot::Receiver<u64>) {
        oneshot::channel()
    }

    fn one_send(sender: oneshot::Sender<u64>, item: u64) {
        sender.send(item).expect("the receiver is there");
    }

    async fn one_recv(receiver: oneshot::Receiver<u64>) -> u64 {
        receiver.await.expect("the sender sends")
    }
}
