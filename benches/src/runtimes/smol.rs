//! smol: one executor that several threads run, each of which also drives the reactor when it has nothing else to do.
//! It has no timeout and no oneshot channel: the first of two futures, and a channel of one, stand for them.

use std::future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use smol::channel::{self, Receiver, Sender};
use smol::{Executor, Task, Timer};

use crate::case::Env;
use crate::runtimes::{Runtime, sleep, timeouts, timers};

pub(crate) struct Smol {
    executor: Arc<Executor<'static>>,
    // Closed on drop, which ends the threads.
    stop: Sender<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Smol {
    fn drop(&mut self) {
        self.stop.close();
        for thread in self.threads.drain(..) {
            thread.join().expect("a worker doesn't panic");
        }
    }
}

async fn timeout<F: Future>(duration: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut timer = Timer::after(duration);
    future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Pin::new(&mut timer).poll(cx).map(|_| None),
    })
    .await
}

impl Runtime for Smol {
    const NAME: &'static str = "smol";

    type Handle = Arc<Executor<'static>>;
    type Inside = Arc<Executor<'static>>;
    type Join<T: Send + 'static> = Task<T>;
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;
    type SharedSender = Sender<u64>;
    type SharedReceiver = Receiver<u64>;
    type OneSender = Sender<u64>;
    type OneReceiver = Receiver<u64>;

    fn start(env: &Env) -> Self {
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = channel::bounded::<()>(1);
        let worker = |_| {
            let (executor, stopped) = (Arc::clone(&executor), stopped.clone());
            thread::spawn(move || {
                let _closed = smol::block_on(executor.run(stopped.recv()));
            })
        };
        let threads = (0..env.workers).map(worker).collect();
        Smol { executor, stop, threads }
    }

    fn handle(&self) -> Self::Handle {
        Arc::clone(&self.executor)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        smol::block_on(future)
    }

    fn spawn<F>(handle: &Self::Handle, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        handle.spawn(future)
    }

    fn inside(handle: &Self::Handle) -> Arc<Executor<'static>> {
        Arc::clone(handle)
    }

    fn spawn_inside<F>(executor: &Arc<Executor<'static>>, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        executor.spawn(future)
    }

    fn detach<T: Send + 'static>(task: Task<T>) {
        task.detach();
    }

    fn cancel<T: Send + 'static>(task: Task<T>) {
        drop(task);
    }

    fn unblock<T, F>(_: &Self::Handle, job: F) -> Task<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        smol::unblock(job)
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        smol::future::yield_now()
    }

    fn spawn_sleep(handle: &Self::Handle, duration: Duration) -> Task<Duration> {
        handle.spawn(sleep!(duration, Timer::after))
    }

    fn spawn_timeouts(handle: &Self::Handle, count: usize) -> Task<()> {
        handle.spawn(timeouts!(count, timeout, smol::future::yield_now))
    }

    fn spawn_timers(handle: &Self::Handle, count: usize) -> Task<()> {
        handle.spawn(timers!(count, Timer::after, smol::future::yield_now))
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

    fn oneshot() -> (Sender<u64>, Receiver<u64>) {
        channel::bounded(1)
    }

    fn one_send(sender: Sender<u64>, item: u64) {
        sender.try_send(item).expect("there is room for one");
    }

    async fn one_recv(receiver: Receiver<u64>) -> u64 {
        receiver.recv().await.expect("the sender sends")
    }
}
