//! Timers as the holder of the seat and the workers see them.
#![cfg(all(unix, not(tenter_loom)))]

mod common;

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use common::{Counter, Mock, driver, turn};
use tenter_driver::{Driver, TimerKey};
use tenter_reactor::Trigger;

const HOUR: Duration = Duration::from_secs(3600);

/// A driver whose reactor lets every timeout elapse at once.
fn hasty() -> (Arc<Mock>, Arc<Driver>) {
    let mock = Mock::new(Trigger::Edge);
    let driver = driver(&mock);
    (mock, driver)
}

fn insert(driver: &Driver, wheel: Option<usize>, after: Duration) -> TimerKey {
    driver.insert_timer(wheel, Instant::now() + after, Waker::noop())
}

/// The timeout that a turn with `timeout` gives to the reactor.
fn slept(mock: &Mock, driver: &Driver, timeout: Option<Duration>) -> Option<Duration> {
    driver.try_seat().unwrap().turn(timeout, &mut Vec::new()).unwrap();
    mock.state(|state| *state.timeouts.last().unwrap())
}

#[test]
fn a_timer_fires_once_and_never_early() {
    let (_, driver) = hasty();
    for wheel in [Some(0), None] {
        let (wakes, waker) = Counter::new();
        let deadline = Instant::now() + Duration::from_millis(3);
        let key = driver.insert_timer(wheel, deadline, &waker);
        assert_eq!(driver.timer_count(), 1);
        while turn(&driver) == 0 {
            assert_eq!(wakes.count(), 0);
        }
        assert!(Instant::now() >= deadline);
        assert_eq!(turn(&driver), 0);
        assert_eq!(wakes.count(), 1);
        assert!(!driver.remove_timer(key) && !driver.update_timer(key, &waker));
        assert_eq!(driver.timer_count(), 0);
    }
}

#[test]
fn fire_takes_the_time_it_is_given() {
    let (_, driver) = hasty();
    let deadline = Instant::now() + HOUR;
    let (_, waker) = Counter::new();
    driver.insert_timer(Some(0), deadline, &waker);
    assert_eq!(driver.next_deadline(0), Some(deadline));
    let mut out = Vec::new();
    driver.fire(0, deadline - Duration::from_nanos(1), &mut out);
    assert!(out.is_empty());
    driver.fire(0, deadline, &mut out);
    assert_eq!(out.len(), 1);
    assert_eq!(driver.next_deadline(0), None);
}

#[test]
fn the_sleep_ends_with_the_earliest_deadline() {
    let (mock, driver) = hasty();
    insert(&driver, None, 3 * HOUR);
    let within =
        |timeout: Option<Duration>, limit| timeout.is_some_and(|timeout| timeout <= limit && timeout > HOUR / 2);
    assert!(within(slept(&mock, &driver, None), 3 * HOUR));
    insert(&driver, Some(0), 2 * HOUR);
    assert!(within(slept(&mock, &driver, None), 2 * HOUR));
    assert!(within(slept(&mock, &driver, Some(HOUR)), HOUR));
    assert!(within(slept(&mock, &driver, Some(Duration::MAX)), 2 * HOUR));
    assert_eq!(slept(&mock, &driver, Some(Duration::ZERO)), Some(Duration::ZERO));
}

#[test]
fn a_past_deadline_only_polls() {
    let (mock, driver) = hasty();
    driver.insert_timer(Some(0), driver.clock().now() - Duration::from_nanos(1), Waker::noop());
    assert_eq!(slept(&mock, &driver, None), Some(Duration::ZERO));
    assert_eq!(driver.timer_count(), 0);
}

#[test]
fn a_self_timed_wheel_is_left_alone() {
    let (mock, driver) = hasty();
    driver.insert_timer(Some(0), Instant::now(), Waker::noop());
    driver.set_self_timed(0, true);
    assert_eq!(turn(&driver), 0);
    assert!(slept(&mock, &driver, Some(HOUR)) > Some(HOUR / 2));
    driver.set_self_timed(0, false);
    assert_eq!(turn(&driver), 1);
}

#[test]
fn only_a_foreign_timer_that_a_sleeper_would_miss_wakes_it() {
    let mock = Mock::with_patience(Trigger::Edge, Duration::ZERO);
    let driver = driver(&mock);
    insert(&driver, None, 2 * HOUR);
    assert_eq!(mock.state(|state| state.wakes), 0, "nobody sleeps");
    let sleeper = std::thread::spawn({
        let driver = driver.clone();
        move || driver.try_seat().unwrap().turn(None, &mut Vec::new())
    });
    // It sleeps once it has told the reactor; then its announcement is out.
    while mock.state(|state| state.timeouts.is_empty()) {
        std::thread::yield_now();
    }
    insert(&driver, Some(0), HOUR);
    insert(&driver, None, 3 * HOUR);
    assert_eq!(mock.state(|state| state.wakes), 0);
    insert(&driver, None, HOUR);
    sleeper.join().unwrap().unwrap();
    assert_eq!(mock.state(|state| state.wakes), 1);
}

