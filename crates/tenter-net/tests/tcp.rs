//! Connections: many, split, half-closed, refused.

#[path = "../../tenter-io/tests/common/mod.rs"]
mod common;

use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt, future};
use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use tenter_io::{Async, Timer};
use tenter_net::{Incoming, Shutdown, TcpListener, TcpStream};
use tenter_runtime::{coop, spawn};

use crate::common::{each, on_each};

async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, from) = listener.accept().await.unwrap();
    assert_eq!(from, client.local_addr().unwrap());
    assert_eq!(server.local_addr().unwrap(), client.peer_addr().unwrap());
    (client, server)
}

async fn settled() {
    Timer::after(Duration::from_millis(3)).await;
}

#[test]
fn streams_and_listeners_can_go_anywhere() {
    fn anywhere<T: Send + Sync + Unpin + Clone + std::fmt::Debug + 'static>() {}
    fn movable(_: impl Future + Send) {}
    anywhere::<TcpStream>();
    anywhere::<TcpListener>();
    anywhere::<Incoming<'static>>();
    movable(TcpStream::connect("127.0.0.1:1"));
    movable(TcpListener::bind(("localhost", 1)));
    movable(tenter_net::resolve(String::new()));
}

#[test]
fn many_connections_are_echoed_at_a_time() {
    each(|| async {
        const MANY: usize = 100;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let serving = spawn(async move {
            let mut incoming = listener.incoming().take(MANY);
            let mut tasks = Vec::new();
            while let Some(stream) = incoming.next().await {
                let mut stream = stream.unwrap();
                tasks.push(spawn(async move { futures_lite::io::copy(stream.clone(), &mut stream).await }));
            }
            let mut total = 0;
            for task in tasks {
                total += task.await.unwrap();
            }
            total
        });
        let clients: Vec<_> = (0..MANY)
            .map(|i| {
                spawn(async move {
                    let mut stream = TcpStream::connect(addr).await.unwrap();
                    for round in 0..5 {
                        let sent = [(i + round) as u8; 100];
                        stream.write_all(&sent).await.unwrap();
                        let mut heard = [0; 100];
                        stream.read_exact(&mut heard).await.unwrap();
                        assert_eq!(heard, sent);
                    }
                })
            })
            .collect();
        for client in clients {
            client.await;
        }
        assert_eq!(serving.await, MANY as u64 * 500);
    });
}

#[test]
fn clones_read_and_write_in_two_tasks_more_than_the_buffers_hold() {
    each(|| async {
        const PATTERN: &[u8] = b"all in order\n\t\r.";
        const SIZE: usize = 3 << 20;
        let (client, server) = connected().await;
        let mut tasks = Vec::new();
        // Each end writes all it has before the other's is read, so both directions of each must wait at a time.
        for stream in [client, server] {
            let mut writer = stream.clone();
            let mut reader = stream;
            tasks.push(spawn(async move {
                let sent = PATTERN.repeat(SIZE / PATTERN.len());
                writer.write_all(&sent).await.unwrap();
                writer.close().await.unwrap();
                sent.len()
            }));
            tasks.push(spawn(async move {
                let mut heard = Vec::new();
                reader.read_to_end(&mut heard).await.unwrap();
                assert!(heard == PATTERN.repeat(heard.len() / PATTERN.len()), "bytes in disorder");
                heard.len()
            }));
        }
        for task in tasks {
            assert_eq!(task.await, SIZE);
        }
    });
}

#[test]
fn closing_shuts_the_writing_half_and_leaves_the_other() {
    each(|| async {
        let (mut client, mut server) = connected().await;
        client.write_all(b"question").await.unwrap();
        client.close().await.unwrap();
        assert_eq!(client.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let mut heard = String::new();
        server.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "question");
        // The end stays the end.
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
        server.write_all(b"answer").await.unwrap();
        server.shutdown(Shutdown::Both).unwrap();
        heard.clear();
        client.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "answer");
    });
}

