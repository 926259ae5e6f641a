//! Sources on a reactor with edges: who is woken, when, and what the end of a registration does.
#![cfg(all(unix, not(tenter_loom)))]

mod common;

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::{Counter, Hook, Mock, clear_both, driver, poll, register, register_later, turn};
use tenter_driver::{Direction, Driver, Ready, Registration};
use tenter_reactor::{Readiness, Token, Trigger};

fn edge() -> (Arc<Mock>, Arc<Driver>) {
    let mock = Mock::new(Trigger::Edge);
    let driver = driver(&mock);
    (mock, driver)
}

/// A source of which both operations would block.
fn blocked(driver: &Arc<Driver>) -> Registration {
    let source = register(driver).unwrap();
    clear_both(&source);
    source
}

#[test]
fn a_new_source_is_assumed_ready_both_ways() {
    let (_, driver) = edge();
    let source = register(&driver).unwrap();
    for direction in [Direction::Read, Direction::Write] {
        assert!(poll(&source, direction, Waker::noop()).is_ready());
        source.clear_ready(source.ready(direction), direction);
        assert!(poll(&source, direction, Waker::noop()).is_pending());
    }
}

#[test]
fn an_event_wakes_the_waiters_of_its_direction_once() {
    let (mock, driver) = edge();
    let source = blocked(&driver);
    let (reads, reader) = Counter::new();
    let (writes, writer) = Counter::new();
    assert!(poll(&source, Direction::Read, &reader).is_pending());
    assert!(poll(&source, Direction::Write, &writer).is_pending());
    mock.post(mock.last_token(), Readiness::READ);
    mock.post(mock.last_token(), Readiness::READ);
    assert_eq!(turn(&driver), 1);
    assert_eq!((reads.count(), writes.count()), (1, 0));
    mock.post(mock.last_token(), Readiness::WRITE);
    assert_eq!(turn(&driver), 1);
    assert_eq!((reads.count(), writes.count()), (1, 1));
    assert!(poll(&source, Direction::Read, &reader).is_ready());
}

#[test]
fn any_number_of_tasks_wait_and_each_is_held_once() {
    let (mock, driver) = edge();
    let source = blocked(&driver);
    let tasks: Vec<_> = (0..20).map(|_| Counter::new()).collect();
    for _ in 0..3 {
        for (_, waker) in &tasks {
            assert!(poll(&source, Direction::Read, waker).is_pending());
        }
    }
    mock.post(mock.last_token(), Readiness::READ);
    assert_eq!(turn(&driver), tasks.len());
    assert!(tasks.iter().all(|(wakes, _)| wakes.count() == 1));
}

#[test]
fn a_list_of_waiters_that_outgrows_its_cap_is_woken_and_cleared() {
    let (_, driver) = edge();
    let source = blocked(&driver);
    let tasks: Vec<_> = (0..34).map(|_| Counter::new()).collect();
    for (_, waker) in &tasks {
        assert!(poll(&source, Direction::Read, waker).is_pending());
    }
    // One is inline, 32 fill the list; the last comes after it was cleared.
    let woken: Vec<_> = tasks.iter().map(|(wakes, _)| wakes.count()).collect();
    assert_eq!(woken.iter().sum::<usize>(), 32);
    assert_eq!((woken[0], woken[33]), (0, 0));
    for (wakes, waker) in &tasks {
        assert_eq!(Arc::strong_count(wakes), if wakes.count() == 1 { 2 } else { 3 }, "{waker:?}");
    }
}

