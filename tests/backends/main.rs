//! The same program on every reactor, two of them in one process, and the choice of one.

mod files;

use std::process::Command;

use tenter::future;
use tenter::io::{AsyncReadExt, AsyncWriteExt};
use tenter::net::{TcpListener, TcpStream};
use tenter::reactor::ChosenBy;
use tenter::{Async, Backend, BuildError, Builder, Runtime};
use tenter_tests::{MINUTE, backends, everywhere, pair, within};

#[test]
fn every_compiled_in_backend_works_and_says_its_name() {
    assert!(!Backend::compiled_in().is_empty());
    for backend in Backend::compiled_in() {
        let runtime = Builder::new_current_thread().reactor(*backend).build().unwrap();
        assert_eq!(runtime.reactor_name(), backend.name());
        assert_eq!(runtime.reactor_report().chosen_by, ChosenBy::Builder);
    }
    assert_eq!(Backend::working(), Backend::compiled_in());
}

#[test]
fn an_echo_server_serves_many_clients_everywhere() {
    within(MINUTE, || {
        everywhere(|runtime| {
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
                let addr = listener.local_addr().unwrap();
                let server = tenter::spawn(async move {
                    loop {
                        let (mut stream, _) = listener.accept().await.unwrap();
                        tenter::spawn(async move {
                            let mut writer = stream.clone();
                            tenter::io::copy(&mut stream, &mut writer).await.unwrap();
                            writer.close().await.unwrap();
                        })
                        .detach();
                    }
                });
                let clients: Vec<_> = (0..50u8)
                    .map(|i| {
                        tenter::spawn(async move {
                            let mut stream = TcpStream::connect(addr).await.unwrap();
                            let sent = vec![i; 40_000];
                            let mut writer = stream.clone();
                            let body = sent.clone();
                            let write = tenter::spawn(async move {
                                writer.write_all(&body).await.unwrap();
                                writer.close().await.unwrap();
                            });
                            let mut received = Vec::new();
                            stream.read_to_end(&mut received).await.unwrap();
                            write.await;
                            assert_eq!(received, sent);
                        })
                    })
                    .collect();
                for client in clients {
                    client.await;
                }
                server.cancel().await;
            });
        });
    });
}

/// Bytes, several times what a socket holds.
const BULK: usize = 2_000_000;

#[test]
fn two_runtimes_on_two_backends_talk_to_each_other() {
    within(MINUTE, || {
        for left in backends() {
            for right in Backend::working() {
                let left = Builder::new_multi_thread().worker_threads(1).reactor(left).build().unwrap();
                let right = Builder::new_multi_thread().worker_threads(1).reactor(right).build().unwrap();
                let (a, b) = pair().unwrap();
                let a = left.enter(|| Async::new(a)).unwrap();
                let b = right.enter(|| Async::new(b)).unwrap();
                let ping = left.spawn(async move {
                    for i in 0..100u8 {
                        (&a).write_all(&[i]).await.unwrap();
                        let mut back = [0];
                        (&a).read_exact(&mut back).await.unwrap();
                        assert_eq!(back[0], i);
                    }
                    // More than the socket holds, both ways at once: each side waits for the other to read and to write.
                    let (sent, mut received) = (vec![7; BULK], vec![0; BULK]);
                    let (mut writer, mut reader) = (&a, &a);
                    let both = future::zip(writer.write_all(&sent), reader.read_exact(&mut received));
                    assert!(matches!(both.await, (Ok(()), Ok(()))));
                    assert_eq!(received, sent);
                });
                let pong = right.spawn(async move {
                    for _ in 0..100 {
                        let mut byte = [0];
                        (&b).read_exact(&mut byte).await.unwrap();
                        (&b).write_all(&byte).await.unwrap();
                    }
                    let (mut writer, reader) = (&b, &b);
                    tenter::io::copy(reader.take(BULK as u64), &mut writer).await.unwrap();
                });
                left.block_on(ping);
                right.block_on(pong);
            }
        }
    });
}

/// The environment is a process's: what `TENTER_REACTOR` does is tried in children, which run the test below.
fn child(reactor: &str) -> (bool, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["the_child_reports_its_reactor", "--exact", "--nocapture"])
        .env("TENTER_REACTOR", reactor)
        .env("TENTER_TESTS_CHILD", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

#[test]
fn the_child_reports_its_reactor() {
    if std::env::var_os("TENTER_TESTS_CHILD").is_some() {
        match Runtime::new() {
            Ok(runtime) => println!("reactor: {}", runtime.reactor_report()),
            Err(error) => {
                assert!(matches!(error, BuildError::UnknownReactor { .. }));
                println!("error: {error}");
            }
        }
    }
}

#[test]
fn the_environment_chooses_and_a_bad_name_lists_what_there_is() {
    for backend in Backend::compiled_in() {
        let (_, text) = child(backend.name());
        assert!(text.contains(&format!("reactor: {backend} (as TENTER_REACTOR asked)")), "{text}");
    }
    let backends = Backend::compiled_in();
    let list = backends.iter().rev().map(|backend| backend.name()).collect::<Vec<_>>().join(" , ");
    let (_, text) = child(&list);
    let last = backends.last().unwrap();
    assert!(text.contains(&format!("reactor: {last} (as TENTER_REACTOR asked)")), "{list}: {text}");
    let (success, text) = child("epoll,kpoll");
    assert!(success && text.contains("'kpoll' is not compiled in"), "{text}");
    let (success, text) = child("kpoll");
    assert!(success);
    let names: Vec<_> = Backend::compiled_in().iter().map(|backend| backend.name()).collect();
    let list = names.join(", ");
    assert!(text.contains(&format!("'kpoll' is not compiled in; compiled in: {list}; working here: {list}")), "{text}");
    let (_, text) = child("");
    assert!(text.contains("(the best that works here)"), "{text}");
}
