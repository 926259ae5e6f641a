//! smol: one executor that several threads run, each of which also drives the reactor when it has nothing else to do.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use smol::channel::{self, Receiver, Sender};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};
use smol::{Executor, Task, Timer};

use crate::runtime::Runtime;

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

impl Runtime for Smol {
    const NAME: &'static str = "smol";

    type Handle = Arc<Executor<'static>>;
    type Join<T: Send + 'static> = Task<T>;
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;

    fn start(workers: usize) -> Self {
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = channel::bounded::<()>(1);
        let worker = |_| {
            let (executor, stopped) = (Arc::clone(&executor), stopped.clone());
            thread::spawn(move || {
                let _closed = smol::block_on(executor.run(stopped.recv()));
            })
        };
        let threads = (0..workers).map(worker).collect();
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

    fn yield_now() -> impl Future<Output = ()> + Send {
        smol::future::yield_now()
    }

    async fn sleep(duration: Duration) {
        Timer::after(duration).await;
    }

    fn channel() -> (Self::Sender, Self::Receiver) {
        channel::bounded(1)
    }

    async fn send(sender: &Self::Sender, number: u64) {
        sender.send(number).await.expect("the receiver is there");
    }

    async fn recv(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("the sender is there")
    }

    async fn serve_echo(handle: &Self::Handle) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        // Weak: the executor owns the server's task, and would never be dropped if the task owned it.
        let executor = Arc::downgrade(handle);
        let server = handle.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Some(executor) = executor.upgrade() else { return };
                executor.spawn(echo(stream)).detach();
            }
        });
        server.detach();
        address
    }
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buf = [0; 1024];
    loop {
        let n = stream.read(&mut buf).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&buf[..n]).await?;
    }
}
