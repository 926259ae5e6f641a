//! A model of the handshake between the sleeping holder of the seat and a foreign thread's timer: loom reports a
//! deadlock if the sleep outlasts the deadline.
#![cfg(all(tenter_loom, unix))]

mod common;

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use common::{Mock, driver};
use loom::thread;
use tenter_driver::Driver;
use tenter_reactor::Trigger;

const HOUR: Duration = Duration::from_secs(3600);

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

fn insert(driver: &Driver, wheel: Option<usize>, after: Duration) {
    driver.insert_timer(wheel, driver.clock().now() + after, Waker::noop());
}

fn sleep_once(driver: &Arc<Driver>) -> thread::JoinHandle<()> {
    let driver = driver.clone();
    thread::spawn(move || driver.try_seat().unwrap().turn(None, &mut Vec::new()).unwrap())
}

#[test]
fn an_endless_sleep_ends_for_a_foreign_timer() {
    check(|| {
        let mock = Mock::with_patience(Trigger::Edge, 2 * HOUR);
        let driver = driver(&mock);
        let sleeper = sleep_once(&driver);
        insert(&driver, None, HOUR);
        sleeper.join().unwrap();
    });
}

#[test]
fn a_sleep_until_a_later_deadline_ends_for_a_foreign_timer() {
    check(|| {
        let mock = Mock::with_patience(Trigger::Edge, 2 * HOUR);
        let driver = driver(&mock);
        insert(&driver, Some(0), 4 * HOUR);
        let sleeper = sleep_once(&driver);
        insert(&driver, None, HOUR);
        sleeper.join().unwrap();
    });
}
