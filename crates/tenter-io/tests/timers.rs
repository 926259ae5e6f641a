//! Moments: never early, movable, forgettable.

mod common;

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use futures_lite::{StreamExt, future};
use tenter_core::coop;
use tenter_io::time::{self, Interval, MissedTickBehavior};
use tenter_io::{Async, Timer};
use tenter_runtime::spawn;

use crate::common::{each, is_pending, on_each};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Whether a timer is over, without waiting; it keeps what it had registered.
async fn is_over(timer: &mut Timer) -> bool {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *timer).poll(cx).is_ready())).await
}

#[test]
fn no_timer_is_early_however_short() {
    each(|| async {
        let spans = [0, 1, 999, 1_000, 65_535, 65_536, 65_537, 500_000, 999_999, 1_000_000, 1_000_001, 3_700_000];
        for nanos in spans {
            let span = Duration::from_nanos(nanos);
            let start = Instant::now();
            let due = Timer::after(span).await;
            let end = Instant::now();
            assert!(end - start >= span, "{:?} instead of {span:?}", end - start);
            assert!(end >= due && due >= start + span);
        }
        let mut tasks = Vec::new();
        for nanos in (0..200).map(|i| i * 37_001) {
            tasks.push(spawn(async move {
                let deadline = Instant::now() + Duration::from_nanos(nanos);
                Timer::at(deadline).await;
                Instant::now() >= deadline
            }));
        }
        for task in tasks {
            assert!(task.await, "early");
        }
    });
}

/// A waker that wakes another one when it is dropped.
struct Last {
    dropped: Arc<AtomicBool>,
    other: Waker,
}

