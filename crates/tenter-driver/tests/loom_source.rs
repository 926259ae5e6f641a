//! Models of the word of a source: no event is lost, no stale one is taken.
#![cfg(all(tenter_loom, unix))]

mod common;

use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use common::{Counter, Mock, clear_both, driver, poll, register, register_later, turn};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use tenter_driver::{Direction, Driver, Registration};
use tenter_reactor::{Readiness, Trigger};

fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// A source, and whether data is there.
struct World {
    mock: Arc<Mock>,
    driver: Arc<Driver>,
    source: Registration,
    data: AtomicBool,
}

impl World {
    fn new(trigger: Trigger) -> Arc<Self> {
        let mock = Mock::new(trigger);
        let driver = driver(&mock);
        let source = register(&driver).unwrap();
        Arc::new(Self { mock, driver, source, data: AtomicBool::new(false) })
    }

    /// Data comes, the reactor reports it, the holder of the seat dispatches it.
    fn deliver(&self) {
        self.data.store(true, Ordering::Relaxed);
        self.mock.post(self.mock.last_token(), Readiness::READ);
        turn(&self.driver);
    }

    /// One attempt to read, and the wait when it would block. True: it must be woken.
    fn read_or_wait(&self, keyed: bool, waker: &std::task::Waker) -> bool {
        let seen = self.source.ready(Direction::Read);
        if self.data.load(Ordering::Relaxed) {
            return false;
        }
        self.source.clear_ready(seen, Direction::Read);
        let state = if keyed {
            self.source.poll_ready_keyed(&mut Context::from_waker(waker), Direction::Read, &mut None)
        } else {
            poll(&self.source, Direction::Read, waker)
        };
        match state {
            Poll::Pending => true,
            Poll::Ready(ready) => {
                assert!(ready.unwrap().is_ready(Direction::Read));
                assert!(self.data.load(Ordering::Relaxed), "readiness shows what it announces");
                false
            }
        }
    }
}

#[test]
fn an_event_between_would_block_and_clear_is_kept() {
    for trigger in [Trigger::Edge, Trigger::OneShot] {
        check(3, move || {
            let world = World::new(trigger);
            let events = thread::spawn({
                let world = world.clone();
                move || world.deliver()
            });
            let (wakes, waker) = Counter::new();
            let waits = world.read_or_wait(false, &waker);
            events.join().unwrap();
            assert!(!waits || wakes.count() == 1, "the reader sleeps for ever");
        });
    }
}

#[test]
fn of_two_waiters_none_is_forgotten() {
    check(2, || {
        let world = World::new(Trigger::Edge);
        let keyed = thread::spawn({
            let world = world.clone();
            move || {
                let (wakes, waker) = Counter::new();
                (world.read_or_wait(true, &waker), wakes)
            }
        });
        let plain = thread::spawn({
            let world = world.clone();
            move || {
                let (wakes, waker) = Counter::new();
                (world.read_or_wait(false, &waker), wakes)
            }
        });
        world.deliver();
        for reader in [keyed, plain] {
            let (waits, wakes) = reader.join().unwrap();
            assert!(!waits || wakes.count() == 1, "a reader sleeps for ever");
        }
    });
}

#[test]
fn a_removed_waiter_takes_no_wake_from_another() {
    check(2, || {
        let world = World::new(Trigger::Edge);
        clear_both(&world.source);
        let (wakes, waker) = Counter::new();
        assert!(poll(&world.source, Direction::Read, &waker).is_pending());
        let mut key = None;
        let (_, other) = Counter::new();
        let mut cx = Context::from_waker(&other);
        assert!(world.source.poll_ready_keyed(&mut cx, Direction::Read, &mut key).is_pending());
        let events = thread::spawn({
            let world = world.clone();
            move || world.deliver()
        });
        world.source.remove_waiter(Direction::Read, key.unwrap());
        events.join().unwrap();
        assert_eq!(wakes.count(), 1);
    });
}

#[test]
fn an_event_of_a_finished_registration_does_not_reach_the_next_one() {
    for trigger in [Trigger::Edge, Trigger::OneShot] {
        check(3, move || {
            let mock = Mock::new(trigger);
            let driver = driver(&mock);
            let first = register(&driver).unwrap();
            let token = mock.last_token();
            clear_both(&first);
            let (wakes, waker) = Counter::new();
            assert!(poll(&first, Direction::Read, &waker).is_pending());
            mock.post(token, Readiness::READ);
            let events = thread::spawn({
                let driver = driver.clone();
                move || turn(&driver)
            });
            first.deregister().unwrap();
            let second = register(&driver).unwrap();
            clear_both(&second);
            // A late dispatch that took this waiter for its own would arm it under the old token: the mock objects.
            assert!(poll(&second, Direction::Write, &waker).is_pending());
            events.join().unwrap();
            assert_eq!(wakes.count(), 1, "by the event or by the end of the registration");
            assert!(poll(&second, Direction::Read, &waker).is_pending(), "took an event that is not its own");
        });
    }
}

