//! The budget: when it withholds, what gives it back, and where there is none.
#![cfg(not(tenter_loom))]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use tenter_core::coop::{self, BUDGET, Spent};
use tenter_core::park::block_on;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn proceed() -> Poll<Spent> {
    coop::poll_proceed(&mut Context::from_waker(Waker::noop()))
}

/// How many operations complete before one is withheld.
fn spend_all() -> usize {
    (0..1000).take_while(|_| proceed().map(Spent::made_progress).is_ready()).count()
}

#[test]
fn a_poll_has_its_budget_and_no_more() {
    coop::begin();
    assert_eq!(spend_all(), usize::from(BUDGET));
    assert!(!coop::has_budget_remaining());
    coop::begin();
    assert!(coop::has_budget_remaining());
    assert_eq!(spend_all(), usize::from(BUDGET));
    coop::end();
    assert_eq!(spend_all(), 1000);
}

#[test]
fn what_is_withheld_has_woken_its_task() {
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    let mut cx = Context::from_waker(&waker);
    coop::begin();
    spend_all();
    assert_eq!(count.0.load(Ordering::Relaxed), 0);
    assert!(coop::poll_proceed(&mut cx).is_pending());
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    coop::end();
}

#[test]
fn waiting_spends_nothing() {
    coop::begin();
    for _ in 0..1000 {
        assert!(proceed().is_ready(), "the unit of an operation that had to wait goes back");
    }
    assert_eq!(spend_all(), usize::from(BUDGET));
    coop::end();
}

#[test]
fn a_unit_kept_too_long_does_not_add_to_a_budget_nor_lower_no_limit() {
    coop::begin();
    let kept = proceed();
    coop::begin();
    drop(kept);
    assert_eq!(spend_all(), usize::from(BUDGET));
    coop::begin();
    let kept = proceed();
    coop::end();
    drop(kept);
    assert_eq!(spend_all(), 1000);
}

#[test]
fn a_thread_that_never_began_has_no_limit() {
    assert_eq!(std::thread::spawn(spend_all).join().unwrap(), 1000);
}

#[test]
fn block_on_has_no_limit_even_within_a_poll_whose_budget_is_spent() {
    coop::begin();
    spend_all();
    let spent = block_on(async {
        for _ in 0..1000 {
            coop::consume_budget().await;
        }
        spend_all()
    });
    assert_eq!(spent, 1000);
    assert!(!coop::has_budget_remaining(), "the task's own budget is as it was");
    coop::end();
}

#[test]
fn unconstrained_has_no_limit_and_spends_nothing() {
    coop::begin();
    let mut future = pin!(coop::unconstrained(poll_fn(|_| Poll::Ready(spend_all()))));
    assert_eq!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(1000));
    assert_eq!(spend_all(), usize::from(BUDGET));
    coop::end();
}

#[test]
fn a_panic_in_unconstrained_puts_the_limit_back() {
    coop::begin();
    let polled = std::panic::catch_unwind(|| {
        let mut future = pin!(coop::unconstrained(poll_fn(|_| -> Poll<()> { panic!("as asked") })));
        future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    });
    assert!(polled.is_err());
    assert_eq!(spend_all(), usize::from(BUDGET));
    coop::end();
}

#[test]
fn consume_budget_gives_way_when_it_is_spent() {
    let mut loops = 0;
    let mut future = Box::pin(async {
        loop {
            coop::consume_budget().await;
            loops += 1;
        }
    });
    for _ in 0..3 {
        coop::begin();
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    coop::end();
    drop(future);
    assert_eq!(loops, 3 * usize::from(BUDGET));
}

#[test]
fn cooperative_futures_spend_when_they_end_and_wait_for_nothing() {
    coop::begin();
    let mut polls = 0;
    let mut cx = Context::from_waker(Waker::noop());
    let mut waiting = pin!(coop::cooperative(poll_fn(|_| {
        polls += 1;
        if polls > 300 { Poll::Ready(()) } else { Poll::Pending }
    })));
    for _ in 0..300 {
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
    }
    assert!(waiting.as_mut().poll(&mut cx).is_ready());
    assert_eq!(spend_all(), usize::from(BUDGET) - 1);
    let mut never = pin!(coop::cooperative(poll_fn(|_| -> Poll<()> { panic!("polled without a budget") })));
    assert!(never.as_mut().poll(&mut cx).is_pending());
    coop::end();
}