#[test]
fn a_keyed_waiter_is_replaced_removed_and_renewed() {
    let (mock, driver) = edge();
    let source = blocked(&driver);
    let (first, first_waker) = Counter::new();
    let (second, second_waker) = Counter::new();
    let mut key = None;
    let wait = |waker: &Waker, key: &mut Option<_>| {
        assert!(source.poll_ready_keyed(&mut Context::from_waker(waker), Direction::Read, key).is_pending());
    };
    wait(&first_waker, &mut key);
    let old = key.unwrap();
    wait(&second_waker, &mut key);
    assert_eq!(key, Some(old));
    mock.post(mock.last_token(), Readiness::READ);
    assert_eq!(turn(&driver), 1);
    assert_eq!((first.count(), second.count()), (0, 1));
    source.clear_ready(source.ready(Direction::Read), Direction::Read);
    wait(&second_waker, &mut key);
    assert_ne!(key, Some(old));
    source.remove_waiter(Direction::Read, old);
    source.remove_waiter(Direction::Read, key.unwrap());
    assert_eq!(Arc::strong_count(&second), 2);
    mock.post(mock.last_token(), Readiness::READ);
    assert_eq!(turn(&driver), 0);
}

#[test]
fn readiness_that_came_after_it_was_seen_is_not_cleared() {
    let (mock, driver) = edge();
    let source = blocked(&driver);
    let seen = source.ready(Direction::Read);
    mock.post(mock.last_token(), Readiness::READ);
    turn(&driver);
    source.clear_ready(seen, Direction::Read);
    assert!(poll(&source, Direction::Read, Waker::noop()).is_ready());
}

#[test]
fn a_closed_end_stays_visible_and_makes_its_direction_ready() {
    let (mock, driver) = edge();
    let source = blocked(&driver);
    mock.post(mock.last_token(), Readiness::READ_CLOSED);
    turn(&driver);
    assert!(poll(&source, Direction::Read, Waker::noop()).is_ready());
    assert!(poll(&source, Direction::Write, Waker::noop()).is_pending(), "a half-closed stream is still written to");
    // A short read does not clear it: the end has come with the data, as one edge.
    source.clear_ready(source.ready(Direction::Read).drained(), Direction::Read);
    assert!(poll(&source, Direction::Read, Waker::noop()).is_ready());
    // An operation that would block knows better, or the task would spin.
    source.clear_ready(source.ready(Direction::Read), Direction::Read);
    assert!(poll(&source, Direction::Read, Waker::noop()).is_pending());
    assert!(source.ready(Direction::Read).readiness().contains(Readiness::READ_CLOSED));
}

#[test]
fn a_short_read_clears_readiness_while_nothing_is_closed() {
    let (_, driver) = edge();
    let source = register(&driver).unwrap();
    source.clear_ready(source.ready(Direction::Read).drained(), Direction::Read);
    assert!(poll(&source, Direction::Read, Waker::noop()).is_pending());
    assert!(poll(&source, Direction::Write, Waker::noop()).is_ready());
}

#[test]
fn a_short_read_proves_nothing_at_urgent_data() {
    let (mock, driver) = edge();
    let source = blocked(&driver);
    mock.post(mock.last_token(), Readiness::READ | Readiness::PRIORITY);
    turn(&driver);
    source.clear_ready(source.ready(Direction::Read).drained(), Direction::Read);
    assert!(poll(&source, Direction::Read, Waker::noop()).is_ready());
}

#[test]
fn a_short_read_proves_nothing_without_true_edges() {
    let mock = Mock::new(Trigger::OneShot);
    let driver = driver(&mock);
    let source = register(&driver).unwrap();
    source.clear_ready(source.ready(Direction::Read).drained(), Direction::Read);
    assert!(poll(&source, Direction::Read, Waker::noop()).is_ready());
}

#[test]
fn what_was_assumed_is_forgotten_only_before_the_first_event() {
    let (mock, driver) = edge();
    let source = register(&driver).unwrap();
    source.clear_ready(Ready::ASSUMED, Direction::Write);
    assert!(poll(&source, Direction::Write, Waker::noop()).is_pending());
    assert!(poll(&source, Direction::Read, Waker::noop()).is_ready());
    mock.post(mock.last_token(), Readiness::WRITE);
    turn(&driver);
    source.clear_ready(Ready::ASSUMED, Direction::Write);
    assert!(poll(&source, Direction::Write, Waker::noop()).is_ready());
}

