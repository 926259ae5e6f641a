//! What can go on goes on, whatever a thread of the program blocks on.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use tenter::io::{AsyncReadExt, AsyncWriteExt};
use tenter::net::TcpListener;
use tenter::{Async, Backend, Builder, Runtime, Timer, block_on, spawn};
use tenter_tests::{MINUTE, backends, begun_timer, everywhere, pair, within};

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

/// Answers each connection's byte.
async fn serve(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        stream.write_all(&byte).await.unwrap();
    }
}

/// Asks such a server without tenter, blocking.
fn ask(addr: SocketAddr) {
    let mut client = std::net::TcpStream::connect(addr).unwrap();
    client.write_all(b"x").unwrap();
    let mut byte = [0];
    client.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"x");
}

#[test]
fn a_main_future_that_blocks_after_a_sleep_must_not_strand_the_server_it_waits_for() {
    within(MINUTE, || {
        for backend in backends() {
            let runtime = Builder::new_multi_thread().worker_threads(2).reactor(backend).build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
                let addr = listener.local_addr().unwrap();
                spawn(serve(listener)).detach();
                for _ in 0..5 {
                    // Whoever drives now must not take the driver along.
                    Timer::after(Duration::from_millis(5)).await;
                    ask(addr);
                }
            });
        }
    });
}

#[test]
fn a_main_future_that_drove_must_pass_driving_on_to_a_worker_that_went_to_sleep_meanwhile() {
    within(MINUTE, || {
        for backend in backends() {
            let runtime = Builder::new_multi_thread().worker_threads(2).reactor(backend).build().unwrap();
            let handle = runtime.handle().clone();
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
                let addr = listener.local_addr().unwrap();
                let foreign = thread::spawn(move || {
                    // By now the main thread drives; the worker that is started for this has to sleep elsewhere.
                    thread::sleep(Duration::from_millis(50));
                    handle.spawn(serve(listener)).detach();
                });
                Timer::after(Duration::from_millis(150)).await;
                foreign.join().unwrap();
                ask(addr);
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
            futures_lite::future::block_on(begun_timer(&runtime, Duration::from_millis(30)));
        }
    });
}

#[test]
fn a_timer_of_the_left_main_future_fires_although_the_driver_slept_already() {
    within(MINUTE, || {
        for backend in backends() {
            let runtime = Builder::new_multi_thread().worker_threads(1).reactor(backend).build().unwrap();
            let far = runtime.spawn(async { Timer::after(Duration::from_secs(3600)).await });
            // By then the worker sleeps in the driver until that timer.
            thread::sleep(Duration::from_millis(50));
            futures_lite::future::block_on(begun_timer(&runtime, Duration::from_millis(30)));
            drop(far);
        }
    });
}

/// Runtimes with workers, none of which has been started; one without drives inside `block_on` alone.
fn everywhere_with_workers(test: impl Fn()) {
    everywhere(|runtime| {
        if runtime.worker_threads() > 0 {
            runtime.enter(&test);
        }
    });
}

#[test]
fn a_timer_that_a_foreign_executor_waits_for_fires() {
    within(MINUTE, || {
        everywhere_with_workers(|| {
            futures_lite::future::block_on(Timer::after(Duration::from_millis(5)));
        });
    });
}

