//! The driver over real reactors, one with edges and one that is armed.
#![cfg(all(target_os = "linux", not(miri), not(tenter_loom)))]

mod common;

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use common::{Counter, poll};
use tenter_core::clock::Clock;
use tenter_driver::{Direction, Driver, Registration};
use tenter_reactor::{Reactor, ReactorConfig};

/// More than any of this takes; a test that waits so long fails.
const LONG: Duration = Duration::from_secs(20);

fn on_each(test: impl Fn(Arc<Driver>)) {
    let config = ReactorConfig::default();
    let reactors: [Arc<dyn Reactor>; 2] =
        [tenter_reactor_epoll::new(&config).unwrap(), tenter_reactor_poll::new(&config).unwrap()];
    for reactor in reactors {
        test(Driver::new(reactor, Clock::System, 1));
    }
}

/// A nonblocking stream with its registration, which ends first.
struct Watched {
    registration: Registration,
    stream: UnixStream,
}

impl Watched {
    fn pair(driver: &Arc<Driver>) -> (Self, UnixStream) {
        let (stream, peer) = UnixStream::pair().unwrap();
        stream.set_nonblocking(true).unwrap();
        // SAFETY: the registration is dropped before the stream, in the order of the fields.
        let registration = unsafe { Registration::new(driver, stream.as_fd().into()) }.unwrap();
        (Self { registration, stream }, peer)
    }

    /// Tries and waits in turn, as a future would, and turns the driver when it has to wait.
    fn drive<T>(&self, direction: Direction, operation: impl Fn(&UnixStream) -> io::Result<T>) -> io::Result<T> {
        loop {
            let (wakes, waker) = Counter::new();
            match poll(&self.registration, direction, &waker) {
                Poll::Ready(ready) => match operation(&self.stream) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.registration.clear_ready(ready?, direction);
                    }
                    result => return result,
                },
                Poll::Pending => {
                    let start = Instant::now();
                    while wakes.count() == 0 {
                        assert!(start.elapsed() < LONG, "no event came");
                        turn(self.registration.driver(), Some(LONG));
                    }
                }
            }
        }
    }
}

fn turn(driver: &Driver, timeout: Option<Duration>) -> usize {
    let mut woken = Vec::new();
    driver.try_seat().unwrap().turn(timeout, &mut woken).unwrap();
    let count = woken.len();
    woken.into_iter().for_each(Waker::wake);
    count
}

#[test]
fn bytes_go_both_ways_with_full_buffers() {
    const BYTES: usize = 4 << 20;
    on_each(|driver| {
        let (near, mut peer) = Watched::pair(&driver);
        let echo = std::thread::spawn(move || {
            let mut all = vec![0; BYTES];
            peer.read_exact(&mut all).unwrap();
            peer.write_all(&all).unwrap();
        });
        let block = [7; 60_000];
        let mut sent = 0;
        while sent < BYTES {
            let rest = block.len().min(BYTES - sent);
            sent += near.drive(Direction::Write, |mut stream| stream.write(&block[..rest])).unwrap();
        }
        let mut received = 0;
        while received < BYTES {
            let mut buffer = [0; 60_000];
            let cell = std::cell::RefCell::new(&mut buffer);
            received += near.drive(Direction::Read, |mut stream| stream.read(&mut cell.borrow_mut()[..])).unwrap();
        }
        assert_eq!(near.drive(Direction::Read, |mut stream| stream.read(&mut [0])).unwrap(), 0, "the end is seen");
        echo.join().unwrap();
    });
}

#[test]
fn a_split_stream_keeps_its_reader_while_its_writer_wakes() {
    on_each(|driver| {
        let (near, mut peer) = Watched::pair(&driver);
        while (&near.stream).write(&[0; 4096]).is_ok() {}
        common::clear_both(&near.registration);
        let (reads, reader) = Counter::new();
        let (writes, writer) = Counter::new();
        // Events that are already due are taken in first.
        turn(&driver, Some(Duration::ZERO));
        common::clear_both(&near.registration);
        assert!(poll(&near.registration, Direction::Read, &reader).is_pending());
        assert!(poll(&near.registration, Direction::Write, &writer).is_pending());
        let mut sink = vec![0; 1 << 20];
        peer.set_nonblocking(true).unwrap();
        while peer.read(&mut sink).is_ok() {}
        while writes.count() == 0 {
            turn(&driver, Some(LONG));
        }
        assert_eq!(reads.count(), 0);
        peer.write_all(b"x").unwrap();
        while reads.count() == 0 {
            turn(&driver, Some(LONG));
        }
        assert_eq!(writes.count(), 1);
    });
}

#[test]
fn a_number_that_is_used_again_gets_no_old_events() {
    on_each(|driver| {
        let (first, mut peer) = Watched::pair(&driver);
        let duplicate = first.stream.try_clone().unwrap();
        drop(first);
        let (second, _second_peer) = Watched::pair(&driver);
        turn(&driver, Some(Duration::ZERO));
        common::clear_both(&second.registration);
        let (wakes, waker) = Counter::new();
        assert!(poll(&second.registration, Direction::Read, &waker).is_pending());
        peer.write_all(b"x").unwrap();
        turn(&driver, Some(Duration::from_millis(20)));
        assert_eq!(wakes.count(), 0);
        drop(duplicate);
    });
}

#[test]
fn timers_end_the_wait() {
    on_each(|driver| {
        for wheel in [Some(0), None] {
            let (wakes, waker) = Counter::new();
            let deadline = Instant::now() + Duration::from_millis(5);
            driver.insert_timer(wheel, deadline, &waker);
            while wakes.count() == 0 {
                turn(&driver, None);
            }
            assert!(Instant::now() >= deadline);
        }
    });
}

#[test]
fn a_wake_ends_the_wait_before_or_during_it() {
    on_each(|driver| {
        driver.wake();
        turn(&driver, None);
        let sleeper = std::thread::spawn({
            let driver = driver.clone();
            move || turn(&driver, None)
        });
        driver.wake();
        assert_eq!(sleeper.join().unwrap(), 0);
    });
}

#[test]
fn foreign_timers_end_the_wait() {
    on_each(|driver| {
        let (wakes, waker) = Counter::new();
        let sleeper = std::thread::spawn({
            let driver = driver.clone();
            move || {
                while turn(&driver, None) == 0 {}
            }
        });
        driver.insert_timer(None, Instant::now() + Duration::from_millis(2), &waker);
        sleeper.join().unwrap();
        assert_eq!(wakes.count(), 1);
    });
}

#[test]
fn a_turn_takes_no_more_events_than_it_may_and_loses_none() {
    on_each(|driver| {
        let mut pairs: Vec<_> = (0..5).map(|_| Watched::pair(&driver)).collect();
        let (wakes, waker) = Counter::new();
        // The first report of an edge reactor is that the new streams can be written.
        turn(&driver, Some(Duration::ZERO));
        for (watched, peer) in &mut pairs {
            let seen = watched.registration.ready(Direction::Read);
            watched.registration.clear_ready(seen, Direction::Read);
            assert!(poll(&watched.registration, Direction::Read, &waker).is_pending());
            peer.write_all(b"x").unwrap();
        }
        for (turns, most) in [0, 1, 2, usize::MAX].into_iter().enumerate() {
            let mut woken = Vec::new();
            driver.try_seat().unwrap().turn_at_most(most, Some(LONG), &mut woken).unwrap();
            assert_eq!(woken.len(), [1, 1, 2, 1][turns], "at most {most}");
            woken.into_iter().for_each(Waker::wake);
        }
        assert_eq!(wakes.count(), 5);
    });
}
