//! What goes wrong in a reactor is an error where it belongs, or nothing at all, and never a hang.
#![cfg(unix)]

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use tenter::io::{AsyncReadExt, AsyncWriteExt};
use tenter::net::{TcpListener, TcpStream};
use tenter::reactor::Reactor;
use tenter::reactor::faulty::{Faults, Faulty, When};
use tenter::reactor::shadow::{Findings, Shadow};
use tenter::time::sleep;
use tenter::{Async, Backend, Builder, Runtime};
use tenter_tests::{MINUTE, backends, builders, within};

/// What a system says that has no descriptor, no memory, no room left, or does not like the one it is given: EPERM,
/// EBADF, ENOMEM, EEXIST, ENFILE, EMFILE, ENOSPC.
const ERRNOS: [i32; 7] = [1, 9, 12, 17, 23, 24, 28];

/// How late a report may be on a crowded machine before a shadow calls it missed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A runtime with one worker on `backend` with these faults.
fn runtime(backend: Backend, faults: Faults) -> (Runtime, Arc<Faulty>) {
    let reactor = Faulty::new(backend.make().unwrap(), faults);
    let given = reactor.clone();
    let builder = Builder::new_multi_thread().worker_threads(1).faulty(None);
    (builder.reactor_with(move |_| Ok(given.clone())).build().unwrap(), reactor)
}

/// Sends some bytes to an echo server, and itself closes when it has them back.
async fn exchange(bytes: usize) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let mut near = TcpStream::connect(listener.local_addr()?).await?;
    let echo = tenter::spawn(async move {
        let (mut far, _) = listener.accept().await?;
        let mut all = vec![0; bytes];
        far.read_exact(&mut all).await?;
        far.write_all(&all).await
    });
    let sent: Vec<u8> = (0..bytes).map(|i| i as u8).collect();
    let mut writer = near.clone();
    let body = sent.clone();
    let write = tenter::spawn(async move { writer.write_all(&body).await });
    let mut received = vec![0; bytes];
    let read = near.read_exact(&mut received).await;
    // Whoever failed first is the cause; the others find the connection closed.
    drop(near);
    write.cancel().await.transpose()?;
    match (echo.await, read) {
        (Err(error), _) if error.raw_os_error().is_some() => Err(error),
        (_, Err(error)) | (Err(error), _) => Err(error),
        _ => {
            assert_eq!(received, sent);
            Ok(())
        }
    }
}

#[test]
fn a_refused_registration_is_an_error_of_that_source_alone() {
    within(MINUTE, || {
        for backend in backends() {
            for (nth, errno) in (1..).zip(ERRNOS.into_iter().cycle()).take(14) {
                let error = move || io::Error::from_raw_os_error(errno);
                let (runtime, reactor) = runtime(backend, Faults::none(1).refuse(When::Nth(nth), error));
                let mut failures = Vec::new();
                // A socket that nobody has to wait for is not registered, so how many exchanges it takes is not known.
                for _ in 0..100 {
                    failures.extend(runtime.block_on(runtime.spawn(exchange(1000))).err());
                    if reactor.tally().refused > 0 {
                        break;
                    }
                }
                failures.extend(runtime.block_on(runtime.spawn(exchange(1000))).err());
                assert_eq!(reactor.tally().refused, 1, "{backend}: registration {nth}");
                // It may have met a side whose peer was done with it, which nobody asks any more.
                assert!(failures.len() <= 1, "{backend}: registration {nth} alone is refused: {failures:?}");
            }
        }
    });
}

#[test]
fn a_refused_source_says_why() {
    for backend in backends() {
        for errno in ERRNOS {
            let error = move || io::Error::from_raw_os_error(errno);
            let (runtime, _) = runtime(backend, Faults::none(1).refuse(When::Nth(1), error));
            let (socket, _peer) = tenter_tests::pair().unwrap();
            let again = socket.try_clone().unwrap();
            let refused = runtime.enter(|| Async::new(socket)).unwrap_err();
            assert_eq!(refused.raw_os_error(), Some(errno), "{backend}");
            runtime.enter(|| Async::new(again)).unwrap();
        }
    }
}

