//! hyper's client and server, talking over `Io` through a pipe in memory.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::future::{self, block_on};
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, HOST, UPGRADE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, client, server, upgrade};
use tenter_hyper::Io;

/// One direction of a pipe, with room for a few bytes, so that both ends have to wait for each other.
#[derive(Debug, Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    closed: bool,
    waiting: Vec<Waker>,
}

const ROOM: usize = 1000;

impl Pipe {
    fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }

    fn wait<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        self.waiting.push(cx.waker().clone());
        Poll::Pending
    }
}

/// One end of two pipes.
#[derive(Debug)]
struct End {
    incoming: Arc<Mutex<Pipe>>,
    outgoing: Arc<Mutex<Pipe>>,
}

fn duplex() -> (End, End) {
    let (a, b) = (Arc::default(), Arc::default());
    (End { incoming: Arc::clone(&a), outgoing: Arc::clone(&b) }, End { incoming: b, outgoing: a })
}

impl AsyncRead for End {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut pipe = self.incoming.lock().unwrap();
        if pipe.bytes.is_empty() && !pipe.closed {
            return pipe.wait(cx);
        }
        let n = buf.len().min(pipe.bytes.len());
        for (slot, byte) in buf.iter_mut().zip(pipe.bytes.drain(..n)) {
            *slot = byte;
        }
        pipe.wake();
        Poll::Ready(Ok(n))
    }
}

impl AsyncWrite for End {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let mut pipe = self.outgoing.lock().unwrap();
        if pipe.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let n = buf.len().min(ROOM - pipe.bytes.len());
        if n == 0 {
            return pipe.wait(cx);
        }
        pipe.bytes.extend(&buf[..n]);
        pipe.wake();
        Poll::Ready(Ok(n))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut pipe = self.outgoing.lock().unwrap();
        pipe.closed = true;
        pipe.wake();
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        for pipe in [&self.incoming, &self.outgoing] {
            let mut pipe = pipe.lock().unwrap();
            pipe.closed = true;
            pipe.wake();
        }
    }
}

/// A body in one piece.
struct Whole(Option<Bytes>);

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

async fn collect(mut body: Incoming) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        all.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    all
}

/// Polls `driver` until `work` is done, whose value it gives back; `driver` may be done before.
async fn beside<T>(driver: impl Future<Output = ()>, work: impl Future<Output = T>) -> T {
    let mut driver = pin!(driver);
    let driver = async {
        driver.as_mut().await;
        future::pending().await
    };
    future::or(work, driver).await
}

#[test]
fn bodies_larger_than_any_buffer_go_both_ways_over_one_connection() {
    for vectored in [true, false] {
        let (here, there) = duplex();
        let io = |end| if vectored { Io::new(end) } else { Io::without_vectored_writes(end) };
        let sent: Vec<u8> = (0..300_000_u32).map(|i| (i % 251) as u8).collect();
        block_on(async {
            let service = service_fn(|request: Request<Incoming>| async {
                Ok::<_, Infallible>(Response::new(Whole(Some(collect(request.into_body()).await.into()))))
            });
            let server = server::conn::http1::Builder::new().serve_connection(io(there), service);
            let (mut requests, connection) = client::conn::http1::handshake(io(here)).await.unwrap();
            let drivers = async {
                let (client, server) = future::zip(connection, server).await;
                client.unwrap();
                server.unwrap();
            };
            let work = async {
                for length in [300_000, 0, 17] {
                    requests.ready().await.unwrap();
                    let body = Whole(Some(Bytes::copy_from_slice(&sent[..length])));
                    let request = Request::post("/echo").header(HOST, "test").body(body).unwrap();
                    let response = requests.send_request(request).await.unwrap();
                    assert_eq!(collect(response.into_body()).await, sent[..length]);
                }
            };
            beside(drivers, work).await;
        });
    }
}

#[test]
fn an_upgraded_connection_is_a_futures_io_stream() {
    let (here, there) = duplex();
    let (tell, told) = std::sync::mpsc::channel();
    let service = service_fn(move |mut request: Request<Incoming>| {
        tell.send(upgrade::on(&mut request)).unwrap();
        let response = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(CONNECTION, "upgrade")
            .header(UPGRADE, "shout")
            .body(Whole(None));
        async { response }
    });
    block_on(async {
        let server = server::conn::http1::Builder::new().serve_connection(Io::new(there), service).with_upgrades();
        let (mut requests, connection) = client::conn::http1::handshake(Io::new(here)).await.unwrap();
        let drivers = async {
            let (client, server) = future::zip(connection.with_upgrades(), server).await;
            client.unwrap();
            server.unwrap();
        };
        let work = async {
            let request = Request::get("/").header(HOST, "test").header(CONNECTION, "upgrade").header(UPGRADE, "shout");
            let response = requests.send_request(request.body(Whole(None)).unwrap()).await.unwrap();
            assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
            let mut client = Io::new(upgrade::on(response).await.unwrap());
            let mut server = Io::new(told.recv().unwrap().await.unwrap());
            let shouting = async {
                let mut text = String::new();
                server.read_to_string(&mut text).await.unwrap();
                server.write_all(text.to_uppercase().as_bytes()).await.unwrap();
                server.close().await.unwrap();
            };
            let asking = async {
                let words = "hello ".repeat(1000);
                client.write_all(words.as_bytes()).await.unwrap();
                client.close().await.unwrap();
                let mut answer = String::new();
                client.read_to_string(&mut answer).await.unwrap();
                assert_eq!(answer, words.to_uppercase());
            };
            future::zip(shouting, asking).await;
        };
        beside(drivers, work).await;
    });
}
