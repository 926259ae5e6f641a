//! A model of the handshake between the sleeping holder of the seat and a foreign thread's timer: loom reports a
//! deadlock if the sleep outlasts the deadline.
#![cfg(all(tenter_loom, unix))]

mod common;

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use common::{Mock, driver};
use loom::sync::atomic::{AtomicBool, Ordering};
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
    driver.insert_timer(wheel, driver.clock().now() + after, Waker::noop().clone());
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

/// Whoever takes a timer over that is ahead is woken by it after that. The other thread holds the seat, and wakes a task.
#[test]
fn a_timer_that_has_woken_a_task_before_its_poll_is_not_ahead_in_it() {
    check(|| {
        let driver = driver(&Mock::new(Trigger::Edge));
        let deadline = driver.clock().now() + HOUR;
        let key = driver.insert_timer(Some(0), deadline, Waker::noop().clone());
        let woken = Arc::new(AtomicBool::new(false));
        let firing = {
            let (driver, woken) = (driver.clone(), woken.clone());
            thread::spawn(move || {
                let mut due = Vec::new();
                driver.fire(0, deadline + HOUR, &mut due);
                if !due.is_empty() {
                    woken.swap(true, Ordering::AcqRel);
                }
            })
        };
        // The poll begins: what has woken it so far is done with.
        woken.swap(false, Ordering::AcqRel);
        let ahead = driver.is_ahead(key, deadline);
        firing.join().unwrap();
        assert!(!ahead || woken.swap(false, Ordering::AcqRel), "nobody wakes for what was taken over");
    });
}
