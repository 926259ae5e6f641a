//! How listeners listen, and what the sockets that they give are, on Linux: other systems do not deal out connections evenly,
//! and have other ideas of a backlog's length.
#![cfg(target_os = "linux")]

#[path = "../../tenter-io/tests/common/mod.rs"]
mod common;

use std::net::SocketAddr;
use std::time::Duration;

use futures_lite::{FutureExt, StreamExt};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::{FdFlags, fcntl_getfd};
use tenter_io::Timer;
use tenter_net::{ListenOptions, TcpListener, TcpStream};

use crate::common::each;

fn assert_prepared(stream: &TcpStream) {
    assert!(fcntl_getfl(stream).unwrap().contains(OFlags::NONBLOCK), "it would block its worker");
    assert!(fcntl_getfd(stream).unwrap().contains(FdFlags::CLOEXEC), "children would inherit it");
}

#[test]
fn sockets_do_not_block_and_are_not_inherited() {
    each(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        for incoming in [false, true] {
            let client = TcpStream::connect(addr).await.unwrap();
            let server = if incoming {
                listener.incoming().next().await.unwrap().unwrap()
            } else {
                let (server, from) = listener.accept().await.unwrap();
                assert_eq!(from, client.local_addr().unwrap());
                server
            };
            assert_eq!(server.peer_addr().unwrap(), client.local_addr().unwrap());
            assert_prepared(&client);
            assert_prepared(&server);
        }
    });
}

#[test]
fn listeners_that_share_a_port_share_its_connections() {
    each(|| async {
        let options = ListenOptions::new().reuse_port(true);
        let first = TcpListener::bind_with("127.0.0.1:0", &options).await.unwrap();
        let addr = first.local_addr().unwrap();
        let second = TcpListener::bind_with(addr, &options).await.unwrap();
        let lone = TcpListener::bind(addr).await.unwrap_err();
        assert_eq!(lone.kind(), std::io::ErrorKind::AddrInUse);
        let mut clients = Vec::new();
        let mut counts = [0, 0];
        for _ in 0..64 {
            clients.push(TcpStream::connect(addr).await.unwrap());
            let one = async { first.accept().await.map(|_| 0) };
            let other = async { second.accept().await.map(|_| 1) };
            counts[one.or(other).await.unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    });
}

/// How many of 40 connections are made while nobody accepts, until one is late.
async fn made(addr: SocketAddr, patience: Duration) -> usize {
    let mut clients = Vec::new();
    for _ in 0..40 {
        let late = async {
            Timer::after(patience).await;
            None
        };
        match async { Some(TcpStream::connect(addr).await.unwrap()) }.or(late).await {
            Some(client) => clients.push(client),
            None => break,
        }
    }
    clients.len()
}

#[test]
fn the_backlog_is_as_long_as_it_was_asked_for() {
    each(|| async {
        const LONG: Duration = Duration::from_secs(30);
        let short = TcpListener::bind_with("127.0.0.1:0", &ListenOptions::new().backlog(4)).await.unwrap();
        let few = made(short.local_addr().unwrap(), Duration::from_millis(50)).await;
        assert!(few < 40, "4 were asked for");
        let long = TcpListener::bind("127.0.0.1:0").await.unwrap();
        assert_eq!(made(long.local_addr().unwrap(), LONG).await, 40);
        let most = TcpListener::bind_with("127.0.0.1:0", &ListenOptions::new().backlog(u32::MAX)).await.unwrap();
        assert_eq!(made(most.local_addr().unwrap(), LONG).await, 40);
    });
}