#[test]
fn the_end_comes_to_a_reader_that_waits() {
    each(|| async {
        let (mut client, server) = connected().await;
        let reading = spawn(async move { client.read(&mut [0; 8]).await });
        settled().await;
        let clone = server.clone();
        drop(server);
        settled().await;
        assert!(!reading.is_finished(), "a clone is open");
        drop(clone);
        assert_eq!(reading.await.unwrap(), 0);
    });
}

#[test]
fn buffers_are_gathered_and_scattered() {
    each(|| async {
        let (mut client, mut server) = connected().await;
        let sent =
            client.write_vectored(&[IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"cde")]).await.unwrap();
        assert_eq!(sent, 5);
        let (mut one, mut two) = ([0; 3], [0; 4]);
        let n = server.read_vectored(&mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)]).await.unwrap();
        assert_eq!((n, &one, &two[..2]), (5, b"abc", b"de".as_slice()));
        // More than the socket takes at once, and more buffers than the system takes.
        let byte = [7; 500];
        let many = vec![IoSlice::new(&byte); 2_000];
        let writing = spawn({
            let mut client = client.clone();
            let total: usize = many.iter().map(|slice| slice.len()).sum();
            async move {
                let mut sent = 0;
                while sent < 5 * total {
                    let slices = vec![IoSlice::new(&byte); 2_000];
                    sent += client.write_vectored(&slices).await.unwrap();
                }
                client.close().await.unwrap();
                sent
            }
        });
        let mut heard = Vec::new();
        server.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard.len(), writing.await);
        assert!(heard.iter().all(|byte| *byte == 7));
    });
}

#[test]
fn a_vectored_write_waits_while_the_peer_does_not_read() {
    each(|| async {
        let (mut client, mut server) = connected().await;
        let block = vec![1; 1 << 16];
        let mut sent = 0;
        // Waiting must mean that the socket is full, not that others have their turn. It may get room again by itself, when
        // what is on its way arrives: then the next write is taken, too.
        for bytes in [&block[..], b"last"] {
            let mut write = async |bytes| {
                coop::unconstrained(future::poll_once(client.write_vectored(&[IoSlice::new(bytes)]))).await
            };
            while let Some(n) = write(bytes).await {
                sent += n.unwrap();
            }
        }
        assert!(sent > 0);
        let waiting = spawn(async move { client.write_vectored(&[IoSlice::new(b"last")]).await });
        let mut heard = vec![0; sent];
        server.read_exact(&mut heard).await.unwrap();
        assert_eq!(waiting.await.unwrap(), 4);
    });
}

#[test]
fn a_peek_takes_nothing() {
    each(|| async {
        let (mut client, mut server) = connected().await;
        let peeking = spawn(async move {
            let mut buf = [0; 2];
            server.peek(&mut buf).await.map(|n| (n, buf, server))
        });
        settled().await;
        client.write_all(b"hi").await.unwrap();
        let (n, buf, back) = peeking.await.unwrap();
        server = back;
        assert!(buf.starts_with(&b"hi"[..n]) && n > 0);
        let mut heard = [0; 2];
        server.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hi");
    });
}

#[test]
fn options_are_the_sockets() {
    each(|| async {
        let (client, server) = connected().await;
        for on in [true, false] {
            client.set_nodelay(on).unwrap();
            assert_eq!(client.clone().nodelay().unwrap(), on);
        }
        client.set_ttl(61).unwrap();
        assert_eq!(client.ttl().unwrap(), 61);
        assert_ne!(server.ttl().unwrap(), 61);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.set_ttl(62).unwrap();
        assert_eq!(listener.ttl().unwrap(), 62);
    });
}

#[test]
fn a_connection_that_is_refused_says_so() {
    each(|| async {
        // A port that the system gives to nobody by itself.
        let error = TcpStream::connect(("127.0.0.1", 1)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(error.raw_os_error().is_some(), "as the system said it");
    });
}

#[test]
fn several_acceptors_share_a_listener_without_losing_a_connection() {
    each(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let acceptors: Vec<_> = (0..10)
            .map(|i| {
                let listener = listener.clone();
                spawn(async move {
                    if i % 2 == 0 {
                        listener.accept().await.map(|(stream, _)| stream)
                    } else {
                        listener.incoming().next().await.expect("it has no end")
                    }
                })
            })
            .collect();
        // One that gives up while it waits.
        assert!(future::poll_once(listener.accept()).await.is_none());
        settled().await;
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(TcpStream::connect(addr).await.unwrap());
        }
        for acceptor in acceptors {
            acceptor.await.unwrap();
        }
    });
}

