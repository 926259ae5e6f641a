//! What a short read or write may forget, and what it may not; and that a busy stream gives way.

#[path = "../../tenter-io/tests/common/mod.rs"]
mod common;

use std::future::poll_fn;
use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, future};
use socket2::SockRef;
use tenter_core::coop;
use tenter_io::Timer;
use tenter_net::{Shutdown, TcpListener, TcpStream};

use crate::common::{each, on_each};

/// A stream, and its blocking peer.
async fn connected() -> (TcpStream, std::net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let peer = std::net::TcpStream::connect(addr).unwrap();
    (listener.accept().await.unwrap().0, peer)
}

/// Time for events to be reported and dispatched.
async fn settled() {
    Timer::after(Duration::from_millis(3)).await;
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    let late = async {
        Timer::after(Duration::from_secs(60)).await;
        panic!("nobody woke the stream's task")
    };
    future::or(future, late).await
}

#[test]
fn the_end_that_came_with_the_last_bytes_is_found() {
    each(|| async {
        for pause in [false, true] {
            let (mut stream, mut peer) = connected().await;
            peer.write_all(b"last words").unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
            if pause {
                settled().await;
            }
            let mut heard = Vec::new();
            let mut buf = [0; 64];
            loop {
                match in_time(stream.read(&mut buf)).await.unwrap() {
                    0 => break,
                    moved => heard.extend_from_slice(&buf[..moved]),
                }
            }
            assert_eq!(heard, b"last words");
        }
    });
}

#[test]
fn every_piece_that_comes_after_a_short_read_is_read() {
    each(|| async {
        let (mut stream, mut peer) = connected().await;
        let writing = std::thread::spawn(move || {
            for piece in 0..2000_u32 {
                peer.write_all(&piece.to_le_bytes()).unwrap();
                if piece % 7 == 0 {
                    std::thread::yield_now();
                }
            }
            peer
        });
        let (mut bytes, mut buf) = (Vec::new(), [0; 61]);
        while bytes.len() < 8000 {
            let moved = in_time(stream.read(&mut buf)).await.unwrap();
            bytes.extend_from_slice(&buf[..moved]);
        }
        let pieces = bytes.chunks_exact(4).map(|piece| u32::from_le_bytes(piece.try_into().unwrap()));
        assert!(pieces.eq(0..2000));
        writing.join().unwrap();
    });
}

#[test]
fn reads_that_stop_at_urgent_data_go_on_behind_it() {
    each(|| async {
        let (mut stream, peer) = connected().await;
        SockRef::from(&peer).send(b"before").unwrap();
        SockRef::from(&peer).send_out_of_band(b"!").unwrap();
        SockRef::from(&peer).send(b"after").unwrap();
        settled().await;
        let (mut heard, mut buf) = (Vec::new(), [0; 64]);
        while heard.len() < 11 {
            let moved = in_time(stream.read(&mut buf)).await.unwrap();
            heard.extend_from_slice(&buf[..moved]);
        }
        assert_eq!(heard, b"beforeafter");
    });
}

#[test]
fn a_writer_goes_on_after_short_writes() {
    const BYTES: usize = 4 << 20;
    each(|| async {
        for vectored in [false, true] {
            let (mut stream, mut peer) = connected().await;
            let reading = std::thread::spawn(move || {
                let mut heard = Vec::new();
                peer.read_to_end(&mut heard).unwrap();
                heard
            });
            let sent: Vec<u8> = (0..BYTES).map(|at| (at / 251) as u8).collect();
            let mut rest = &sent[..];
            while !rest.is_empty() {
                let (half, other) = rest.split_at(rest.len() / 2);
                let moved = if vectored {
                    in_time(stream.write_vectored(&[IoSlice::new(half), IoSlice::new(other)])).await.unwrap()
                } else {
                    in_time(stream.write(rest)).await.unwrap()
                };
                rest = &rest[moved..];
            }
            stream.close().await.unwrap();
            assert!(reading.join().unwrap() == sent);
        }
    });
}

#[test]
fn more_buffers_than_go_into_one_call_are_no_short_read() {
    each(|| async {
        let (mut stream, mut peer) = connected().await;
        peer.write_all(&[7; 3000]).unwrap();
        settled().await;
        let (mut moved, mut bytes) = (0, [0; 1500]);
        while moved < 3000 {
            let mut bufs: Vec<_> = bytes.chunks_mut(1).map(IoSliceMut::new).collect();
            moved += in_time(stream.read_vectored(&mut bufs)).await.unwrap();
        }
    });
}

#[test]
fn a_stream_that_is_always_ready_gives_way() {
    on_each(|runtime| {
        runtime.block_on(async {
            let (mut stream, mut peer) = connected().await;
            peer.write_all(&[1; 4096]).unwrap();
            while stream.peek(&mut [0; 4096]).await.unwrap() < 4096 {
                settled().await;
            }
            // The budget is given here as an executor would; in another poll than the one that connected.
            let turns = poll_fn(|_| {
                let mut cx = Context::from_waker(Waker::noop());
                coop::begin();
                let reads = (0..1000).take_while(|_| {
                    Pin::new(&mut stream).poll_read(&mut cx, &mut [0]).map(Result::unwrap) == Poll::Ready(1)
                });
                let reads = reads.count();
                coop::begin();
                let writes = (0..1000).take_while(|_| {
                    Pin::new(&mut stream).poll_write(&mut cx, &[0]).map(Result::unwrap) == Poll::Ready(1)
                });
                let writes = writes.count();
                coop::begin();
                let looks = (0..1000).take_while(|_| pin!(stream.as_ref().readable()).poll(&mut cx).is_ready());
                let looks = looks.count();
                coop::end();
                Poll::Ready((reads, writes, looks))
            })
            .await;
            let budget = usize::from(coop::BUDGET);
            assert_eq!(turns, (budget, budget, budget));
        });
    });
}