#[test]
fn an_arming_that_fails_wakes_who_waits_with_the_error() {
    within(MINUTE, || {
        for backend in backends() {
            let no_memory = || io::Error::from_raw_os_error(12);
            let (runtime, reactor) = runtime(backend, Faults::none(1).fail_arm(When::Nth(2), no_memory));
            runtime.block_on(async {
                let (a, b) = tenter_tests::pair().unwrap();
                let (a, b) = (Arc::new(Async::new(a).unwrap()), Async::new(b).unwrap());
                let waits = Arc::new(AtomicBool::new(false));
                let reading = tenter::spawn({
                    let (a, waits) = (a.clone(), waits.clone());
                    async move {
                        let mut read = pin!(a.read_with(|mut io| io::Read::read(&mut io, &mut [0])));
                        poll_fn(|cx| {
                            let polled = read.as_mut().poll(cx);
                            waits.store(polled.is_pending(), SeqCst);
                            polled
                        })
                        .await
                    }
                });
                // Fill it, so that a writer has to wait too: the second arming, which fails both.
                while !waits.load(SeqCst) {
                    sleep(Duration::from_millis(1)).await;
                }
                let filled = loop {
                    match io::Write::write(&mut a.get_ref(), &[0; 4096]) {
                        Ok(_) => {}
                        Err(error) => break error.kind(),
                    }
                };
                assert_eq!(filled, io::ErrorKind::WouldBlock);
                if reactor.capabilities().trigger == tenter::reactor::Trigger::OneShot {
                    let writing = a.write_with(|mut io| io::Write::write(&mut io, &[0])).await;
                    assert_eq!(writing.unwrap_err().raw_os_error(), Some(12), "{backend}");
                }
                // The reader was woken, tried, and is armed anew.
                io::Write::write(&mut b.get_ref(), b"x").unwrap();
                assert_eq!(reading.await.unwrap(), 1, "{backend}");
            });
        }
    });
}

#[test]
fn a_reactor_whose_waits_fail_now_and_then_goes_on() {
    within(MINUTE, || {
        for backend in backends() {
            let bad = || io::Error::from_raw_os_error(9);
            let (runtime, reactor) = runtime(backend, Faults::none(1).fail_wait(When::Chance(0.3), bad));
            for _ in 0..5 {
                runtime.block_on(runtime.spawn(exchange(20_000))).unwrap();
                runtime.block_on(sleep(Duration::from_millis(1)));
            }
            assert!(reactor.tally().wait_failures > 0, "{backend}");
        }
    });
}

/// The rest of the suite runs with one seed on one reactor at a time (`.ci/run`); here are more seeds.
#[test]
fn every_byte_arrives_whatever_a_reactor_may_do() {
    within(MINUTE, || {
        for backend in backends() {
            for (kind, builder) in builders(backend) {
                for seed in 10..14 {
                    eprintln!("{backend}, {kind}, seed {seed}");
                    let runtime = builder.clone().faulty(seed).build().unwrap();
                    runtime.block_on(async {
                        let tasks: Vec<_> = (0..6).map(|i| tenter::spawn(exchange(30_000 * i))).collect();
                        for task in tasks {
                            task.await.unwrap();
                        }
                    });
                }
            }
        }
    });
}

/// Any two reactors over the same sources, with a runtime on one of them: nothing that one sees is missed by the other.
#[test]
fn every_reactor_reports_what_every_other_one_sees() {
    within(MINUTE, || {
        for primary in backends() {
            for shadow in Backend::working() {
                let findings = Findings::new();
                let book = findings.clone();
                let make = move |_: &_| {
                    let reactor = Shadow::new(primary.make()?, shadow.make()?, PATIENCE, book.clone())?;
                    Ok(reactor as Arc<dyn Reactor>)
                };
                let runtime = Builder::new_multi_thread().worker_threads(1).faulty(None).reactor_with(make).build();
                let runtime = runtime.unwrap();
                for bytes in [1, 300_000] {
                    runtime.block_on(runtime.spawn(exchange(bytes))).unwrap();
                }
                drop(runtime);
                // What another thread has used up meanwhile counts as extra, so that is no fault.
                assert_eq!(findings.missed(), 0, "{primary} beside {shadow}: {:?}", findings.list());
                assert!(findings.looks() > 0);
            }
        }
    });
}

/// The environment is a process's: what `TENTER_FAULTY` does is tried in children, which run the test below.
fn child(seed: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["the_child_reports_its_faults", "--exact", "--nocapture"])
        .env("TENTER_FAULTY", seed)
        .env("TENTER_TESTS_CHILD", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_child_reports_its_faults() {
    if std::env::var_os("TENTER_TESTS_CHILD").is_some() {
        match Runtime::new() {
            Ok(runtime) => println!("report: {}", runtime.reactor_report()),
            Err(error) => println!("error: {error}"),
        }
        let told = Builder::new_current_thread().faulty(None).build().unwrap();
        println!("told: {:?}", told.reactor_report().faulty);
    }
}

#[test]
fn the_environment_gives_faults_and_the_builder_has_the_last_word() {
    let text = child("3");
    assert!(text.contains("with faults of seed 3"), "{text}");
    assert!(text.contains("told: None"), "{text}");
    assert!(!child("").contains("with faults"));
    assert!(child("on").contains("error: TENTER_FAULTY is 'on'"));
}
