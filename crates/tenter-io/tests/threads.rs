//! Who drives when the one who waits does not: foreign threads, sleeping workers, runtimes without threads.

mod common;

use std::future::Future;
use std::io::{Read, Write};
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};
use std::{env, thread};

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use tenter_io::{Async, Timer, time};
use tenter_runtime::{Backend, Builder, spawn};

use crate::common::{not_yet, on_each, on_each_multi_thread, watched};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Runs the named test in a process of its own for every reactor, with its `inner` half; the outer half is the caller.
fn in_child_of_each(test: &str, inner: fn()) {
    const INNER: &str = "TENTER_TEST_INNER";
    if env::var(INNER).as_deref() == Ok(test) {
        return watched(test, inner);
    }
    for backend in Backend::compiled_in() {
        let output = Command::new(env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(INNER, test)
            .env("TENTER_REACTOR", backend.name())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "on {backend}: {output:?}");
    }
}

#[test]
fn the_default_runtime_drives_what_another_executor_polls() {
    in_child_of_each("the_default_runtime_drives_what_another_executor_polls", || {
        let name = env::var("TENTER_REACTOR").unwrap();
        future::block_on(async {
            let start = Instant::now();
            Timer::after(ms(5)).await;
            assert!(start.elapsed() >= ms(5));

            let (a, b) = common::pair().unwrap();
            let (mut a, mut b) = (Async::new(a).unwrap(), Async::new(b).unwrap());
            assert_eq!(a.handle().reactor_name(), name);
            let echo = async {
                let mut buf = [0; 5];
                a.read_exact(&mut buf).await?;
                a.write_all(&buf).await
            };
            let ask = async {
                Timer::after(ms(2)).await;
                b.write_all(b"hello").await?;
                let mut buf = [0; 5];
                b.read_exact(&mut buf).await?;
                assert_eq!(&buf, b"hello");
                std::io::Result::Ok(())
            };
            let (one, other) = future::zip(echo, ask).await;
            one.and(other).unwrap();
            assert!(time::timeout(ms(3), a.readable()).await.is_err());
        });
        // From a second thread, while the workers sleep.
        thread::sleep(ms(20));
        thread::spawn(|| future::block_on(Timer::after(ms(3)))).join().unwrap();
    });
}

