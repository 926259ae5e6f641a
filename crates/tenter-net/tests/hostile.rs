//! What the operating system may do to a server: signals, and limits of open files, which Windows does not have. Each test
//! runs in a process of its own.
#![cfg(unix)]

#[path = "../../tenter-io/tests/common/mod.rs"]
mod common;

use std::fs::File;
use std::io::{self, IoSlice};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};
use std::{env, future};

use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tenter_io::{Timer, time};
use tenter_net::unix::UnixStream;
use tenter_net::{Server, TcpListener, TcpStream};
use tenter_runtime::spawn;

use crate::common::{each, on_each};

/// Runs the named test again in a process of its own, where it does its `inner` half.
fn in_child(test: &str, inner: fn()) {
    const INNER: &str = "TENTER_TEST_INNER";
    if env::var(INNER).as_deref() == Ok(test) {
        return inner();
    }
    let output = Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(INNER, test)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
}

async fn connected(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

async fn echoed(one: &mut TcpStream, other: &mut TcpStream) {
    one.write_all(b"ping").await.unwrap();
    let mut heard = [0; 4];
    other.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"ping");
}

/// Writes until the peer's absence shows.
async fn write_error(stream: &mut TcpStream, vectored: bool) -> io::ErrorKind {
    loop {
        let written = if vectored {
            stream.write_vectored(&[IoSlice::new(b"to "), IoSlice::new(b"nobody")]).await
        } else {
            stream.write(b"to nobody").await
        };
        match written {
            Ok(_) => Timer::after(Duration::from_millis(1)).await,
            Err(error) => return error.kind(),
        };
    }
}

#[test]
fn a_closed_peer_is_an_error_and_no_signal() {
    in_child("a_closed_peer_is_an_error_and_no_signal", || {
        // SAFETY: sets what every C program starts with; no handler of ours is involved.
        let before = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        assert_ne!(before, libc::SIG_ERR);
        each(|| async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            for vectored in [false, true] {
                let (mut client, server) = connected(&listener).await;
                drop(server);
                // The first says that the connection was reset, the second that the pipe is broken.
                for _ in 0..2 {
                    let kind = write_error(&mut client, vectored).await;
                    assert!(matches!(kind, io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset), "{kind}");
                }
            }
        });
    });
}

#[test]
fn a_closed_peer_of_a_unix_stream_is_an_error_and_no_signal() {
    in_child("a_closed_peer_of_a_unix_stream_is_an_error_and_no_signal", || {
        // SAFETY: as above.
        let before = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        assert_ne!(before, libc::SIG_ERR);
        each(|| async {
            let (mut a, b) = UnixStream::pair().unwrap();
            drop(b);
            assert_eq!(a.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
            let both = [IoSlice::new(b"x"), IoSlice::new(b"y")];
            assert_eq!(a.write_vectored(&both).await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        });
    });
}

/// Takes all file descriptors that are left.
fn take_all_files() -> Vec<File> {
    let mut taken = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
                return taken;
            }
        }
    }
}

fn limit_files() {
    limit_files_to(160);
}

fn limit_files_to(most: u64) {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum }).unwrap();
}