#[test]
fn far_deadlines_never_come() {
    let (_, driver) = hasty();
    let far = (0..64).rev().find_map(|bits| Instant::now().checked_add(Duration::from_secs(1 << bits))).unwrap();
    let key = driver.insert_timer(None, far, Waker::noop());
    assert_eq!(turn(&driver), 0);
    let mut out = Vec::new();
    driver.fire(driver.remote_wheel(), Instant::now() + 24 * 365 * 100 * HOUR, &mut out);
    assert!(out.is_empty());
    assert!(driver.remove_timer(key));
}

#[test]
fn a_new_waker_takes_the_place_of_the_old_one() {
    let (_, driver) = hasty();
    let (old, old_waker) = Counter::new();
    let (new, new_waker) = Counter::new();
    let key = driver.insert_timer(Some(0), Instant::now(), &old_waker);
    assert!(driver.update_timer(key, &new_waker) && driver.update_timer(key, &new_waker));
    assert_eq!(Arc::strong_count(&old), 2, "the old waker is gone");
    turn(&driver);
    assert_eq!((old.count(), new.count()), (0, 1));
}

/// Adds a timer that is due at once, whenever it is woken.
struct Again(Arc<Driver>);

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        let driver = self.0.clone();
        driver.insert_timer(Some(0), Instant::now(), &Waker::from(self));
    }
}

#[test]
fn a_timer_that_is_set_again_when_it_fires_does_not_hold_the_turn() {
    let (_, driver) = hasty();
    driver.insert_timer(Some(0), Instant::now(), &Waker::from(Arc::new(Again(driver.clone()))));
    for _ in 0..5 {
        assert_eq!(turn(&driver), 1);
    }
}

/// Uses the wheel when its waker dies.
struct Mourner(Arc<Driver>);