#[test]
fn timers_of_foreign_threads_fire_although_the_driver_sleeps_longer() {
    on_each_multi_thread(|runtime| {
        let handle = runtime.handle().clone();
        // The driver's thread has a far deadline in mind.
        let far = runtime.spawn(Timer::after(Duration::from_secs(3600)));
        runtime.block_on(Timer::after(ms(1)));
        thread::sleep(ms(5));
        let threads: Vec<_> = (1..5)
            .map(|i| {
                let handle = handle.clone();
                thread::spawn(move || {
                    let start = Instant::now();
                    let timer = handle.enter(|| Timer::after(ms(10 - i)));
                    future::block_on(timer);
                    assert!(start.elapsed() >= ms(10 - i));
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        drop(far);
    });
}

#[test]
fn a_registration_from_outside_starts_a_worker() {
    on_each_multi_thread(|runtime| {
        // Nothing was ever spawned or blocked on here.
        let (a, mut b) = common::pair().unwrap();
        let a = runtime.enter(|| Async::new(a)).unwrap();
        let waiting = thread::spawn(move || future::block_on(async move { a.readable().await }));
        thread::sleep(ms(5));
        b.write_all(b"x").unwrap();
        waiting.join().unwrap().unwrap();
        // And a second one, when the worker sleeps.
        thread::sleep(ms(20));
        let timer = runtime.enter(|| Timer::after(ms(2)));
        future::block_on(timer);
    });
}

#[test]
fn what_block_on_registers_first_is_driven_by_a_worker_that_slept_without_a_driver() {
    on_each_multi_thread(|runtime| {
        let handle = runtime.handle().clone();
        runtime.block_on(async move { handle.spawn(async {}).await });
        thread::spawn({
            let handle = runtime.handle().clone();
            move || future::block_on(handle.spawn(async {}))
        })
        .join()
        .unwrap();
        // Longer than the watch ticks: nobody looks after anything any more, and nothing is registered.
        thread::sleep(ms(1300));
        let (a, mut b) = common::pair().unwrap();
        let writer = thread::spawn(move || {
            thread::sleep(ms(5));
            b.write_all(b"x").unwrap();
            b
        });
        runtime.block_on(async { Async::new(a).unwrap().readable().await.unwrap() });
        writer.join().unwrap();
    });
}

#[test]
fn what_a_task_registered_is_driven_after_block_on_has_returned() {
    on_each_multi_thread(|runtime| {
        let (a, mut b) = common::pair().unwrap();
        let (told, heard) = channel();
        let mut task = None;
        runtime.block_on(async {
            let a = Async::new(a).unwrap();
            task = Some(spawn(async move {
                a.readable().await.unwrap();
                told.send(()).unwrap();
                Timer::after(ms(2)).await;
                told.send(()).unwrap();
            }));
            Timer::after(ms(2)).await;
        });
        // No thread of this test is in the runtime any more.
        b.write_all(b"x").unwrap();
        heard.recv().unwrap();
        heard.recv().unwrap();
        runtime.block_on(task.unwrap());
    });
}

#[test]
fn what_block_on_registered_for_someone_else_is_driven_after_it_has_returned() {
    struct Tell(Sender<()>);
    impl Wake for Tell {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(());
        }
    }
    on_each_multi_thread(|runtime| {
        let (told, heard) = channel();
        let waker = Waker::from(Arc::new(Tell(told)));
        let (a, mut b) = common::pair().unwrap();
        let (timer, reader) = runtime.block_on(async {
            let mut cx = Context::from_waker(&waker);
            let timer = loop {
                let mut timer = Timer::after(ms(3));
                if Pin::new(&mut timer).poll(&mut cx).is_pending() {
                    break timer;
                }
            };
            let mut reader = Arc::new(Async::new(a).unwrap()).readable_owned();
            assert!(Pin::new(&mut reader).poll(&mut cx).is_pending());
            (timer, reader)
        });
        // Nothing was spawned, so until now there is no other thread.
        heard.recv().unwrap();
        b.write_all(b"x").unwrap();
        heard.recv().unwrap();
        drop((timer, reader));
    });
}

#[test]
fn block_on_without_a_spawn_starts_no_thread() {
    for &backend in Backend::compiled_in() {
        watched(backend.name(), move || {
            let started = Arc::new(AtomicUsize::new(0));
            let count = started.clone();
            let builder = Builder::new_multi_thread().worker_threads(2).reactor(backend);
            let runtime = builder.on_thread_start(move || _ = count.fetch_add(1, SeqCst)).build().unwrap();
            for _ in 0..3 {
                runtime.block_on(async {
                    Timer::after(ms(2)).await;
                    let (a, b) = common::pair().unwrap();
                    let (mut a, mut b) = (Async::new(a).unwrap(), Async::new(b).unwrap());
                    let writing = async {
                        Timer::after(ms(1)).await;
                        b.write_all(b"x").await
                    };
                    let mut byte = [0];
                    let (read, written) = future::zip(a.read_exact(&mut byte), writing).await;
                    read.and(written).unwrap();
                    assert!(time::timeout(ms(1), a.readable()).await.is_err());
                });
            }
            assert_eq!(started.load(SeqCst), 0, "worker threads");
            runtime.block_on(runtime.spawn(async {}));
            assert!(started.load(SeqCst) <= 2);
        });
    }
}

#[test]
fn several_block_ons_at_a_time_all_get_their_events() {
    on_each(|runtime| {
        thread::scope(|scope| {
            for i in 0..4_u64 {
                scope.spawn(move || {
                    runtime.block_on(async {
                        let (a, b) = common::pair().unwrap();
                        let (mut a, mut b) = (Async::new(a).unwrap(), Async::new(b).unwrap());
                        for n in 0..10 {
                            Timer::after(ms(1 + (i + n) % 3)).await;
                            b.write_all(&[n as u8]).await.unwrap();
                            let mut byte = [0];
                            a.read_exact(&mut byte).await.unwrap();
                            assert_eq!(byte, [n as u8]);
                        }
                    });
                });
            }
        });
    });
}

#[test]
fn a_nested_block_on_gets_its_events() {
    on_each(|runtime| {
        let handle = runtime.handle().clone();
        let nested = move || {
            let (a, b) = common::pair().unwrap();
            handle.block_on(async {
                let a = Async::new(a).unwrap();
                let task = spawn(async move { a.read_with(|mut io| io.read(&mut [0; 4])).await });
                Timer::after(ms(2)).await;
                (&mut &b).write_all(b"x").unwrap();
                assert_eq!(task.await.unwrap(), 1);
            });
        };
        let inner = nested.clone();
        runtime.block_on(async move { inner() });
        let inner = nested.clone();
        runtime.block_on(runtime.spawn(async move { inner() }));
        // As many as there are workers, so that none is left over.
        let tasks: Vec<_> = (0..2).map(|_| nested.clone()).map(|inner| runtime.spawn(async move { inner() })).collect();
        for task in tasks {
            runtime.block_on(task);
        }
    });
}

#[test]
fn a_task_of_one_runtime_waits_for_sources_and_timers_of_a_sleeping_other() {
    for &backend in Backend::compiled_in() {
        watched(backend.name(), move || {
            let build = || Builder::new_multi_thread().worker_threads(1).reactor(backend).build().unwrap();
            let (one, two) = (build(), build());
            for _ in 0..20 {
                let (a, b) = common::pair().unwrap();
                let a = two.enter(|| Async::new(a)).unwrap();
                let timer = two.enter(|| Timer::after(ms(1)));
                let task = one.spawn(async move {
                    timer.await;
                    a.read_with(|mut io| io.read(&mut [0; 4])).await
                });
                one.block_on(async {
                    Timer::after(ms(2)).await;
                    (&mut &b).write_all(b"x").unwrap();
                    assert_eq!(task.await.unwrap(), 1);
                });
            }
        });
    }
}

#[test]
fn sources_and_timers_may_outlive_their_runtime() {
    on_each(|runtime| {
        let backend = runtime.reactor_name().parse().unwrap();
        let other = Builder::new_multi_thread().worker_threads(1).reactor(backend).build().unwrap();
        let (a, mut b) = common::pair().unwrap();
        let a = other.enter(|| Async::new(a)).unwrap();
        let mut timer = other.block_on(not_yet(|| Timer::after(ms(1))));
        drop(other);
        timer.set_after(Duration::from_secs(3600));
        drop(timer);
        b.write_all(b"still open").unwrap();
        let mut a = a.into_inner().unwrap();
        assert_eq!(a.read(&mut [0; 32]).unwrap(), 10);
        runtime.block_on(async { Async::new(a).unwrap().writable().await }).unwrap();
    });
}

/// How often threads with such a name went to sleep so far, each by its number; the kernel's count.
#[cfg(target_os = "linux")]
fn sleeps(name: &str) -> Vec<(String, String)> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let statuses = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("status")).ok());
    let field = |status: &str, name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
    };
    let ours = statuses.filter(|status| field(status, "Name:").starts_with(name));
    let mut counts: Vec<_> =
        ours.map(|status| (field(&status, "Pid:"), field(&status, "voluntary_ctxt_switches:"))).collect();
    counts.sort();
    counts
}

