//! nio: per-worker queues and timers. It has no channels; its own examples take tokio's, which don't need tokio's runtime.
//!
//! Its timers stay on the thread they are made on, so what sleeps is spawned pinned. Its threads can't be stopped: one
//! runtime serves the whole process, and idles while others are measured.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_lite::future;
use nio::{JoinHandle, RuntimeContext};
use pin_project_lite::pin_project;
use tokio::sync::{mpsc, oneshot};

use crate::case::Env;
use crate::runtimes::{Runtime, sleep, timeouts, timers};

static RUNTIME: OnceLock<nio::Runtime> = OnceLock::new();

thread_local! {
    /// Entering twice is an error.
    static ENTERED: Cell<bool> = const { Cell::new(false) };
}

pub(crate) struct Nio(&'static nio::Runtime);

pin_project! {
    /// A join handle whose task doesn't panic and isn't aborted.
    pub(crate) struct Join<T> {
        #[pin]
        handle: JoinHandle<T>,
    }
}

impl<T> Future for Join<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Poll::Ready(result) = self.project().handle.poll(cx) else { return Poll::Pending };
        match result {
            Ok(value) => Poll::Ready(value),
            Err(_) => panic!("the task ends well"),
        }
    }
}

impl Runtime for Nio {
    const NAME: &'static str = "nio";

    type Handle = Arc<RuntimeContext>;
    type Inside = ();
    type Join<T: Send + 'static> = Join<T>;
    type Sender<T: Send + 'static> = mpsc::Sender<T>;
    type Receiver<T: Send + 'static> = mpsc::Receiver<T>;
    type SharedSender = async_channel::Sender<u64>;
    type SharedReceiver = async_channel::Receiver<u64>;
    type OneSender = oneshot::Sender<u64>;
    type OneReceiver = oneshot::Receiver<u64>;

    fn start(env: &Env) -> Self {
        let workers = env.workers.try_into().unwrap_or(u8::MAX);
        let start = || nio::RuntimeBuilder::new().worker_threads(workers).rt().expect("the runtime starts");
        let runtime = RUNTIME.get_or_init(start);
        Self::enter(&runtime.context());
        Nio(runtime)
    }

    fn handle(&self) -> Self::Handle {
        self.0.context()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        future::block_on(future)
    }

    fn enter(handle: &Self::Handle) {
        if !ENTERED.replace(true) {
            Arc::clone(handle).enter();
        }
    }

    fn spawn<F>(_: &Self::Handle, future: F) -> Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // The handle's method would go through an inbox even on a worker; this knows where it is.
        Join { handle: nio::spawn(future) }
    }

    fn inside(_: &Self::Handle) {}

    fn spawn_inside<F>(_: &(), future: F) -> Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Join { handle: nio::spawn(future) }
    }

    fn detach<T: Send + 'static>(task: Join<T>) {
        drop(task);
    }

    fn cancel<T: Send + 'static>(task: Join<T>) {
        task.handle.abort();
    }

    fn unblock<T, F>(handle: &Self::Handle, job: F) -> Join<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Join { handle: handle.spawn_blocking(job) }
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        future::yield_now()
    }

    fn spawn_sleep(handle: &Self::Handle, duration: Duration) -> Join<Duration> {
        Join { handle: handle.spawn_pinned(move || sleep!(duration, nio::sleep)) }
    }

    fn spawn_timeouts(handle: &Self::Handle, count: usize) -> Join<()> {
        Join { handle: handle.spawn_pinned(move || timeouts!(count, nio::timeout, future::yield_now)) }
    }

    fn spawn_timers(handle: &Self::Handle, count: usize) -> Join<()> {
        Join { handle: handle.spawn_pinned(move || timers!(count, nio::sleep, future::yield_now)) }
    }

    fn enter_spawn_await(&self) {
        self.0.block_on(|| async { Join { handle: nio::spawn(async {}) }.await });
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

    fn shared_channel(capacity: usize) -> (async_channel::Sender<u64>, async_channel::Receiver<u64>) {
        async_channel::bounded(capacity)
    }

    async fn shared_send(sender: &async_channel::Sender<u64>, item: u64) {
        sender.send(item).await.expect("a receiver is there");
    }

    async fn shared_recv(receiver: &async_channel::Receiver<u64>) -> Option<u64> {
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