#[test]
fn without_file_descriptors_accept_is_an_error_and_all_else_goes_on() {
    in_child("without_file_descriptors_accept_is_an_error_and_all_else_goes_on", || {
        limit_files();
        each(|| async {
            const WAITING: usize = 3;
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (mut one, mut other) = connected(&listener).await;
            let mut clients = Vec::new();
            for _ in 0..WAITING {
                clients.push(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
            }
            let taken = take_all_files();
            for _ in 0..3 {
                let error = listener.accept().await.unwrap_err();
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
                let error = listener.incoming().next().await.unwrap().unwrap_err();
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
                echoed(&mut one, &mut other).await;
                Timer::after(Duration::from_millis(1)).await;
            }
            let error = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
            drop(taken);
            for _ in 0..WAITING {
                let (mut server, from) = listener.accept().await.unwrap();
                let client = clients.iter_mut().find(|client| client.local_addr().unwrap() == from).unwrap();
                echoed(client, &mut server).await;
            }
        });
    });
}

#[test]
fn a_server_that_pauses_after_such_an_error_sleeps_meanwhile_and_recovers() {
    in_child("a_server_that_pauses_after_such_an_error_sleeps_meanwhile_and_recovers", || {
        limit_files();
        each(|| async {
            const PAUSE: Duration = Duration::from_millis(4);
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let taken = take_all_files();
            let start = Instant::now();
            let polls = Arc::new(AtomicUsize::new(0));
            let count = polls.clone();
            let serving = spawn(async move {
                let mut accepting = Box::pin(async {
                    loop {
                        match listener.accept().await {
                            Ok((stream, _)) => return stream,
                            Err(_) => Timer::after(PAUSE).await,
                        };
                    }
                });
                future::poll_fn(|cx| {
                    count.fetch_add(1, SeqCst);
                    accepting.as_mut().poll(cx)
                })
                .await
            });
            Timer::after(Duration::from_millis(30)).await;
            while polls.load(SeqCst) == 0 {
                Timer::after(PAUSE).await;
            }
            let (polls, pauses) = (polls.load(SeqCst), start.elapsed().as_millis() / PAUSE.as_millis());
            // One poll for each pause, and now and then one for nothing.
            assert!(polls as u128 <= 2 * pauses + 4, "{polls} polls in {pauses} pauses");
            drop(taken);
            let mut server = time::timeout(Duration::from_secs(60), serving).await.expect("it recovers");
            echoed(&mut client, &mut server).await;
        });
    });
}

#[test]
fn a_server_without_file_descriptors_waits_serves_whom_it_has_and_recovers() {
    in_child("a_server_without_file_descriptors_waits_serves_whom_it_has_and_recovers", || {
        limit_files_to(64);
        on_each(|runtime| {
            runtime.block_on(async {
                let errors = Arc::new(AtomicUsize::new(0));
                let counted = errors.clone();
                let server = Server::bind("127.0.0.1:0").await.unwrap();
                let server = server.on_accept_error(move |error| {
                    assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
                    counted.fetch_add(1, SeqCst);
                });
                let server = server.serve(|mut stream, _| async move {
                    let _ = futures_lite::io::copy(stream.clone(), &mut stream).await;
                });
                let mut served = TcpStream::connect(server.local_addr()).await.unwrap();
                let mut heard = [0; 4];
                served.write_all(b"ping").await.unwrap();
                served.read_exact(&mut heard).await.unwrap();

                // These have their sockets already, so it is the server that has none for them.
                let sockets =
                    [(); 2].map(|()| socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None));
                let taken = take_all_files();
                let start = Instant::now();
                let clients = sockets.map(|socket| {
                    let socket = socket.unwrap();
                    socket.connect(&server.local_addr().into()).unwrap();
                    std::net::TcpStream::from(socket)
                });
                while errors.load(SeqCst) < 2 {
                    Timer::after(Duration::from_millis(5)).await;
                    served.write_all(b"ping").await.unwrap();
                    served.read_exact(&mut heard).await.unwrap();
                }
                // A pause of 100 ms is never shorter.
                let (errors, elapsed) = (errors.load(SeqCst), start.elapsed());
                assert!(elapsed.as_millis() >= 100 * (errors as u128 - 1), "{errors} errors in {elapsed:?}");
                drop(taken);
                for client in clients {
                    let mut client = TcpStream::try_from(client).unwrap();
                    client.write_all(b"ping").await.unwrap();
                    client.read_exact(&mut heard).await.unwrap();
                }
            });
        });
    });
}

#[cfg(target_os = "linux")]
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[cfg(target_os = "linux")]
#[test]
fn connections_that_are_given_up_on_leave_no_file_open() {
    use futures_lite::future::poll_once;
    use socket2::{Domain, Socket, Type};
    in_child("connections_that_are_given_up_on_leave_no_file_open", || {
        each(|| async {
            // One that has no room, so that attempts hang.
            let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            full.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
            full.listen(0).unwrap();
            let addr = full.local_addr().unwrap().as_socket().unwrap();
            let (mut held, mut hung) = (Vec::new(), 0);
            // One may hang because this thread has no processor; two do not.
            while hung < 2 {
                match time::timeout(Duration::from_millis(20), TcpStream::connect(addr)).await {
                    Ok(stream) => (hung, _) = (0, held.push(stream.unwrap())),
                    Err(_) => hung += 1,
                }
            }
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let before = open_files();
            for _ in 0..50 {
                assert!(poll_once(TcpStream::connect(addr)).await.is_none());
                assert!(poll_once(listener.accept()).await.is_none());
                // A connection that nobody takes, and one whose taker is gone.
                drop(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
                drop(listener.accept().await.unwrap());
            }
            assert_eq!(open_files(), before);
        });
    });
}