#[test]
fn a_source_that_never_waits_costs_the_reactor_nothing() {
    let (mock, driver) = edge();
    let source = register_later(&driver).unwrap();
    assert_eq!(driver.source_count(), 1);
    assert!(poll(&source, Direction::Read, Waker::noop()).is_ready());
    clear_both(&source);
    source.deregister().unwrap();
    assert_eq!(driver.source_count(), 0);
    assert!(matches!(poll(&source, Direction::Read, Waker::noop()), Poll::Ready(Err(_))));
    mock.state(|state| assert!(state.tokens.is_empty() && state.deregistered.is_empty()));
}

#[test]
fn the_first_wait_has_a_source_watched_and_learns_what_is_ready() {
    let (mock, driver) = edge();
    let source = register_later(&driver).unwrap();
    clear_both(&source);
    mock.state(|state| state.current = Readiness::READ);
    let (reads, reader) = Counter::new();
    let (writes, writer) = Counter::new();
    assert!(poll(&source, Direction::Write, &writer).is_pending());
    assert!(poll(&source, Direction::Read, &reader).is_pending());
    assert_eq!(mock.state(|state| state.tokens.len()), 1);
    assert_eq!(turn(&driver), 1);
    assert_eq!((reads.count(), writes.count()), (1, 0));
    source.deregister().unwrap();
    mock.state(|state| assert_eq!(state.tokens, state.deregistered));
    // The slot's next life begins anew.
    let next = register_later(&driver).unwrap();
    clear_both(&next);
    assert!(poll(&next, Direction::Read, &reader).is_pending());
    assert_eq!(mock.state(|state| state.tokens.len()), 2);
}

#[test]
fn a_reactor_that_refuses_tells_the_first_wait() {
    let (mock, driver) = edge();
    let source = register_later(&driver).unwrap();
    clear_both(&source);
    mock.state(|state| state.refuse_register = true);
    for _ in 0..2 {
        let refused = poll(&source, Direction::Read, Waker::noop());
        assert!(matches!(refused, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::QuotaExceeded));
    }
    mock.state(|state| state.refuse_register = false);
    assert!(poll(&source, Direction::Read, Waker::noop()).is_pending());
    assert_eq!(mock.state(|state| state.tokens.len()), 1);
}

#[test]
fn an_error_wakes_both_directions() {
    let (mock, driver) = edge();
    let source = blocked(&driver);
    for direction in [Direction::Read, Direction::Write] {
        assert!(poll(&source, direction, Waker::noop()).is_pending());
    }
    mock.post(mock.last_token(), Readiness::ERROR);
    assert_eq!(turn(&driver), 2);
}

#[test]
fn the_end_of_a_registration_wakes_and_tells() {
    let (mock, driver) = edge();
    let source = blocked(&driver);
    assert_eq!(driver.source_count(), 1);
    let (wakes, waker) = Counter::new();
    assert!(poll(&source, Direction::Write, &waker).is_pending());
    source.deregister().unwrap();
    source.deregister().unwrap();
    assert_eq!(wakes.count(), 1);
    assert_eq!(driver.source_count(), 0);
    match poll(&source, Direction::Write, &waker) {
        Poll::Ready(Err(error)) => assert_eq!(error.kind(), io::ErrorKind::NotConnected),
        other => panic!("{other:?}"),
    }
    drop(source);
    assert_eq!(mock.state(|state| state.deregistered.len()), 1);
}

#[test]
fn events_of_a_finished_registration_are_dropped() {
    let (mock, driver) = edge();
    let first = blocked(&driver);
    let stale = mock.last_token();
    mock.post(stale, Readiness::READ);
    drop(first);
    let second = blocked(&driver);
    assert_ne!(stale, mock.last_token());
    assert_eq!(stale.0 as u32, mock.last_token().0 as u32, "the slot is used again");
    let (wakes, waker) = Counter::new();
    assert!(poll(&second, Direction::Read, &waker).is_pending());
    assert_eq!(turn(&driver), 0);
    mock.post(stale, Readiness::ALL);
    assert_eq!(turn(&driver), 0);
    assert!(poll(&second, Direction::Read, &waker).is_pending());
    assert_eq!(wakes.count(), 0);
}