impl Wake for Mourner {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Mourner {
    fn drop(&mut self) {
        let key = insert(&self.0, Some(0), HOUR);
        self.0.remove_timer(key);
    }
}

#[test]
fn wakers_of_timers_die_without_a_lock() {
    let (_, driver) = hasty();
    let waker = || Waker::from(Arc::new(Mourner(driver.clone())));
    let key = driver.insert_timer(Some(0), Instant::now() + HOUR, &waker());
    assert!(driver.update_timer(key, &waker()));
    assert!(driver.remove_timer(key));
    assert_eq!(driver.timer_count(), 0);
}

#[test]
#[should_panic(expected = "does not belong to a worker")]
fn the_remote_wheel_is_never_hidden() {
    let (_, driver) = hasty();
    driver.set_self_timed(driver.remote_wheel(), true);
}

#[test]
fn after_everyone_was_told_later_timers_must_not_fire_early() {
    let (_, driver) = hasty();
    let now = Instant::now();
    for wheel in [Some(0), None] {
        let (told, waker) = Counter::new();
        driver.insert_timer(wheel, now + HOUR, &waker);
        let mut out = Vec::new();
        driver.wake_all(&mut out);
        out.drain(..).for_each(Waker::wake);
        assert_eq!((told.count(), driver.timer_count()), (1, 0));

        let number = wheel.unwrap_or(driver.remote_wheel());
        driver.insert_timer(wheel, now + 2 * HOUR, &waker);
        driver.insert_timer(wheel, now + HOUR, &waker);
        driver.fire(number, now + HOUR, &mut out);
        assert_eq!(out.len(), 1);
        driver.fire(number, now + 2 * HOUR, &mut out);
        assert_eq!(out.len(), 2);
    }
}

#[test]
fn a_burst_comes_in_portions_and_leaves_no_time_to_sleep_between_them() {
    let (mock, driver) = hasty();
    // The wheel has not been asked for so long that the burst must be spread over lower levels before it fires.
    std::thread::sleep(Duration::from_millis(10));
    for wheel in [Some(0), None] {
        let (wakes, waker) = Counter::new();
        let deadline = Instant::now();
        for _ in 0..1000 {
            driver.insert_timer(wheel, deadline, &waker);
        }
        let mut turns = 0;
        while wakes.count() < 1000 {
            let before = wakes.count();
            let mut out = Vec::new();
            driver.try_seat().unwrap().turn(Some(HOUR), &mut out).unwrap();
            assert_eq!(mock.state(|state| *state.timeouts.last().unwrap()), Some(Duration::ZERO), "more is due");
            out.into_iter().for_each(Waker::wake);
            let portion = wakes.count() - before;
            assert!(portion <= 64, "{portion} at once");
            turns += 1;
            assert!(turns <= 16 + 6 * 4, "16 that fire, and 4 for each level that the burst is spread from");
        }
        assert!(turns >= 16);
        assert_eq!(driver.timer_count(), 0);
    }
}

#[test]
fn only_after_everyone_was_told_a_timer_may_have_gone_early() {
    let (_, driver) = hasty();
    let (_, waker) = Counter::new();
    let key = insert(&driver, Some(0), HOUR);
    assert!(driver.update_timer(key, &waker) && !driver.told_everyone());
    driver.wake_all(&mut Vec::new());
    assert!(!driver.update_timer(key, &waker) && driver.told_everyone());
}

#[test]
fn that_a_timer_has_fired_is_known_without_asking_for_it() {
    let (_, driver) = hasty();
    let nanosecond = Duration::from_nanos(1);
    let deadline = Instant::now() + HOUR;
    let key = driver.insert_timer(Some(0), deadline, Waker::noop());
    for (now, passed) in [(deadline - nanosecond, false), (deadline + nanosecond, true)] {
        driver.fire(0, now, &mut Vec::new());
        assert_eq!((driver.has_passed(key, deadline), driver.timer_count()), (passed, usize::from(!passed)));
    }
    // What was inserted too late waits for the next look, however much time has passed.
    let late = driver.insert_timer(Some(0), deadline, Waker::noop());
    assert!(!driver.has_passed(late, deadline) && driver.timer_count() == 1);
}

#[test]
fn a_timer_that_replaces_another_is_another_one() {
    let (_, driver) = hasty();
    let now = Instant::now();
    let (wakes, waker) = Counter::new();
    let (other_wakes, other) = Counter::new();
    for (old_waker, waker, wakes) in
        [(&waker, &waker, &wakes), (&other, &waker, &wakes), (&waker, &other, &other_wakes)]
    {
        let before = wakes.count();
        let old = driver.insert_timer(Some(0), now + 2 * HOUR, old_waker);
        let new = driver.replace_timer(old, now + HOUR, waker);
        assert_eq!((driver.timer_count(), driver.next_deadline(0)), (1, Some(now + HOUR)));
        assert!(!driver.remove_timer(old) && !driver.update_timer(old, waker), "the old one is gone");
        let later = driver.replace_timer(new, now + 3 * HOUR, waker);
        assert_eq!((driver.timer_count(), driver.next_deadline(0)), (1, Some(now + 3 * HOUR)));
        let mut due = Vec::new();
        driver.fire(0, now + 2 * HOUR, &mut due);
        assert!(due.is_empty() && driver.update_timer(later, waker));
        // One that is not there any more leaves only the other to be made.
        assert!(driver.remove_timer(later));
        driver.replace_timer(later, now, waker);
        assert_eq!(driver.timer_count(), 1);
        driver.fire(0, now + 2 * HOUR, &mut due);
        due.into_iter().for_each(Waker::wake);
        assert_eq!((wakes.count() - before, driver.timer_count()), (1, 0));
    }
}

#[test]
fn close_deadlines_share_the_end_of_a_sleep() {
    const MICROSECOND: Duration = Duration::from_micros(1);
    // How long a sleep was, beyond the time to the first of two deadlines; the clock goes on between its two readings.
    let beyond = |apart: Duration, timeout: Option<Duration>| {
        let (mock, driver) = hasty();
        let first = Instant::now() + HOUR;
        driver.insert_timer(Some(0), first, Waker::noop());
        driver.insert_timer(None, first + apart, Waker::noop());
        let ahead = first - Instant::now();
        let slept = slept(&mock, &driver, timeout).unwrap();
        slept.checked_sub(ahead.min(timeout.unwrap_or(HOUR)))
    };
    // The thread may be interrupted between the readings; without sharing, there is never anything beyond.
    assert!((0..1000).any(|_| beyond(100 * MICROSECOND, None) > Some(Duration::ZERO)));
    for _ in 0..100 {
        assert!(beyond(100 * MICROSECOND, None) <= Some(100 * MICROSECOND), "nobody waits for more than the later one");
        assert!(beyond(200 * MICROSECOND, None) <= Some(Duration::ZERO), "so long none is put off");
        assert!(beyond(100 * MICROSECOND, Some(HOUR / 2)) <= Some(Duration::ZERO), "a timeout is none");
    }
}

/// The thread spins for what a sleep was too short by only if that is less than a sleep costs.
#[test]
fn a_sleep_that_ended_far_too_early_is_not_spun_to_its_end() {
    let (_, driver) = hasty();
    let mut due = Vec::new();
    insert(&driver, Some(0), HOUR);
    driver.fire_after_sleep(0, Instant::now(), &mut due);
    assert!(due.is_empty() && driver.timer_count() == 1);
    // The same in the driver, whose reactor ends every sleep at once.
    assert_eq!(turn(&driver), 0);
}
