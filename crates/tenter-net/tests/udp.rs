//! Datagrams over UDP: echoed, refused, cut off, peeked at.

#[path = "../../tenter-io/tests/common/mod.rs"]
mod common;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use futures_lite::future;
use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use tenter_io::Async;
use tenter_net::UdpSocket;
use tenter_runtime::spawn;

use crate::common::{each, is_pending};

async fn bound() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

/// Two sockets that are connected to each other.
async fn connected() -> (UdpSocket, UdpSocket) {
    let (a, b) = (bound().await, bound().await);
    a.connect(b.local_addr().unwrap()).await.unwrap();
    b.connect(a.local_addr().unwrap()).await.unwrap();
    (a, b)
}

#[test]
fn sockets_can_go_anywhere() {
    fn anywhere<T: Send + Sync + Unpin + Clone + std::fmt::Debug + 'static>() {}
    fn movable(_: impl Future + Send) {}
    anywhere::<UdpSocket>();
    movable(UdpSocket::bind("127.0.0.1:0"));
    movable(async { bound().await.send_to(b"", ("127.0.0.1", 1)).await });
}

#[test]
fn many_clients_are_echoed_at_a_time() {
    each(|| async {
        const ROUNDS: usize = 20;
        let server = bound().await;
        let addr = server.local_addr().unwrap();
        let serving = spawn(async move {
            let mut buf = [0; 64];
            loop {
                let (len, from) = server.recv_from(&mut buf).await.unwrap();
                server.send_to(&buf[..len], from).await.unwrap();
            }
        });
        let clients: Vec<_> = (0..8u8)
            .map(|i| {
                spawn(async move {
                    let socket = bound().await;
                    for round in 0..ROUNDS {
                        let sent = [i, round as u8];
                        assert_eq!(socket.send_to(&sent, addr).await.unwrap(), 2);
                        let mut buf = [0; 8];
                        let (len, from) = socket.recv_from(&mut buf).await.unwrap();
                        assert_eq!((&buf[..len], from), (&sent[..], addr));
                    }
                })
            })
            .collect();
        for client in clients {
            client.await;
        }
        serving.cancel().await;
    });
}

#[test]
fn a_dropped_receive_takes_nothing_along() {
    each(|| async {
        let (a, b) = connected().await;
        let mut buf = [0; 8];
        {
            let mut receive = Box::pin(b.recv(&mut buf));
            assert!(is_pending(&mut receive));
            a.send(b"kept").await.unwrap();
        }
        let len = b.recv(&mut buf).await.unwrap();
        assert_eq!(&buf[..len], b"kept");
    });
}

#[test]
fn peeking_leaves_the_datagram_and_a_short_buffer_cuts_it_off() {
    each(|| async {
        let (a, b) = connected().await;
        let mut buf = [0; 16];
        a.send(b"first datagram").await.unwrap();
        a.send(b"second").await.unwrap();
        assert_eq!(b.peek(&mut buf).await.unwrap(), 14);
        let (len, from) = b.peek_from(&mut buf).await.unwrap();
        assert_eq!((&buf[..len], from), (&b"first datagram"[..], a.local_addr().unwrap()));
        // Windows makes an error of it (and leaves the bytes).
        let len = b.recv(&mut buf[..5]).await.or_else(|error| if cfg!(windows) { Ok(5) } else { Err(error) });
        assert_eq!(len.unwrap(), 5);
        assert_eq!(&buf[..5], b"first");
        let len = b.recv(&mut buf).await.unwrap();
        assert_eq!(&buf[..len], b"second");
        // An empty datagram is one, too.
        a.send(b"").await.unwrap();
        assert_eq!(b.recv(&mut buf).await.unwrap(), 0);
    });
}

