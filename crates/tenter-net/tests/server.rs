//! Servers: limits, handlers that panic, and every way to end.

#[path = "../../tenter-io/tests/common/mod.rs"]
mod common;

use std::future::{Future, pending};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use tenter_io::Async;
use tenter_net::{Server, TcpListener, TcpStream, buffered, open_connection};
use tenter_runtime::{Builder, spawn};

use crate::common::{each, watched};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(100);

async fn echo(mut stream: TcpStream, _: std::net::SocketAddr) {
    let _ = futures_lite::io::copy(stream.clone(), &mut stream).await;
}

/// Turns of everyone else until it holds.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tenter_io::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn answers(stream: &mut TcpStream) -> bool {
    let mut heard = [0; 4];
    stream.write_all(b"ping").await.is_ok() && stream.read_exact(&mut heard).await.is_ok() && &heard == b"ping"
}

/// What a client sees at the end of its connection.
async fn end(stream: &mut TcpStream) -> io::Result<usize> {
    stream.read_to_end(&mut Vec::new()).await
}

#[test]
fn clients_are_served_and_a_closed_server_takes_no_more() {
    each(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Arc::<Async<std::net::TcpListener>>::downgrade(&listener.clone().into());
        let server = Server::on(listener).unwrap().serve(echo);
        let addr = server.local_addr();
        let mut clients = Vec::new();
        for _ in 0..10 {
            let mut client = TcpStream::connect(addr).await.unwrap();
            assert!(answers(&mut client).await);
            clients.push(client);
        }
        let locals: Vec<_> = clients.iter().map(|client| client.local_addr().unwrap()).collect();
        assert_eq!((server.peers(), server.connections()), (locals, 10));
        assert!(server.is_serving());
        server.close();
        assert!(!server.is_serving());
        for client in &mut clients {
            assert!(answers(client).await, "those that are there go on");
        }
        assert!(future::poll_once(server.wait_closed()).await.is_none());
        drop(clients);
        server.wait_closed().await;
        assert_eq!(server.connections(), 0);
        assert_eq!(inner.strong_count(), 0, "the address is free");
    });
}

#[test]
fn those_above_the_limit_wait_in_the_backlog() {
    each(|| async {
        let (most, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let seen = (most.clone(), now.clone());
        let server = Server::bind("127.0.0.1:0").await.unwrap().max_connections(2).serve(move |stream, peer| {
            let (most, now) = seen.clone();
            async move {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                echo(stream, peer).await;
                now.fetch_sub(1, SeqCst);
            }
        });
        let addr = server.local_addr();
        let clients: Vec<_> = (0..8)
            .map(|_| {
                spawn(async move {
                    let mut client = TcpStream::connect(addr).await.unwrap();
                    assert!(answers(&mut client).await);
                })
            })
            .collect();
        for client in clients {
            client.await;
        }
        assert!((1..=2).contains(&most.load(SeqCst)), "{most:?} at a time");
    });
}

#[test]
#[should_panic(expected = "at least one connection")]
fn a_server_without_connections_is_refused() {
    let _ = tenter_runtime::block_on(Server::bind("127.0.0.1:0")).unwrap().max_connections(0);
}

#[test]
fn a_handler_that_panics_ends_its_own_connection_only() {
    each(|| async {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let server = Server::bind("127.0.0.1:0").await.unwrap().serve(move |stream, peer| {
            // The first panics when it is called, the second when it is polled.
            let call = counted.fetch_add(1, SeqCst);
            assert!(call != 0, "a handler that panics, as a test wants it");
            async move {
                assert!(call != 1, "a handler's future that panics, as a test wants it");
                echo(stream, peer).await;
            }
        });
        for _ in 0..2 {
            let mut client = TcpStream::connect(server.local_addr()).await.unwrap();
            assert!(matches!(client.read(&mut [0]).await, Ok(0) | Err(_)));
        }
        let mut client = TcpStream::connect(server.local_addr()).await.unwrap();
        assert!(answers(&mut client).await);
        until(|| server.connections() == 1).await;
    });
}

#[test]
fn closed_clients_see_the_end_behind_what_was_sent() {
    each(|| async {
        let server = Server::bind("127.0.0.1:0").await.unwrap().serve(|stream, _| async move {
            let (mut reader, writer) = buffered(stream);
            let _ = reader.next_line().await;
            // More than a socket holds, so that most of it is still in the writer.
            writer.write(&[b'x'; 700_000]).unwrap();
            pending::<()>().await;
        });
        let mut client = TcpStream::connect(server.local_addr()).await.unwrap();
        client.write_all(b"go\n").await.unwrap();
        client.read_exact(&mut [0; 1000]).await.unwrap();
        server.close();
        server.close_clients();
        server.wait_closed().await;
        assert_eq!(end(&mut client).await.unwrap(), 699_000);
    });
}

#[test]
fn aborted_clients_see_a_reset() {
    each(|| async {
        let server = Server::bind("127.0.0.1:0").await.unwrap().serve(|stream, _| async move {
            pending::<()>().await;
            drop(stream);
        });
        let mut client = TcpStream::connect(server.local_addr()).await.unwrap();
        until(|| server.connections() == 1).await;
        server.abort_clients();
        server.close();
        server.wait_closed().await;
        let kind = end(&mut client).await.err().map(|error| error.kind());
        // Under Wine a reset looks like an end.
        assert!(kind == Some(io::ErrorKind::ConnectionReset) || cfg!(windows) && kind.is_none(), "{kind:?}");
    });
}

/// The handler is gone, but who writes for it isn't, and the client reads nothing. Windows does not tell a write that waits.
#[cfg(unix)]
#[test]
fn an_aborted_connection_ends_though_a_writer_has_it() {
    use tenter_io::StreamWriter;

    each(|| async {
        let kept = Arc::new(std::sync::Mutex::new(None));
        let told = kept.clone();
        let server = Server::bind("127.0.0.1:0").await.unwrap().serve(move |stream, _| {
            let told = told.clone();
            async move {
                let writer = Arc::new(StreamWriter::new(stream));
                writer.write(&vec![0; 8_000_000]).unwrap();
                *told.lock().unwrap() = Some(writer);
                pending::<()>().await;
            }
        });
        let client = TcpStream::connect(server.local_addr()).await.unwrap();
        until(|| kept.lock().unwrap().is_some()).await;
        let writer: Arc<StreamWriter> = kept.lock().unwrap().take().unwrap();
        server.abort_clients();
        assert!(writer.closed().await.is_err());
        drop(client);
    });
}

#[test]
fn a_shutdown_waits_for_handlers_that_end() {
    each(|| async {
        let server = Server::bind("127.0.0.1:0").await.unwrap();
        let closing = server.closing();
        let server = server.serve(move |mut stream, _| {
            let closing = closing.clone();
            async move {
                closing.asked().await;
                stream.write_all(b"goodbye").await.unwrap();
            }
        });
        let mut client = TcpStream::connect(server.local_addr()).await.unwrap();
        until(|| server.connections() == 1).await;
        assert_eq!(server.shutdown(LONG).await, []);
        assert_eq!(server.connections(), 0);
        assert_eq!(end(&mut client).await.unwrap(), 7);
    });
}

#[test]
fn a_shutdown_tells_who_was_cut_off() {
    each(|| async {
        let server = Server::bind("127.0.0.1:0").await.unwrap().serve(echo);
        let mut clients = Vec::new();
        for _ in 0..3 {
            let mut client = TcpStream::connect(server.local_addr()).await.unwrap();
            assert!(answers(&mut client).await);
            clients.push(client);
        }
        let locals: Vec<_> = clients.iter().map(|client| client.local_addr().unwrap()).collect();
        assert_eq!(server.shutdown(Duration::from_millis(1)).await, locals);
        server.wait_closed().await;
        for client in &mut clients {
            assert_eq!(end(client).await.unwrap(), 0);
        }
    });
}

#[test]
fn a_dropped_server_cancels_its_handlers() {
    each(|| async {
        let server = Server::bind("127.0.0.1:0").await.unwrap().serve(echo);
        let mut client = TcpStream::connect(server.local_addr()).await.unwrap();
        assert!(answers(&mut client).await);
        // Dropping the future of what serves for ever drops the server.
        assert!(future::poll_once(server.serve_forever()).await.is_none());
        assert_eq!(end(&mut client).await.unwrap(), 0);
    });
}

#[test]
fn who_waits_for_a_server_hears_that_its_runtime_has_ended() {
    watched("the end of a runtime", || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let server = runtime.block_on(async { Server::bind("127.0.0.1:0").await.unwrap().serve(echo) });
        let addr = server.local_addr();
        let mut client = std::net::TcpStream::connect(addr).unwrap();
        let mut heard = [0; 4];
        io::Write::write_all(&mut client, b"ping").unwrap();
        io::Read::read_exact(&mut client, &mut heard).unwrap();
        drop(runtime);
        future::block_on(server.wait_closed());
        assert_eq!(server.connections(), 0);
    });
}