#[cfg(target_os = "linux")]
#[test]
fn workers_sleep_while_nothing_happens_whatever_is_ready_that_nobody_waits_for() {
    for &backend in Backend::compiled_in() {
        watched(backend.name(), move || {
            let name = format!("still-{backend}");
            let builder = Builder::new_multi_thread().worker_threads(2).thread_name(&name).reactor(backend);
            let runtime = builder.build().unwrap();
            let waiting = runtime.block_on(runtime.spawn(async {
                let pair = || common::pair().map(|(a, b)| (Async::new(a).unwrap(), b)).unwrap();
                let (unread, mut writer) = pair();
                writer.write_all(b"nobody reads this").unwrap();
                unread.readable().await.unwrap();
                let (hung_up, other) = pair();
                drop(other);
                hung_up.readable().await.unwrap();
                let (quiet, other) = pair();
                let far = spawn(Timer::after(Duration::from_secs(3600)));
                let reader = spawn(async move { quiet.readable().await });
                Timer::after(ms(1)).await;
                (unread, writer, hung_up, other, far, reader)
            }));
            // For a second after the last poll one of them looks now and then whether another is inside one.
            thread::sleep(ms(1200));
            let mut before = sleeps(&name);
            assert!(!before.is_empty(), "there are workers");
            // They may have been about to settle; once they have, they stay where they are.
            let settled = (0..20).any(|_| {
                thread::sleep(ms(30));
                let now = sleeps(&name);
                std::mem::replace(&mut before, now.clone()) == now
            });
            assert!(settled, "they wake again and again: {before:?}");
            drop(waiting);
        });
    }
}
