//! Sources on a reactor that reports only what is armed, and disarms with every event.
#![cfg(all(unix, not(tenter_loom)))]

mod common;

use std::io;
use std::sync::Arc;
use std::task::{Poll, Waker};

use common::{Counter, Mock, clear_both, driver, poll, register, register_later, turn};
use tenter_driver::{Direction, Driver, Registration};
use tenter_reactor::{Interest, Readiness, Token, Trigger};

fn blocked() -> (Arc<Mock>, Arc<Driver>, Registration, Token) {
    let mock = Mock::new(Trigger::OneShot);
    let driver = driver(&mock);
    let source = register(&driver).unwrap();
    clear_both(&source);
    let token = mock.last_token();
    (mock, driver, source, token)
}

#[test]
fn nothing_is_armed_before_someone_waits() {
    let (mock, _driver, source, token) = blocked();
    assert_eq!(mock.armed(token), Interest::NONE);
    assert!(poll(&source, Direction::Read, Waker::noop()).is_pending());
    assert_eq!(mock.armed(token), Interest::READ);
    assert!(poll(&source, Direction::Read, Waker::noop()).is_pending());
    assert_eq!(mock.state(|state| state.arm_calls), 1, "what is armed is not armed again");
}

#[test]
fn an_event_of_one_direction_keeps_the_interest_of_the_other() {
    let (mock, driver, source, token) = blocked();
    let (reads, reader) = Counter::new();
    let (writes, writer) = Counter::new();
    assert!(poll(&source, Direction::Read, &reader).is_pending());
    assert!(poll(&source, Direction::Write, &writer).is_pending());
    assert_eq!(mock.armed(token), Interest::READ | Interest::WRITE);
    mock.post(token, Readiness::READ);
    turn(&driver);
    assert_eq!((reads.count(), writes.count()), (1, 0));
    assert_eq!(mock.armed(token), Interest::WRITE);
    mock.post(token, Readiness::WRITE);
    turn(&driver);
    assert_eq!((reads.count(), writes.count()), (1, 1));
    assert_eq!(mock.armed(token), Interest::NONE);
}

#[test]
fn a_reactor_that_is_armed_is_told_of_every_source_at_once() {
    let mock = Mock::new(Trigger::OneShot);
    let driver = driver(&mock);
    mock.state(|state| state.refuse_register = true);
    assert!(register_later(&driver).is_err());
    mock.state(|state| state.refuse_register = false);
    let _source = register_later(&driver).unwrap();
    assert_eq!(mock.state(|state| state.tokens.len()), 1);
}

#[test]
fn who_waits_again_is_armed_again() {
    let (mock, driver, source, token) = blocked();
    for round in 1..=3 {
        assert!(poll(&source, Direction::Read, Waker::noop()).is_pending());
        assert_eq!(mock.armed(token), Interest::READ);
        mock.post(token, Readiness::READ);
        assert_eq!(turn(&driver), 1);
        source.clear_ready(source.ready(Direction::Read), Direction::Read);
        assert_eq!(mock.state(|state| state.arm_calls), round);
    }
}

#[test]
fn who_is_refused_gets_the_error_and_the_others_wake_to_see_it() {
    let (mock, _driver, source, _) = blocked();
    let (wakes, waker) = Counter::new();
    assert!(poll(&source, Direction::Read, &waker).is_pending());
    mock.state(|state| state.refuse_arm = true);
    match poll(&source, Direction::Write, Waker::noop()) {
        Poll::Ready(Err(error)) => assert_eq!(error.kind(), io::ErrorKind::QuotaExceeded),
        other => panic!("{other:?}"),
    }
    assert_eq!(wakes.count(), 1);
    mock.state(|state| state.refuse_arm = false);
    assert!(poll(&source, Direction::Read, &waker).is_pending());
}

#[test]
fn a_refusal_after_an_event_wakes_who_would_be_left() {
    let (mock, driver, source, token) = blocked();
    let (writes, writer) = Counter::new();
    assert!(poll(&source, Direction::Read, Waker::noop()).is_pending());
    assert!(poll(&source, Direction::Write, &writer).is_pending());
    mock.state(|state| state.refuse_arm = true);
    mock.post(token, Readiness::READ);
    assert_eq!(turn(&driver), 2);
    assert_eq!(writes.count(), 1);
}

#[test]
fn nothing_is_armed_after_the_end() {
    let (mock, driver, source, token) = blocked();
    assert!(poll(&source, Direction::Read, Waker::noop()).is_pending());
    mock.post(token, Readiness::WRITE);
    source.deregister().unwrap();
    assert_eq!(turn(&driver), 0);
    assert_eq!(mock.state(|state| state.arm_calls), 1);
}
