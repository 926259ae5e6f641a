//! What a Unix tells who waits, and Windows does not (as Wine has it): the end that one's own shutdown makes, and that nobody
//! takes a datagram.
#![cfg(unix)]

#[path = "../../tenter-io/tests/common/mod.rs"]
mod common;

use std::io;
use std::time::Duration;

use futures_lite::AsyncReadExt;
use tenter_io::{Timer, time};
use tenter_net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use tenter_runtime::spawn;

use crate::common::each;

#[test]
fn a_shutdown_of_ones_own_ends_ones_own_wait() {
    each(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut reader = client.clone();
        let reading = spawn(async move { reader.read(&mut [0; 8]).await });
        Timer::after(Duration::from_millis(3)).await;
        client.shutdown(Shutdown::Read).unwrap();
        assert_eq!(reading.await.unwrap(), 0);
    });
}

#[test]
fn a_refused_datagram_is_told_once_and_the_socket_goes_on() {
    each(|| async {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        // A port that the system gives to nobody by itself.
        socket.connect(("127.0.0.1", 1)).await.unwrap();
        for _ in 0..3 {
            socket.send(b"is anybody there?").await.unwrap();
            let error = socket.recv(&mut [0; 8]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        }
        // The error was reported to the reactor, too, and must not count as readiness for good.
        let waiting = time::timeout(Duration::from_millis(20), socket.recv(&mut [0; 8])).await;
        assert!(waiting.is_err(), "there is nothing to receive: {waiting:?}");
        let there = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        there.connect(socket.local_addr().unwrap()).await.unwrap();
        socket.connect(there.local_addr().unwrap()).await.unwrap();
        let receiving = {
            let socket = socket.clone();
            spawn(async move {
                let mut buf = [0; 8];
                socket.recv(&mut buf).await.map(|len| buf[..len].to_vec())
            })
        };
        Timer::after(Duration::from_millis(3)).await;
        there.send(b"now").await.unwrap();
        assert_eq!(receiving.await.unwrap(), b"now");
    });
}