#[test]
fn foreign_threads_use_clones_as_they_like() {
    on_each(|runtime| {
        if runtime.worker_threads() == 0 {
            return;
        }
        let (client, server) = runtime.block_on(connected());
        let echo = runtime.spawn(async move { futures_lite::io::copy(server.clone(), &mut server.clone()).await });
        let mut writer = client.clone();
        let writing = thread::spawn(move || {
            future::block_on(async {
                for _ in 0..100 {
                    writer.write_all(b"0123456789").await?;
                }
                writer.close().await
            })
        });
        let mut reader = client;
        let mut heard = Vec::new();
        future::block_on(reader.read_to_end(&mut heard)).unwrap();
        writing.join().unwrap().unwrap();
        assert_eq!(heard, b"0123456789".repeat(100));
        assert_eq!(future::block_on(echo).unwrap(), 1000);
    });
}

#[test]
fn sockets_are_made_of_std_ones_and_become_std_ones() {
    each(|| async {
        let listener = TcpListener::try_from(std::net::TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let addr = listener.local_addr().unwrap();
        let from_async = TcpStream::from(Async::<std::net::TcpStream>::connect(addr).await.unwrap());
        let (mut server, _) = listener.accept().await.unwrap();

        let std = std::net::TcpStream::try_from(from_async).unwrap();
        assert_eq!(io::Read::read(&mut &std, &mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let fd = OwnedFd::from(std);
        let mut client = TcpStream::try_from(fd).unwrap();
        client.write_all(b"x").await.unwrap();
        server.read_exact(&mut [0]).await.unwrap();

        assert_eq!(client.as_fd().as_raw_fd(), client.as_raw_fd());
        let shared: Arc<Async<std::net::TcpStream>> = client.clone().into();
        assert_eq!(shared.as_raw_fd(), client.as_raw_fd());
        assert_eq!(AsRef::<Async<_>>::as_ref(&client).get_ref().peer_addr().unwrap(), addr);
        // With a clone about, it is a duplicate.
        let duplicate = std::net::TcpStream::try_from(client).unwrap();
        assert_ne!(duplicate.as_raw_fd(), shared.as_raw_fd());

        let clone = listener.clone();
        let std = std::net::TcpListener::try_from(listener).unwrap();
        assert_eq!(std.local_addr().unwrap(), addr);
        drop(std);
        let std = std::net::TcpListener::try_from(clone).unwrap();
        let listener = TcpListener::try_from(OwnedFd::from(std)).unwrap();
        let _client = TcpStream::connect(addr).await.unwrap();
        listener.accept().await.unwrap();
    });
}

#[test]
fn sockets_belong_to_the_runtime_that_makes_them() {
    on_each(|runtime| {
        let (client, server) = runtime.block_on(connected());
        for stream in [client, server] {
            let inner: Arc<Async<std::net::TcpStream>> = stream.into();
            assert_eq!(inner.handle().reactor_name(), runtime.reactor_name());
        }
        let std = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listener = runtime.enter(|| TcpListener::try_from(std)).unwrap();
        assert_eq!(AsRef::<Async<_>>::as_ref(&listener).handle().reactor_name(), runtime.reactor_name());
    });
}

#[test]
fn version_6_addresses_go_both_ways() {
    each(|| async {
        let Ok(listener) = TcpListener::bind((std::net::Ipv6Addr::LOCALHOST, 0)).await else { return };
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, from) = listener.accept().await.unwrap();
        assert_eq!(from, client.local_addr().unwrap());
        client.write_all(b"six").await.unwrap();
        let mut heard = [0; 3];
        server.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"six");
    });
}
