//! Unix sockets: streams and datagrams under paths, and what their systems say nothing about.
#![cfg(unix)]

#[path = "../../tenter-io/tests/common/mod.rs"]
mod common;

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tenter_io::{Async, Timer, time};
use tenter_net::Shutdown;
use tenter_net::unix::{UnixDatagram, UnixListener, UnixStream};
use tenter_runtime::spawn;

use crate::common::{each, is_pending};

/// A path that nobody else has, removed with it.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("tenter-unix-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        Self(std::env::temp_dir().join(name))
    }
}

impl AsRef<Path> for Place {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn settled() {
    Timer::after(Duration::from_millis(3)).await;
}

#[test]
fn sockets_can_go_anywhere() {
    fn anywhere<T: Send + Sync + Unpin + Clone + std::fmt::Debug + 'static>() {}
    fn movable(_: impl Future + Send) {}
    anywhere::<UnixStream>();
    anywhere::<UnixListener>();
    anywhere::<UnixDatagram>();
    anywhere::<tenter_net::unix::Incoming<'static>>();
    movable(UnixStream::connect("x"));
}

#[test]
fn many_connections_are_echoed_at_a_time() {
    each(|| async {
        const MANY: usize = 50;
        let place = Place::new();
        let listener = UnixListener::bind(&place).unwrap();
        assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*place.0));
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
                let path = place.0.clone();
                spawn(async move {
                    let mut stream = UnixStream::connect(&path).await.unwrap();
                    assert_eq!(stream.peer_addr().unwrap().as_pathname(), Some(&*path));
                    assert!(stream.local_addr().unwrap().is_unnamed());
                    for round in 0..5 {
                        let sent = [(i + round) as u8; 100];
                        stream.write_all(&sent).await.unwrap();
                        let mut heard = [0; 100];
                        stream.read_exact(&mut heard).await.unwrap();
                        assert_eq!(heard, sent);
                    }
                    stream.close().await.unwrap();
                    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
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
fn more_than_the_buffers_hold_goes_through_in_both_ways_of_writing() {
    each(|| async {
        let (mut a, mut b) = UnixStream::pair().unwrap();
        let sent: Vec<u8> = (0..1 << 21).map(|i| (i % 251) as u8).collect();
        let expected = sent.clone();
        let writing = spawn(async move {
            let (first, mut rest) = sent.split_at(1 << 20);
            a.write_all(first).await.unwrap();
            while !rest.is_empty() {
                let (x, y) = rest.split_at(rest.len().min(10_000));
                let written = a.write_vectored(&[IoSlice::new(x), IoSlice::new(y)]).await.unwrap();
                rest = &rest[written..];
            }
            a.close().await.unwrap();
        });
        let mut heard = Vec::new();
        b.read_to_end(&mut heard).await.unwrap();
        writing.await;
        assert!(heard == expected, "{} of {} bytes, or others", heard.len(), expected.len());
    });
}

#[test]
fn a_read_that_an_attachment_cut_short_is_no_end_of_what_there_is() {
    each(|| async {
        let (a, mut b) = UnixStream::pair().unwrap();
        // Reads end behind each of these, however large the buffer.
        for part in [b"one ", b"two ", b"six!"] {
            let mut space = [const { std::mem::MaybeUninit::uninit() }; 64];
            let mut attached = SendAncillaryBuffer::new(&mut space);
            let fd = [b.as_fd()];
            assert!(attached.push(SendAncillaryMessage::ScmRights(&fd)));
            sendmsg(&a, &[IoSlice::new(part)], &mut attached, SendFlags::empty()).unwrap();
        }
        settled().await;
        let mut heard = Vec::new();
        let mut buf = [0; 64];
        while heard.len() < 12 {
            let len = b.read(&mut buf).await.unwrap();
            heard.extend_from_slice(&buf[..len]);
        }
        assert_eq!(heard, b"one two six!");
    });
}

#[test]
fn where_nobody_listens_is_an_error_that_says_so() {
    each(|| async {
        let place = Place::new();
        assert_eq!(UnixStream::connect(&place).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        drop(UnixListener::bind(&place).unwrap());
        assert_eq!(UnixStream::connect(&place).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(UnixListener::bind(&place).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let long = "x".repeat(200);
        assert_eq!(UnixStream::connect(&long).await.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(UnixListener::bind(&long).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_backlog_is_waited_out() {
    use socket2::{Domain, SockAddr, Socket, Type};

    each(|| async {
        let place = Place::new();
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        socket.bind(&SockAddr::unix(&place).unwrap()).unwrap();
        socket.listen(0).unwrap();
        let listener = UnixListener::try_from(OwnedFd::from(socket)).unwrap();
        let _first = UnixStream::connect(&place).await.unwrap();
        let mut second = Box::pin(UnixStream::connect(&place));
        assert!(time::timeout(Duration::from_millis(10), &mut second).await.is_err(), "there was room for another");
        listener.accept().await.unwrap();
        second.await.unwrap();
        listener.accept().await.unwrap();
    });
}

#[test]
fn a_peer_that_has_gone_is_an_end_and_an_error() {
    each(|| async {
        let (mut a, b) = UnixStream::pair().unwrap();
        drop(b);
        assert_eq!(a.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(a.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let both = [IoSlice::new(b"x"), IoSlice::new(b"y")];
        assert_eq!(a.write_vectored(&both).await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_shutdown_wakes_who_reads_from_a_clone() {
    each(|| async {
        let (a, _b) = UnixStream::pair().unwrap();
        let mut reader = a.clone();
        let reading = spawn(async move { reader.read(&mut [0; 8]).await });
        settled().await;
        a.shutdown(Shutdown::Both).unwrap();
        assert_eq!(reading.await.unwrap(), 0);
    });
}

#[test]
fn datagrams_keep_their_bounds_and_tell_where_they_come_from() {
    each(|| async {
        let (here, there) = (Place::new(), Place::new());
        let (a, b) = (UnixDatagram::bind(&here).unwrap(), UnixDatagram::bind(&there).unwrap());
        let unnamed = UnixDatagram::unbound().unwrap();
        assert_eq!(a.send_to(b"long one", &there).await.unwrap(), 8);
        unnamed.send_to(b"short", &there).await.unwrap();
        let mut buf = [0; 16];
        let (len, from) = b.recv_from(&mut buf).await.unwrap();
        assert_eq!((&buf[..len], from.as_pathname()), (&b"long one"[..], Some(&*here.0)));
        let (len, from) = b.recv_from(&mut buf[..3]).await.unwrap();
        assert_eq!((&buf[..len], from.is_unnamed()), (&b"sho"[..], true));
        assert!(unnamed.send(b"to whom?").await.is_err());
        unnamed.connect(&there).unwrap();
        assert_eq!(unnamed.peer_addr().unwrap().as_pathname(), Some(&*there.0));
        assert_eq!(b.local_addr().unwrap().as_pathname(), Some(&*there.0));
        unnamed.send(b"connected").await.unwrap();
        let len = b.recv(&mut buf).await.unwrap();
        assert_eq!(&buf[..len], b"connected");
        drop(b);
        assert_eq!(unnamed.send(b"gone").await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert!(a.send_to(b"gone", &there).await.is_err());
    });
}

#[test]
fn a_sender_waits_for_a_receiver_that_it_is_connected_to() {
    each(|| async {
        // More datagrams than any queue holds.
        const MANY: u32 = 2000;
        let (a, b) = UnixDatagram::pair().unwrap();
        let sending = spawn(async move {
            for i in 0..MANY {
                assert_eq!(a.send(&i.to_le_bytes()).await.unwrap(), 4);
            }
        });
        settled().await;
        let mut buf = [0; 8];
        for i in 0..MANY {
            let len = b.recv(&mut buf).await.unwrap();
            assert_eq!(buf[..len], i.to_le_bytes());
        }
        sending.await;
    });
}

#[test]
fn a_sender_waits_for_a_receiver_that_others_have_filled() {
    each(|| async {
        let place = Place::new();
        let receiver = UnixDatagram::bind(&place).unwrap();
        let (filler, sender) = (UnixDatagram::unbound().unwrap(), UnixDatagram::unbound().unwrap());
        let raw: &Async<std::os::unix::net::UnixDatagram> = filler.as_ref();
        let mut filled = 0;
        while raw.get_ref().send_to(b"filler", &place).is_ok() {
            filled += 1;
        }
        // Nothing of this sender's is in the queue, so the system has nothing to tell it later.
        let mut sending = Box::pin(sender.send_to(b"late", &place));
        assert!(time::timeout(Duration::from_millis(5), &mut sending).await.is_err(), "after {filled}");
        let mut buf = [0; 8];
        for _ in 0..filled {
            receiver.recv(&mut buf).await.unwrap();
        }
        assert_eq!(sending.await.unwrap(), 4);
        let len = receiver.recv(&mut buf).await.unwrap();
        assert_eq!(&buf[..len], b"late");
    });
}

#[test]
fn a_dropped_receive_takes_nothing_along() {
    each(|| async {
        let (a, b) = UnixDatagram::pair().unwrap();
        let mut buf = [0; 8];
        {
            let mut receive = Box::pin(b.recv(&mut buf));
            assert!(is_pending(&mut receive));
            a.send(b"kept").await.unwrap();
        }
        let len = b.recv(&mut buf).await.unwrap();
        assert_eq!(&buf[..len], b"kept");
        a.shutdown(Shutdown::Both).unwrap();
        assert!(a.send(b"x").await.is_err());
    });
}

#[test]
fn sockets_go_in_and_out_of_what_they_are_made_of() {
    each(|| async {
        let (a, _b) = UnixStream::pair().unwrap();
        assert_eq!(a.as_fd().as_raw_fd(), a.as_raw_fd());
        let duplicate = std::os::unix::net::UnixStream::try_from(a.clone()).unwrap();
        assert_ne!(duplicate.as_raw_fd(), a.as_raw_fd());
        let number = a.as_raw_fd();
        let only = std::os::unix::net::UnixStream::try_from(a).unwrap();
        assert_eq!(only.as_raw_fd(), number);
        let again = UnixStream::try_from(OwnedFd::from(only)).unwrap();
        let inner: Arc<Async<std::os::unix::net::UnixStream>> = again.into();
        assert_eq!(inner.as_raw_fd(), number);
        let place = Place::new();
        let listener = std::os::unix::net::UnixListener::bind(&place).unwrap();
        assert!(UnixListener::try_from(listener).unwrap().local_addr().unwrap().as_pathname().is_some());
        let datagram = std::os::unix::net::UnixDatagram::unbound().unwrap();
        assert!(UnixDatagram::try_from(datagram).unwrap().local_addr().unwrap().is_unnamed());
    });
}
