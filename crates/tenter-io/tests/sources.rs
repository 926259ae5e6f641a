//! What can be made asynchronous, and what becomes of it: file descriptors of every kind. On Windows it is sockets alone,
//! which the tests of `tenter-net` try.
#![cfg(unix)]

mod common;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use rustix::pipe::pipe;
use tenter_io::{Async, Timer, time};
use tenter_runtime::{Backend, Builder, spawn};

use crate::common::{Counted, each, on_each, watched};

fn pair() -> io::Result<(Async<UnixStream>, Async<UnixStream>)> {
    let (a, b) = UnixStream::pair()?;
    Ok((Async::new(a)?, Async::new(b)?))
}

#[test]
fn bytes_go_through_a_pipe_that_is_fuller_than_it_holds() {
    each(|| async {
        let (read, write) = pipe().unwrap();
        let (mut read, mut write) = (Async::new(File::from(read)).unwrap(), Async::new(File::from(write)).unwrap());
        // Sixteen times the usual capacity, so that the writer waits too.
        let sent: Vec<u8> = (0..1 << 20).map(|i| (i % 251) as u8).collect();
        let expected = sent.clone();
        let writing = spawn(async move { write.write_all(&sent).await });
        let mut heard = Vec::new();
        read.read_to_end(&mut heard).await.unwrap();
        writing.await.unwrap();
        assert!(heard == expected, "{} of {} bytes, or others", heard.len(), expected.len());
    });
}

#[test]
fn unix_streams_talk_both_ways_and_end_one_half_at_a_time() {
    each(|| async {
        let (mut a, mut b) = pair().unwrap();
        a.write_all(b"ask").await.unwrap();
        a.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
        let mut heard = String::new();
        b.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "ask");
        b.write_all(b"answer").await.unwrap();
        drop(b);
        heard.clear();
        a.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "answer");
    });
}