impl Wake for Last {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Last {
    fn drop(&mut self) {
        self.dropped.store(true, Relaxed);
        self.other.wake_by_ref();
    }
}

/// A dropped timer's waker is dropped when its thread has nothing else to do.
#[test]
fn what_the_drop_of_a_timers_waker_wakes_must_not_be_slept_past() {
    each(|| async {
        let dropped = Arc::new(AtomicBool::new(false));
        let mut timer = Some(Timer::after(Duration::from_secs(3600)));
        poll_fn(|cx| {
            if let Some(mut timer) = timer.take() {
                let last = Last { dropped: dropped.clone(), other: cx.waker().clone() };
                let waker = Waker::from(Arc::new(last));
                assert!(Pin::new(&mut timer).poll(&mut Context::from_waker(&waker)).is_pending());
            }
            if dropped.load(Relaxed) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    });
}

#[test]
fn far_timers_do_not_fire_and_do_not_hold_up_near_ones() {
    each(|| async {
        let days = |n: u64| Duration::from_secs(n * 24 * 3600);
        // Around 2^31 ms, 2^32 ms, 2^52 ns and whatever else is a limit of some timeout.
        let far = [days(1), days(24), days(25), days(49), days(50), days(52), days(53), days(365 * 250), Duration::MAX];
        let mut timers: Vec<Timer> = far.into_iter().map(Timer::after).collect();
        for timer in &mut timers {
            assert!(!is_over(timer).await);
        }
        Timer::after(ms(3)).await;
        for timer in &mut timers {
            assert!(!is_over(timer).await);
        }
    });
}

#[test]
fn the_longest_duration_means_never() {
    each(|| async {
        assert!(!Timer::after(Duration::MAX).will_fire());
        assert!(!Timer::never().will_fire());
        assert!(time::timeout(ms(3), Timer::after(Duration::MAX)).await.is_err());
        assert!(time::timeout(ms(3), time::sleep(Duration::MAX)).await.is_err());
        assert_eq!(time::timeout(Duration::MAX, async { 1 }).await, Ok(1));
        assert!(time::timeout(ms(3), time::timeout(Duration::MAX, pending::<()>())).await.is_err());
        let mut interval = Timer::interval(Duration::MAX);
        assert!(!interval.will_fire());
        assert!(time::timeout(ms(3), interval.next()).await.is_err());
    });
}

#[test]
fn a_timer_at_a_past_moment_is_over_at_once() {
    each(|| async {
        let past = Instant::now();
        assert_eq!(Timer::at(past).await, past);
        let mut timer = Timer::at(past);
        assert!(is_over(&mut timer).await);
        assert!(!timer.will_fire());
    });
}

#[test]
fn a_timer_that_is_set_earlier_fires_earlier() {
    each(|| async {
        let mut timer = Timer::after(Duration::from_secs(3600));
        assert!(!is_over(&mut timer).await);
        let start = Instant::now();
        timer.set_after(ms(4));
        (&mut timer).await;
        assert!(start.elapsed() >= ms(4));
        let mut sleep = time::sleep(Duration::from_secs(3600));
        assert!(future::poll_once(&mut sleep).await.is_none());
        sleep.reset(Instant::now() + ms(1));
        sleep.await;
    });
}

#[test]
fn a_timer_that_is_set_later_does_not_fire_at_the_old_moment() {
    each(|| async {
        let mut timer = Timer::after(ms(5));
        let _ = is_over(&mut timer).await;
        timer.set_after(Duration::from_secs(3600));
        assert!(!is_over(&mut timer).await);
        Timer::after(ms(8)).await;
        assert!(!is_over(&mut timer).await);
        let later = Instant::now() + ms(3);
        timer.set_at(later);
        assert_eq!(timer.await, later);
        assert!(Instant::now() >= later);
    });
}

#[test]
fn a_timer_wakes_the_task_that_polled_it_last() {
    each(|| async {
        // Polled as nobody's first.
        let timer = loop {
            let mut timer = Timer::after(ms(5));
            if is_pending(&mut timer) {
                break timer;
            }
        };
        spawn(timer).await;
    });
}

#[test]
fn timers_that_are_dropped_leave_nothing_behind() {
    on_each(|runtime| {
        runtime.block_on(async {
            // Each would take 64 bytes in a wheel, so 12 MB if they stayed there for their hour. Other tests of this process take
            // memory, too: the least of several tries is this one's alone.
            let mut grown = usize::MAX;
            for _ in 0..10 {
                let before = resident_kib();
                for _ in 0..200_000 {
                    let mut timer = Timer::after(Duration::from_secs(3600));
                    assert!(!is_over(&mut timer).await);
                }
                grown = grown.min(resident_kib().saturating_sub(before));
                if grown < 6 * 1024 {
                    break;
                }
            }
            assert!(grown < 6 * 1024, "{grown} KiB more");
            Timer::after(ms(1)).await;
        });
    });
}

/// The memory of this process; 0 where that can't be told. Wine has such a file, too, and it tells of Wine's server.
fn resident_kib() -> usize {
    if !cfg!(target_os = "linux") {
        return 0;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[test]
fn a_timeout_gives_the_result_or_says_that_time_is_up() {
    each(|| async {
        assert_eq!(time::timeout(Duration::from_secs(3600), async { 5 }).await, Ok(5));
        // What is ready is given even if no time was left.
        assert_eq!(time::timeout(Duration::ZERO, async { 5 }).await, Ok(5));
        let start = Instant::now();
        let elapsed = time::timeout(ms(4), pending::<()>()).await.unwrap_err();
        assert!(start.elapsed() >= ms(4));
        assert_eq!(io::Error::from(elapsed).kind(), io::ErrorKind::TimedOut);
        let late = time::timeout_at(Instant::now() + ms(2), async {
            Timer::after(ms(1)).await;
            "in time, or not"
        });
        if let Ok(text) = late.await {
            assert_eq!(text, "in time, or not");
        }
    });
}

#[test]
fn an_interval_ticks_at_once_and_then_at_multiples() {
    each(|| async {
        let mut interval = time::interval(ms(3));
        let first = interval.tick().await;
        for i in 1..5 {
            let due = interval.tick().await;
            assert_eq!(due, first + ms(3) * i);
            assert!(Instant::now() >= due);
        }
        let mut timer = Timer::interval_at(first, ms(3));
        for i in 0..5 {
            assert_eq!(timer.next().await, Some(first + ms(3) * i));
        }
        assert_eq!(interval.period(), ms(3));
    });
}

/// An interval that started `late` ago, of which nobody heard a tick since the first.
async fn missed(late: Duration, behavior: MissedTickBehavior) -> (Instant, Interval) {
    let start = Instant::now() - late;
    let mut interval = time::interval_at(start, ms(10));
    interval.set_missed_tick_behavior(behavior);
    assert_eq!(interval.missed_tick_behavior(), behavior);
    assert_eq!(interval.tick().await, start);
    (start, interval)
}

#[test]
fn missed_ticks_come_in_a_burst_or_are_put_off_or_left_out() {
    each(|| async {
        let (start, mut burst) = missed(ms(35), MissedTickBehavior::Burst).await;
        for i in 1..=4 {
            assert_eq!(burst.tick().await, start + ms(10) * i);
        }
        let before = Instant::now();
        let (_, mut delay) = missed(ms(35), MissedTickBehavior::Delay).await;
        let second = delay.tick().await;
        assert!(second >= before + ms(10), "{:?}", second - before);
        let before = Instant::now();
        let (start, mut skip) = missed(ms(35), MissedTickBehavior::Skip).await;
        let second = skip.tick().await;
        assert!(second > before);
        assert_eq!((second - start).as_nanos() % ms(10).as_nanos(), 0);
        let now = Instant::now();
        skip.reset();
        assert!(skip.tick().await >= now + ms(10));
    });
}

#[test]
#[should_panic(expected = "must not be zero")]
fn an_interval_of_nothing_is_refused() {
    drop(time::interval(Duration::ZERO));
}

#[test]
fn a_task_that_sets_its_timer_to_nothing_again_and_again_lets_others_go_on() {
    each(|| async {
        let (a, b) = common::pair().unwrap();
        let (a, b) = (Async::new(a).unwrap(), b);
        let busy = spawn(async {
            let mut timer = Timer::after(Duration::ZERO);
            loop {
                (&mut timer).await;
                timer.set_after(Duration::ZERO);
                future::yield_now().await;
            }
        });
        let waiting = spawn(async move { a.readable().await });
        Timer::after(ms(2)).await;
        std::io::Write::write_all(&mut &b, b"x").unwrap();
        waiting.await.unwrap();
        Timer::after(ms(2)).await;
        busy.cancel().await;
    });
}

#[test]
fn thousands_of_timers_for_one_moment_all_fire() {
    each(|| async {
        let deadline = Instant::now() + ms(20);
        let tasks: Vec<_> = (0..5_000).map(|_| spawn(Timer::at(deadline))).collect();
        for task in tasks {
            assert_eq!(task.await, deadline);
        }
        assert!(Instant::now() >= deadline);
    });
}

#[test]
fn a_pinned_timer_goes_on_where_it_was_after_others_were_polled() {
    each(|| async {
        let start = Instant::now();
        let mut deadline = pin!(Timer::after(ms(15)));
        let mut rounds = 0;
        while future::or(async { Some((&mut *deadline).await) }, async {
            Timer::after(ms(4)).await;
            None
        })
        .await
        .is_none()
        {
            rounds += 1;
        }
        assert!(start.elapsed() >= ms(15));
        // Each began before the deadline, so the fourth 12 ms after the start or later, and no fifth.
        assert!(rounds <= 4, "{rounds} rounds of 4 ms in 15");
    });
}

/// Spends a task's budget on timers that are over, and gives an interval whose first tick is put off by that.
fn spend_budget(past: Instant) -> Interval {
    let mut cx = Context::from_waker(Waker::noop());
    coop::begin();
    let over = (0..200).filter(|_| Pin::new(&mut Timer::at(past)).poll(&mut cx).is_ready()).count();
    assert_eq!(over, 128, "the rest would be at the next poll");
    let mut interval = time::interval_at(past, ms(1));
    assert!(interval.poll_tick(&mut cx).is_pending());
    let always = poll_fn(|cx| Pin::new(&mut Timer::at(past)).poll(cx));
    let mut always = pin!(time::timeout(Duration::ZERO, always));
    assert!(matches!(always.as_mut().poll(&mut cx), Poll::Ready(Err(_))), "it must end though the budget is spent");
    coop::end();
    interval
}

#[test]
fn timers_that_are_over_spend_the_budget_of_a_task_and_a_timeout_ends_without_one() {
    each(|| async {
        let past = Instant::now();
        let mut interval = spend_budget(past);
        assert_eq!(interval.tick().await, past);
    });
}

#[test]
fn a_timer_that_is_polled_long_after_it_was_made_is_over_soon() {
    each(|| async {
        let mut timer = Timer::after(ms(2));
        std::thread::sleep(ms(4));
        let due = (&mut timer).await;
        assert!(Instant::now() >= due && !timer.will_fire());
    });
}

#[test]
fn a_crowd_with_one_deadline_lets_others_go_on() {
    each(|| async {
        let deadline = Instant::now() + ms(10);
        let crowd: Vec<_> = (0..3000).map(|_| spawn(Timer::at(deadline))).collect();
        let mut later = pin!(Timer::at(deadline + ms(1)));
        (&mut *later).await;
        for task in crowd {
            assert_eq!(task.await, deadline);
        }
    });
}