#[test]
fn a_socket_that_a_foreign_executor_waits_for_is_watched() {
    within(MINUTE, || {
        everywhere_with_workers(|| {
            let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let addr = listener.local_addr().unwrap();
            let listener = Async::new(listener).unwrap();
            let client = thread::spawn(move || {
                thread::sleep(Duration::from_millis(20));
                let mut client = std::net::TcpStream::connect(addr).unwrap();
                thread::sleep(Duration::from_millis(5));
                client.write_all(b"late").unwrap();
            });
            futures_lite::future::block_on(async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut text = String::new();
                stream.read_to_string(&mut text).await.unwrap();
                assert_eq!(text, "late");
            });
            client.join().unwrap();
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

/// A runtime whose workers have all just been used, and have gone to sleep.
fn warm(backend: Backend, workers: usize) -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(workers).reactor(backend).build().unwrap();
    let all = Arc::new(Barrier::new(workers));
    let tasks: Vec<_> = (0..workers)
        .map(|_| {
            let all = all.clone();
            runtime.spawn(async move {
                // Each blocks a worker until the last one is there.
                all.wait();
                Timer::after(Duration::from_millis(5)).await;
            })
        })
        .collect();
    for task in tasks {
        futures_lite::future::block_on(task);
    }
    thread::sleep(Duration::from_millis(20));
    runtime
}

#[test]
fn a_long_poll_must_not_hold_the_task_it_spawned_hostage() {
    within(MINUTE, || {
        for backend in backends() {
            let runtime = warm(backend, 2);
            for _ in 0..10 {
                let task = runtime.spawn(async {
                    // Whoever polls this then comes from the driver, and nobody else was told of anything.
                    Timer::after(Duration::from_millis(10)).await;
                    let (send, receive) = mpsc::channel();
                    // Goes to this worker's LIFO slot, which is announced to nobody.
                    spawn(async move { send.send(5).unwrap() }).detach();
                    receive.recv().unwrap()
                });
                assert_eq!(futures_lite::future::block_on(task), 5);
            }
        }
    });
}

#[test]
fn a_long_poll_must_not_hold_input_hostage() {
    within(MINUTE, || {
        for backend in backends() {
            for pause in [0, 1500] {
                let runtime = warm(backend, 2);
                let (first, mut wakes_first) = pair().unwrap();
                let (second, mut wakes_second) = pair().unwrap();
                let (first, second) = runtime.enter(|| (Async::new(first).unwrap(), Async::new(second).unwrap()));
                let (send, receive) = mpsc::channel();
                let reader = runtime.spawn(async move {
                    second.readable().await.unwrap();
                    send.send(()).unwrap();
                });
                let blocker = runtime.spawn(async move {
                    first.readable().await.unwrap();
                    // Whoever polls this has come from the driver, and does not go back.
                    receive.recv().unwrap();
                });
                // Also after the watch has gone to sleep for good.
                thread::sleep(Duration::from_millis(30 + pause));
                wakes_first.write_all(b"x").unwrap();
                thread::sleep(Duration::from_millis(30));
                wakes_second.write_all(b"x").unwrap();
                futures_lite::future::block_on(async { (reader.await, blocker.await) });
            }
        }
    });
}

#[test]
fn a_long_poll_must_not_hold_timers_of_its_worker_hostage() {
    within(MINUTE, || {
        for backend in backends() {
            for workers in [2, 3] {
                let runtime = warm(backend, workers);
                for _ in 0..10 {
                    let task = runtime.spawn(async {
                        let (send, receive) = mpsc::channel();
                        let mut timer = Timer::after(Duration::from_millis(10));
                        // Entered in this worker's wheel; whoever sleeps in the driver by now does not know of it.
                        while tenter::future::poll_once(&mut timer).await.is_some() {
                            timer.set_after(Duration::from_millis(10));
                        }
                        spawn(async move {
                            timer.await;
                            send.send(()).unwrap();
                        })
                        .detach();
                        receive.recv().unwrap();
                    });
                    futures_lite::future::block_on(task);
                    thread::sleep(Duration::from_millis(5));
                }
            }
        }
    });
}

#[test]
fn a_main_future_that_runs_no_tasks_must_not_wait_for_a_long_poll() {
    within(MINUTE, || {
        for backend in backends() {
            let builder = Builder::new_multi_thread().worker_threads(2).reactor(backend).block_on_runs_tasks(false);
            let runtime = builder.build().unwrap();
            for _ in 0..10 {
                let (release, released) = mpsc::channel();
                runtime.block_on(async {
                    let task = spawn(async move { released.recv().unwrap() });
                    // On this thread the task would never end: only what comes after this ends it.
                    for _ in 0..5 {
                        Timer::after(Duration::from_millis(1)).await;
                    }
                    release.send(5).unwrap();
                    assert_eq!(task.await, 5);
                });
            }
        }
    });
}

/// Its future would be told to give way for ever, as no poll of the task can begin.
#[test]
fn a_block_on_within_a_task_must_not_wait_for_the_tasks_budget() {
    within(MINUTE, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).chaos(None).build().unwrap();
        let (sender, receiver) = tenter::channel::unbounded();
        (0..200).for_each(|i| sender.try_send(i).unwrap());
        let last = runtime.block_on(runtime.spawn(async move {
            for _ in 0..128 {
                receiver.recv().await.unwrap();
            }
            tenter::block_on(receiver.recv()).unwrap()
        }));
        assert_eq!(last, 128);
    });
}
