//! hyper's sleeps on tenter's timers.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_lite::future::{block_on, poll_once};
use hyper::rt::{Sleep, Timer as _};
use tenter_hyper::Timer;

const LONG: Duration = Duration::from_secs(3600);

fn poll(sleep: &mut Pin<Box<dyn Sleep>>) -> Poll<()> {
    sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_sleep_is_never_early() {
    let started = Instant::now();
    block_on(Timer::new().sleep(Duration::from_millis(20)));
    assert!(started.elapsed() >= Duration::from_millis(20));
    block_on(Timer::new().sleep_until(started + Duration::from_millis(40)));
    assert!(started.elapsed() >= Duration::from_millis(40));
}

#[test]
fn a_reset_moves_a_sleep_that_was_polled_both_ways() {
    let timer = Timer::new();
    let mut sleep = timer.sleep(LONG);
    assert!(poll(&mut sleep).is_pending());
    timer.reset(&mut sleep, Instant::now());
    block_on(sleep.as_mut());
    let mut sleep = timer.sleep(Duration::from_millis(1));
    timer.reset(&mut sleep, Instant::now() + LONG);
    std::thread::sleep(Duration::from_millis(5));
    assert!(poll(&mut sleep).is_pending());
}

#[test]
fn a_reset_keeps_the_sleep_itself() {
    let timer = Timer::new();
    let mut sleep = timer.sleep(LONG);
    let address = std::ptr::from_ref(&*sleep).cast::<()>();
    timer.reset(&mut sleep, Instant::now() + LONG);
    assert_eq!(std::ptr::from_ref(&*sleep).cast::<()>(), address);
}

#[test]
fn a_reset_wakes_the_task_that_waits() {
    let timer = Timer::new();
    let mut sleep = timer.sleep(LONG);
    block_on(async {
        assert_eq!(poll_once(sleep.as_mut()).await, None);
        timer.reset(&mut sleep, Instant::now() + Duration::from_millis(10));
        poll_fn(|cx| sleep.as_mut().poll(cx)).await;
    });
}

#[test]
fn a_sleep_of_the_longest_duration_is_for_ever() {
    let mut sleep = Timer::new().sleep(Duration::MAX);
    assert!(poll(&mut sleep).is_pending());
}
