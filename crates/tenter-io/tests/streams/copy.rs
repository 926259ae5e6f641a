//! Copying both ways.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, FutureExt, future};
use tenter_io::{CopyError, DuplexStream, copy_bidirectional, duplex};
use tenter_runtime::spawn;

use crate::common::{each, on_each};

async fn text(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// tokio#3876, #4556: one side's end was not passed on, or nobody looked at the other one any more.
#[test]
fn an_end_is_passed_on_and_the_answer_comes_back() {
    each(|| async {
        for answer_first in [true, false] {
            let ((mut client, mut near), (mut far, mut server)) = (duplex(1000), duplex(999));
            let proxy = spawn(async move { copy_bidirectional(&mut near, &mut far).await });
            let serving = spawn(async move {
                let question = if answer_first { String::new() } else { text(&mut server).await };
                server.write_all(&[b'a'; 100_000]).await.unwrap();
                server.close().await.unwrap();
                if answer_first { text(&mut server).await } else { question }
            });
            if answer_first {
                assert_eq!(text(&mut client).await.len(), 100_000);
            }
            client.write_all(b"question").await.unwrap();
            client.close().await.unwrap();
            if !answer_first {
                assert_eq!(text(&mut client).await.len(), 100_000);
            }
            assert_eq!(serving.await, "question");
            assert_eq!(proxy.await.unwrap(), (8, 100_000));
        }
    });
}

/// Keeps what is written until it is flushed.
struct Held {
    stream: DuplexStream,
    held: Vec<u8>,
}

impl AsyncRead for Held {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Held {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.held.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while !this.held.is_empty() {
            let len = std::task::ready!(Pin::new(&mut this.stream).poll_write(cx, &this.held))?;
            this.held.drain(..len);
        }
        Poll::Ready(Ok(()))
    }

    /// Forgets to flush.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

#[test]
fn bytes_do_not_wait_in_a_buffered_stream() {
    each(|| async {
        let ((mut client, mut near), (far, mut server)) = (duplex(4), duplex(4));
        let mut far = Held { stream: far, held: Vec::new() };
        let proxy = spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        let mut heard = [0; 16];
        for _ in 0..3 {
            let asking = async { client.write_all(b"more than fits").await.unwrap() };
            let hearing = async { server.read_exact(&mut heard[..14]).await.unwrap() };
            future::zip(asking, hearing).await;
        }
        client.write_all(b"last").await.unwrap();
        client.close().await.unwrap();
        server.read_exact(&mut heard[..4]).await.unwrap();
        assert_eq!(server.read(&mut heard).await.unwrap(), 0);
        drop(server);
        assert_eq!(proxy.await.unwrap(), (46, 0));
    });
}

#[test]
fn an_error_has_what_went_through_before() {
    each(|| async {
        let ((mut client, mut near), (mut far, mut server)) = (duplex(8), duplex(8));
        let proxy = spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        client.write_all(b"12345").await.unwrap();
        server.read_exact(&mut [0; 5]).await.unwrap();
        server.write_all(b"123").await.unwrap();
        client.read_exact(&mut [0; 3]).await.unwrap();
        drop(server);
        // The proxy may be gone before it has taken all of this.
        let _ = client.write_all(b"to nobody").await;
        let error = proxy.await.unwrap_err();
        let CopyError { a_to_b, b_to_a, .. } = error;
        assert_eq!((a_to_b, b_to_a), (5, 3));
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::BrokenPipe);
    });
}

/// Gives and takes bytes without an end.
struct Endless;

impl AsyncRead for Endless {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }
}

impl AsyncWrite for Endless {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn streams_that_are_always_ready_give_way() {
    on_each(|runtime| {
        let copying = async {
            copy_bidirectional(&mut Endless, &mut Endless).await.map(drop).unwrap();
        };
        let mut polls = 0;
        let second_poll = poll_fn(move |_| {
            polls += 1;
            if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
        });
        runtime.block_on(runtime.spawn(copying.or(second_poll)));
    });
}