#[test]
fn buffered_clients_talk_to_buffered_handlers() {
    each(|| async {
        let server = Server::bind("127.0.0.1:0").await.unwrap().serve(|stream, _| async move {
            let (mut reader, writer) = buffered(stream);
            while let Ok(Some(line)) = reader.next_line().await {
                writer.write(line.as_bytes()).unwrap();
                writer.write(b"\n").unwrap();
                writer.drain().await.unwrap();
            }
        });
        let (mut reader, writer) = open_connection(server.local_addr()).await.unwrap();
        for round in 0..200 {
            writer.write(format!("{round}\n").as_bytes()).unwrap();
        }
        writer.finish();
        for round in 0..200 {
            assert_eq!(reader.next_line().await.unwrap(), Some(&*round.to_string()));
        }
        assert_eq!(reader.next_line().await.unwrap(), None);
        assert_eq!(server.shutdown(LONG).await, []);
    });
}

#[cfg(unix)]
#[test]
fn unix_sockets_are_served_as_well() {
    use std::sync::atomic::AtomicU32;
    use tenter_net::unix::UnixStream;

    static NEXT: AtomicU32 = AtomicU32::new(0);
    each(|| async {
        let name = format!("tenter-server-{}-{}", std::process::id(), NEXT.fetch_add(1, SeqCst));
        let path = std::env::temp_dir().join(name);
        let server = Server::bind_unix(&path).unwrap().serve(|mut stream, _| async move {
            let _ = futures_lite::io::copy(stream.clone(), &mut stream).await;
        });
        assert_eq!(server.local_addr().as_pathname(), Some(&*path));
        let mut client = UnixStream::connect(&path).await.unwrap();
        client.write_all(b"ping").await.unwrap();
        client.read_exact(&mut [0; 4]).await.unwrap();
        server.abort_clients();
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        server.close();
        server.wait_closed().await;
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn servers_can_go_anywhere() {
    fn anywhere<T: Send + Sync + std::fmt::Debug + 'static>() {}
    fn movable(_: impl Future + Send) {}
    anywhere::<Server<TcpListener>>();
    movable(async {
        let server = Server::bind("127.0.0.1:0").await.unwrap().serve(echo);
        server.shutdown(LONG).await;
        server.serve_forever().await;
    });
    movable(tenter_net::connect_happy("localhost:1"));
}