#[test]
fn every_deregister_returns_only_when_the_source_may_be_closed() {
    check(3, || {
        let world = World::new(Trigger::Edge);
        let end = |world: &World| {
            world.source.deregister().unwrap();
            assert_eq!(world.mock.state(|state| state.deregistered.len()), 1);
        };
        let other = thread::spawn({
            let world = world.clone();
            move || end(&world)
        });
        end(&world);
        other.join().unwrap();
    });
}

/// A stream: how many bytes wait to be read, and [`CLOSED`] once that is all there will be.
struct Stream {
    world: Arc<World>,
    state: AtomicUsize,
}

const CLOSED: usize = 1 << 8;

impl Stream {
    fn new() -> Arc<Self> {
        Arc::new(Self { world: World::new(Trigger::Edge), state: AtomicUsize::new(0) })
    }

    /// Bytes and perhaps the end come, as one edge.
    fn arrive(&self, arrival: usize) {
        self.state.fetch_add(arrival, Ordering::Relaxed);
        let closed = if arrival & CLOSED == 0 { Readiness::NONE } else { Readiness::READ_CLOSED };
        self.world.mock.post(self.world.mock.last_token(), Readiness::READ | closed);
        turn(&self.world.driver);
    }

    /// Reads until the end (true) or until it has to wait. Each read takes all there is, and is short.
    fn read_to_end(&self, waker: &std::task::Waker) -> bool {
        loop {
            let Poll::Ready(seen) = poll(&self.world.source, Direction::Read, waker) else { return false };
            let seen = seen.unwrap();
            let found = self.state.fetch_and(CLOSED, Ordering::Relaxed);
            match found {
                CLOSED => return true,
                0 => self.world.source.clear_ready(seen, Direction::Read),
                _ => self.world.source.clear_ready(seen.drained(), Direction::Read),
            }
        }
    }
}

#[test]
fn a_short_read_forgets_no_arrival_and_no_end() {
    for arrivals in [&[1, 1][..], &[1, CLOSED], &[1 | CLOSED], &[1, 1 | CLOSED]] {
        check(3, move || {
            let stream = Stream::new();
            let events = thread::spawn({
                let stream = stream.clone();
                move || arrivals.iter().for_each(|arrival| stream.arrive(*arrival))
            });
            let (wakes, waker) = Counter::new();
            let ended = stream.read_to_end(&waker);
            events.join().unwrap();
            let left = stream.state.load(Ordering::Relaxed);
            assert!(ended || left == 0 || wakes.count() > 0, "the reader sleeps for ever before {left:#x}");
        });
    }
}

/// A source that is watched from its first wait on: data comes before that, or after.
#[test]
fn data_that_comes_before_the_source_is_watched_is_not_lost() {
    check(3, || {
        let mock = Mock::new(Trigger::Edge);
        let driver = driver(&mock);
        let source = register_later(&driver).unwrap();
        let events = thread::spawn({
            let (mock, driver) = (mock.clone(), driver.clone());
            move || {
                let token = mock.state(|state| {
                    state.current = Readiness::READ;
                    state.tokens.last().copied()
                });
                if let Some(token) = token {
                    mock.post(token, Readiness::READ);
                }
                turn(&driver);
            }
        });
        let (wakes, waker) = Counter::new();
        let seen = source.ready(Direction::Read);
        let data = mock.state(|state| state.current.contains(Readiness::READ));
        let mut waits = false;
        if !data {
            source.clear_ready(seen, Direction::Read);
            waits = poll(&source, Direction::Read, &waker).is_pending();
        }
        events.join().unwrap();
        turn(&driver);
        assert!(!waits || wakes.count() == 1, "the reader sleeps for ever");
    });
}

#[test]
fn of_two_first_waits_one_has_the_source_watched() {
    check(3, || {
        let mock = Mock::new(Trigger::Edge);
        let driver = driver(&mock);
        let source = Arc::new(register_later(&driver).unwrap());
        clear_both(&source);
        let writer = thread::spawn({
            let source = source.clone();
            move || assert!(poll(&source, Direction::Write, std::task::Waker::noop()).is_pending())
        });
        assert!(poll(&source, Direction::Read, std::task::Waker::noop()).is_pending());
        writer.join().unwrap();
        assert_eq!(mock.state(|state| state.tokens.len()), 1);
    });
}

#[test]
fn what_a_first_wait_has_watched_the_end_deregisters() {
    check(3, || {
        let mock = Mock::new(Trigger::Edge);
        let driver = driver(&mock);
        let source = Arc::new(register_later(&driver).unwrap());
        clear_both(&source);
        let reader = thread::spawn({
            let source = source.clone();
            move || drop(poll(&source, Direction::Read, std::task::Waker::noop()))
        });
        source.deregister().unwrap();
        reader.join().unwrap();
        mock.state(|state| assert_eq!(state.tokens, state.deregistered));
    });
}
