//! tokio, multi-threaded and on one thread. Its users take `async-channel` where several receive.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_channel as shared;
use tokio::sync::{mpsc, oneshot};

use crate::case::Env;
use crate::runtimes::{Runtime, sleep, timeouts, timers};

pub(crate) trait Flavour {
    const NAME: &'static str;
    fn builder(env: &Env) -> tokio::runtime::Builder;
}

pub(crate) struct MultiThread;

impl Flavour for MultiThread {
    const NAME: &'static str = "tokio";

    fn builder(env: &Env) -> tokio::runtime::Builder {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(env.workers);
        builder
    }
}

pub(crate) struct CurrentThread;

impl Flavour for CurrentThread {
    const NAME: &'static str = "tokio-ct";

    fn builder(_: &Env) -> tokio::runtime::Builder {
        tokio::runtime::Builder::new_current_thread()
    }
}

pub(crate) type Tokio = TokioAs<MultiThread>;
pub(crate) type TokioCt = TokioAs<CurrentThread>;

pub(crate) struct TokioAs<F>(tokio::runtime::Runtime, PhantomData<F>);

/// A join handle whose task doesn't panic and isn't aborted.
pub(crate) struct Join<T>(tokio::task::JoinHandle<T>);

impl<T> Future for Join<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|result| result.expect("the task ends well"))
    }
}

impl<L: Flavour> Runtime for TokioAs<L> {
    const NAME: &'static str = L::NAME;

    type Handle = tokio::runtime::Handle;
    type Inside = ();
    type Join<T: Send + 'static> = Join<T>;
    type Sender<T: Send + 'static> = mpsc::Sender<T>;
    type Receiver<T: Send + 'static> = mpsc::Receiver<T>;
    type SharedSender = shared::Sender<u64>;
    type SharedReceiver = shared::Receiver<u64>;
    type OneSender = oneshot::Sender<u64>;
    type OneReceiver = oneshot::Receiver<u64>;

    fn start(env: &Env) -> Self {
        TokioAs(L::builder(env).enable_all().build().expect("the runtime starts"), PhantomData)
    }

    fn handle(&self) -> Self::Handle {
        self.0.handle().clone()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn spawn<F>(handle: &Self::Handle, future: F) -> Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Join(handle.spawn(future))
    }

    fn inside(_: &Self::Handle) {}

    fn spawn_inside<F>(_: &(), future: F) -> Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Join(tokio::spawn(future))
    }

    fn detach<T: Send + 'static>(task: Join<T>) {
        drop(task);
    }

    fn cancel<T: Send + 'static>(task: Join<T>) {
        task.0.abort();
    }

    fn unblock<T, F>(handle: &Self::Handle, job: F) -> Join<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Join(handle.spawn_blocking(job))
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    fn spawn_sleep(handle: &Self::Handle, duration: Duration) -> Join<Duration> {
        Join(handle.spawn(sleep!(duration, tokio::time::sleep)))
    }

    fn spawn_timeouts(handle: &Self::Handle, count: usize) -> Join<()> {
        Join(handle.spawn(timeouts!(count, tokio::time::timeout, tokio::task::yield_now)))
    }

    fn spawn_timers(handle: &Self::Handle, count: usize) -> Join<()> {
        Join(handle.spawn(timers!(count, tokio::time::sleep, tokio::task::yield_now)))
    }

    fn channel<T: Send + 'static>(capacity: usize) -> (mpsc::Sender<T>, mpsc::Receiver<T>) {
        mpsc::channel(capacity)
    }

    async fn send<T: Send + 'static>(sender: &mpsc::Sender<T>, item: T) {
        assert!(sender.send(item).await.is_ok(), "the receiver is there");
    }

    async fn recv<T: Send + 'static>(receiver: &mut mpsc::Receiver<T>) -> Option<T> {
        receiver.recv().await
    }

    fn shared_channel(capacity: usize) -> (shared::Sender<u64>, shared::Receiver<u64>) {
        shared::bounded(capacity)
    }

    async fn shared_send(sender: &shared::Sender<u64>, item: u64) {
        sender.send(item).await.expect("a receiver is there");
    }

    async fn shared_recv(receiver: &shared::Receiver<u64>) -> Option<u64> {
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
