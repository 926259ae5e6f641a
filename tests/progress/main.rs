//! What can go on goes on, whatever a thread of the program blocks on.

use std::io::{Read, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tenter::io::{AsyncReadExt, AsyncWriteExt};
use tenter::net::TcpListener;
use tenter::{Builder, Timer, block_on, spawn};
use tenter_tests::{MINUTE, backends, everywhere, within};

#[test]
fn a_main_future_that_blocks_on_a_task_it_spawned_must_not_hang() {
    within(MINUTE, || {
        for _ in 0..20 {
            let (send, receive) = mpsc::channel();
            block_on(async move {
                spawn(async move { send.send(7).unwrap() }).detach();
                assert_eq!(receive.recv(), Ok(7));
            });
        }
    });
}

#[test]
fn a_main_future_that_blocks_after_a_sleep_must_not_strand_the_server_it_waits_for() {
    within(MINUTE, || {
        for backend in backends() {
            let runtime = Builder::new_multi_thread().worker_threads(2).reactor(backend).build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
                let addr = listener.local_addr().unwrap();
                spawn(async move {
                    while let Ok((mut stream, _)) = listener.accept().await {
                        let mut byte = [0];
                        stream.read_exact(&mut byte).await.unwrap();
                        stream.write_all(&byte).await.unwrap();
                    }
                })
                .detach();
                for _ in 0..5 {
                    // Whoever drives now must not take the driver along.
                    Timer::after(Duration::from_millis(5)).await;
                    let mut client = std::net::TcpStream::connect(addr).unwrap();
                    client.write_all(b"x").unwrap();
                    let mut byte = [0];
                    client.read_exact(&mut byte).unwrap();
                    assert_eq!(&byte, b"x");
                }
            });
        }
    });
}

#[test]
fn tasks_go_on_after_block_on_has_been_left() {
    within(MINUTE, || {
        for backend in backends() {
            let runtime = Builder::new_multi_thread().worker_threads(2).reactor(backend).build().unwrap();
            let (send, receive) = mpsc::channel();
            runtime.block_on(async {
                spawn(async move {
                    Timer::after(Duration::from_millis(20)).await;
                    send.send(()).unwrap();
                })
                .detach();
            });
            receive.recv().unwrap();
        }
    });
}

#[test]
fn a_timer_of_the_left_main_future_still_fires() {
    within(MINUTE, || {
        for backend in backends() {
            let runtime = Builder::new_multi_thread().worker_threads(2).reactor(backend).build().unwrap();
            let mut timer = runtime.enter(|| Timer::after(Duration::from_millis(30)));
            runtime.block_on(async {
                assert!(tenter::future::poll_once(&mut timer).await.is_none());
            });
            futures_lite::future::block_on(timer);
        }
    });
}

#[test]
fn timers_and_sockets_work_from_a_foreign_executor() {
    within(MINUTE, || {
        everywhere(|runtime| {
            if runtime.worker_threads() == 0 {
                return; // drives inside `block_on` alone: documented
            }
            runtime.enter(|| {
                futures_lite::future::block_on(async {
                    Timer::after(Duration::from_millis(5)).await;
                    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
                    let addr = listener.local_addr().unwrap();
                    let client = thread::spawn(move || {
                        let mut client = std::net::TcpStream::connect(addr).unwrap();
                        thread::sleep(Duration::from_millis(5));
                        client.write_all(b"late").unwrap();
                    });
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let mut text = String::new();
                    stream.read_to_string(&mut text).await.unwrap();
                    assert_eq!(text, "late");
                    client.join().unwrap();
                });
            });
        });
    });
}

#[test]
fn nested_block_on_goes_on() {
    within(MINUTE, || {
        everywhere(|runtime| {
            let handle = runtime.handle().clone();
            let value = runtime.block_on(runtime.spawn(async move {
                let inner = handle.clone();
                let sibling = handle.spawn(async move {
                    Timer::after(Duration::from_millis(2)).await;
                    inner.block_on(async {
                        Timer::after(Duration::from_millis(2)).await;
                        4
                    })
                });
                handle.block_on(sibling)
            }));
            assert_eq!(value, 4);
        });
    });
}