#[test]
fn one_task_receives_while_another_sends() {
    each(|| async {
        let (a, b) = connected().await;
        let echoing = spawn(async move {
            let mut buf = [0; 8];
            for _ in 0..50 {
                let len = b.recv(&mut buf).await.unwrap();
                b.send(&buf[..len]).await.unwrap();
            }
        });
        let sender = a.clone();
        let sending = spawn(async move {
            for i in 0..50u8 {
                sender.send(&[i]).await.unwrap();
                future::yield_now().await;
            }
        });
        let mut buf = [0; 8];
        for i in 0..50u8 {
            let len = a.recv(&mut buf).await.unwrap();
            assert_eq!(buf[..len], [i]);
        }
        sending.await;
        echoing.await;
    });
}

#[test]
fn what_can_not_be_sent_is_an_error() {
    each(|| async {
        let socket = bound().await;
        assert!(socket.send(b"to whom?").await.is_err(), "it is not connected");
        assert_eq!(socket.peer_addr().unwrap_err().kind(), io::ErrorKind::NotConnected);
        let too_long = vec![0; 70_000];
        assert!(socket.send_to(&too_long, socket.local_addr().unwrap()).await.is_err());
        let nowhere: &[std::net::SocketAddr] = &[];
        let error = socket.send_to(b"x", nowhere).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        // Wine binds to addresses that are not this machine's.
        if let Err(error) = UdpSocket::bind("192.0.2.1:0").await {
            assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
        } else if !cfg!(windows) {
            panic!("192.0.2.1 is an address for documents, not this machine's");
        }
        let bad = socket.connect("no port").await.unwrap_err();
        assert_eq!(bad.kind(), io::ErrorKind::InvalidInput);
    });
}

#[test]
fn options_are_what_they_were_set_to() {
    each(|| async {
        let socket = bound().await;
        for yes in [true, false] {
            socket.set_broadcast(yes).unwrap();
            assert_eq!(socket.broadcast().unwrap(), yes);
            socket.set_multicast_loop_v4(yes).unwrap();
            assert_eq!(socket.multicast_loop_v4().unwrap(), yes);
        }
        socket.set_ttl(7).unwrap();
        socket.set_multicast_ttl_v4(3).unwrap();
        assert_eq!((socket.ttl().unwrap(), socket.multicast_ttl_v4().unwrap()), (7, 3));
        // Not a multicast address.
        assert!(socket.join_multicast_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST).is_err());
        assert!(socket.leave_multicast_v4(Ipv4Addr::new(239, 1, 2, 3), Ipv4Addr::LOCALHOST).is_err());
        socket.join_multicast_v4(Ipv4Addr::new(239, 1, 2, 3), Ipv4Addr::LOCALHOST).unwrap();
        socket.leave_multicast_v4(Ipv4Addr::new(239, 1, 2, 3), Ipv4Addr::LOCALHOST).unwrap();
    });
}

#[test]
fn sockets_go_in_and_out_of_what_they_are_made_of() {
    each(|| async {
        let socket = UdpSocket::try_from(std::net::UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
        let addr = socket.local_addr().unwrap();
        assert_eq!(socket.as_fd().as_raw_fd(), socket.as_raw_fd());
        assert_eq!(AsRef::<Async<std::net::UdpSocket>>::as_ref(&socket).get_ref().local_addr().unwrap(), addr);
        let clone = socket.clone();
        let duplicate = std::net::UdpSocket::try_from(clone).unwrap();
        assert_ne!(duplicate.as_raw_fd(), socket.as_raw_fd(), "the clone that is left keeps its own");
        let number = socket.as_raw_fd();
        let only = std::net::UdpSocket::try_from(socket).unwrap();
        assert_eq!(only.as_raw_fd(), number);
        let again = UdpSocket::try_from(OwnedFd::from(only)).unwrap();
        assert_eq!(again.local_addr().unwrap(), addr);
        let inner: Arc<Async<std::net::UdpSocket>> = again.into();
        assert_eq!(UdpSocket::from(Arc::try_unwrap(inner).unwrap()).local_addr().unwrap(), addr);
    });
}
