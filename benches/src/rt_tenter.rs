//! tenter's multi-threaded runtime, with the backend that it would choose by itself.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use tenter::channel::{self, Receiver, Sender};
use tenter::net::{TcpListener, TcpStream};
use tenter::{Builder, Handle, Task};

use crate::runtime::Runtime;

pub(crate) struct Tenter(tenter::Runtime);

impl Runtime for Tenter {
    const NAME: &'static str = "tenter";

    type Handle = Handle;
    type Join<T: Send + 'static> = Task<T>;
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;

    fn start(workers: usize) -> Self {
        Tenter(Builder::new_multi_thread().worker_threads(workers).build().expect("the runtime starts"))
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

    fn yield_now() -> impl Future<Output = ()> + Send {
        tenter::future::yield_now()
    }

    async fn sleep(duration: Duration) {
        tenter::time::sleep(duration).await;
    }

    fn channel() -> (Sender<u64>, Receiver<u64>) {
        channel::bounded(1)
    }

    async fn send(sender: &Sender<u64>, number: u64) {
        sender.send(number).await.expect("the receiver is there");
    }

    async fn recv(receiver: &mut Receiver<u64>) -> u64 {
        receiver.recv().await.expect("the sender is there")
    }

    async fn serve_echo(handle: &Handle) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let server = handle.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tenter::spawn(echo(stream)).detach();
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