#[test]
fn short_reads_do_not_hide_what_comes_later_or_the_end() {
    each(|| async {
        let (mut a, b) = pair().unwrap();
        // Data and end are there at once, and perhaps one event.
        b.get_ref().write_all(b"0123456789").unwrap();
        drop(b);
        let mut part = [0; 4];
        for expected in [4, 4, 2, 0, 0] {
            assert_eq!(a.read(&mut part).await.unwrap(), expected);
        }
        let (mut a, b) = pair().unwrap();
        let task = spawn(async move {
            let mut heard = Vec::new();
            let mut part = [0; 64];
            while heard.len() < 30 {
                let n = a.read(&mut part).await.unwrap();
                assert_ne!(n, 0);
                heard.extend_from_slice(&part[..n]);
            }
            heard
        });
        for chunk in [b"0123456789"; 3] {
            b.get_ref().write_all(chunk).unwrap();
            Timer::after(Duration::from_millis(2)).await;
        }
        assert_eq!(task.await, b"0123456789".repeat(3));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn an_eventfd_is_read_when_it_was_signalled() {
    use rustix::event::{EventfdFlags, eventfd};
    each(|| async {
        let event = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
        let signal = event.try_clone().unwrap();
        let event = Async::<OwnedFd>::new(event).unwrap();
        let waiting = spawn(async move {
            let mut count = [0; 8];
            event.read_with(|fd| Ok(rustix::io::read(fd, &mut count)?)).await.unwrap();
            u64::from_ne_bytes(count)
        });
        Timer::after(Duration::from_millis(2)).await;
        rustix::io::write(&signal, &7_u64.to_ne_bytes()).unwrap();
        assert_eq!(waiting.await, 7);
    });
}

#[test]
fn a_regular_file_is_watched_or_refused_with_advice() {
    on_each(|runtime| {
        let file = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
        let made = runtime.enter(|| Async::new(file));
        if ["epoll", "kqueue", "polling"].contains(&runtime.reactor_name()) {
            let error = made.expect_err("these can't watch it");
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
            assert!(error.to_string().contains("blocking pool"), "{error}");
        } else {
            let mut text = String::new();
            runtime.block_on(made.unwrap().read_to_string(&mut text)).unwrap();
            assert!(text.contains("tenter-io"));
        }
    });
}

#[test]
fn into_inner_gives_back_an_object_that_works_and_can_be_watched_again() {
    each(|| async {
        let (mut a, mut b) = pair().unwrap();
        a.write_all(b"1").await.unwrap();
        let mut one = [0; 1];
        b.read_exact(&mut one).await.unwrap();

        let mut plain = b.into_inner().unwrap();
        a.write_all(b"2").await.unwrap();
        plain.set_nonblocking(false).unwrap();
        plain.read_exact(&mut one).unwrap();
        assert_eq!(&one, b"2");
        plain.write_all(b"3").unwrap();
        a.read_exact(&mut one).await.unwrap();
        assert_eq!(&one, b"3");

        // Registered anew, which a reactor that still knew it would refuse.
        let mut b = Async::new(plain).unwrap();
        a.write_all(b"4").await.unwrap();
        b.read_exact(&mut one).await.unwrap();
        assert_eq!(&one, b"4");
    });
}

#[test]
fn a_number_used_again_does_not_inherit_events() {
    each(|| async {
        let (a, b) = pair().unwrap();
        // The duplicate keeps the open file alive, and with it what epoll remembers of a number that is not removed.
        let alive = a.get_ref().try_clone().unwrap();
        drop(a);
        let (a, _b2) = pair().unwrap();
        b.get_ref().write_all(b"for the first").unwrap();
        let waited = time::timeout(Duration::from_millis(20), a.readable()).await;
        assert!(waited.is_err(), "readable for another's bytes");
        drop(alive);
    });
}

#[test]
fn operations_past_the_wrapper_leave_no_busy_loop_behind() {
    each(|| async {
        let (a, b) = pair().unwrap();
        for _ in 0..3 {
            b.get_ref().write_all(b"x").unwrap();
            a.readable().await.unwrap();
            a.get_ref().read_exact(&mut [0]).unwrap();
            let (waiting, polls) = Counted::new(a.readable());
            assert!(time::timeout(Duration::from_millis(30), waiting).await.is_err(), "nothing is there to be read");
            let polls = polls.load(SeqCst);
            // Spurious events are allowed; a busy loop makes thousands.
            assert!(polls <= 20, "{polls} polls for one event");
        }
    });
}

#[test]
fn a_reader_hears_that_its_peer_is_gone_and_so_does_a_writer() {
    each(|| async {
        let (mut a, b) = pair().unwrap();
        let reading = spawn(async move {
            let n = a.read(&mut [0; 8]).await.unwrap();
            (n, a.write(b"x").await)
        });
        Timer::after(Duration::from_millis(2)).await;
        drop(b);
        let (n, written) = reading.await;
        assert_eq!(n, 0);
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    });
}

#[test]
fn two_reactors_in_one_process_talk_and_exchange_tasks_that_hold_sources() {
    let backends = Backend::compiled_in();
    for &first in backends {
        for &second in backends {
            watched(&format!("{first} and {second}"), move || {
                let build = |backend| Builder::new_multi_thread().worker_threads(2).reactor(backend).build().unwrap();
                let (one, two) = (build(first), build(second));
                let (a, b) = UnixStream::pair().unwrap();
                let mut a = one.enter(|| Async::new(a)).unwrap();
                let mut b = two.enter(|| Async::new(b)).unwrap();
                assert_eq!((a.handle().reactor_name(), b.handle().reactor_name()), (first.name(), second.name()));
                // Each is polled by the workers of the other's runtime.
                let echo = one.spawn(async move {
                    let mut buf = [0; 4];
                    for _ in 0..50 {
                        b.read_exact(&mut buf).await?;
                        b.write_all(&buf).await?;
                    }
                    b.into_inner()
                });
                two.block_on(async {
                    for i in 0..50_u32 {
                        a.write_all(&i.to_ne_bytes()).await.unwrap();
                        let mut buf = [0; 4];
                        a.read_exact(&mut buf).await.unwrap();
                        assert_eq!(u32::from_ne_bytes(buf), i);
                    }
                });
                // And moved: out of one, into the other.
                let b = futures_lite::future::block_on(echo).unwrap();
                let mut b = one.enter(|| Async::new(b)).unwrap();
                let mut a = two.enter(|| Async::new(a.into_inner().unwrap())).unwrap();
                let waiting = two.spawn(async move { b.read(&mut [0; 8]).await });
                one.block_on(a.write_all(b"moved")).unwrap();
                assert_eq!(one.block_on(waiting).unwrap(), 5);
            });
        }
    }
}

#[test]
fn it_is_non_blocking_and_says_where_it_is() {
    on_each(|runtime| {
        let (a, _b) = UnixStream::pair().unwrap();
        let a = runtime.enter(|| Async::new(a)).unwrap();
        assert_eq!(a.get_ref().read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(a.handle().reactor_name(), runtime.reactor_name());
        assert!(format!("{a:?}").contains(runtime.reactor_name()), "{a:?}");
        let fd = OwnedFd::try_from(a).unwrap();
        assert!(rustix::io::fcntl_getfd(fd.as_fd()).is_ok(), "still open");
    });
}