#[test]
fn a_slot_is_not_used_again_while_its_source_is_being_deregistered() {
    let (mock, driver) = edge();
    let first = blocked(&driver);
    let first_token = mock.last_token();
    let hook = Hook(Box::new({
        let (mock, driver) = (mock.clone(), driver.clone());
        move || {
            let _second = register(&driver).unwrap();
            assert_ne!(mock.last_token().0 as u32, first_token.0 as u32);
        }
    }));
    *mock.during_deregister.lock().unwrap() = Some(hook);
    first.deregister().unwrap();
    assert_eq!(mock.state(|state| state.deregistered.len()), 2);
}

#[test]
fn tokens_that_were_never_issued_are_dropped() {
    let (mock, driver) = edge();
    for token in [Token::RESERVED, Token(0), Token(1 << 20), Token(usize::MAX - 1)] {
        mock.post(token, Readiness::ALL);
    }
    assert_eq!(turn(&driver), 0);
}

#[test]
fn a_refused_registration_gives_its_slot_back() {
    let (mock, driver) = edge();
    mock.state(|state| state.refuse_register = true);
    assert_eq!(register(&driver).unwrap_err().kind(), io::ErrorKind::QuotaExceeded);
    assert_eq!(driver.source_count(), 0);
    mock.state(|state| state.refuse_register = false);
    let _source = register(&driver).unwrap();
    assert_eq!(mock.last_token().0 as u32, 0);
}

#[test]
fn errors_of_the_wait_are_returned_and_interruptions_are_not() {
    let (mock, driver) = edge();
    let mut seat = driver.try_seat().unwrap();
    mock.state(|state| state.wait_error = Some(io::ErrorKind::Interrupted));
    seat.turn(Some(Duration::ZERO), &mut Vec::new()).unwrap();
    mock.state(|state| state.wait_error = Some(io::ErrorKind::InvalidInput));
    let error = seat.turn(Some(Duration::ZERO), &mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn one_thread_has_the_seat() {
    let (_, driver) = edge();
    assert!(!driver.is_seated());
    let seat = driver.try_seat().unwrap();
    assert!(driver.is_seated() && driver.try_seat().is_none());
    drop(seat);
    assert!(!driver.is_seated() && driver.try_seat().is_some());
}

/// A waker whose wake and drop use the source it waits for.
struct Reentrant(std::sync::Weak<Registration>);

impl Wake for Reentrant {
    fn wake(self: Arc<Self>) {
        if let Some(source) = self.0.upgrade() {
            let _ = poll(&source, Direction::Read, Waker::noop());
        }
    }
}

impl Drop for Reentrant {
    fn drop(&mut self) {
        if let Some(source) = self.0.upgrade() {
            let _ = poll(&source, Direction::Write, Waker::noop());
        }
    }
}

#[test]
fn wakers_run_and_die_without_a_lock() {
    let (mock, driver) = edge();
    let source = Arc::new(blocked(&driver));
    let waker = || Waker::from(Arc::new(Reentrant(Arc::downgrade(&source))));
    let mut key = None;
    for _ in 0..2 {
        let waker = waker();
        let mut cx = Context::from_waker(&waker);
        assert!(source.poll_ready_keyed(&mut cx, Direction::Read, &mut key).is_pending());
    }
    source.remove_waiter(Direction::Read, key.unwrap());
    for _ in 0..80 {
        assert!(poll(&source, Direction::Read, &waker()).is_pending());
    }
    mock.post(mock.last_token(), Readiness::READ);
    turn(&driver);
    source.clear_ready(source.ready(Direction::Read), Direction::Read);
    assert!(poll(&source, Direction::Read, &waker()).is_pending());
    source.deregister().unwrap();
}

#[test]
fn the_types_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Driver>();
    shared::<Registration>();
}
