//! Loom models of who looks for a queued job: spinning threads, busy ones that are relied on, and the lookout.
//!
//! In each a job waits for another, so that a job that is left behind is a deadlock, which loom reports.
#![cfg(tenter_loom)]

mod modelled;

use std::time::Duration;

use modelled::{Milestone, Step, Threads, model, settings};
use tenter_blocking::queue::{Limits, Queue, Settings};
use tenter_blocking::{Lane, Spin};

/// Pushes a job that waits for the next one, and the next one; waits for both.
fn push_pair(queue: &loom::sync::Arc<Queue<Step, Threads>>) {
    let (inner, outer) = (Milestone::new(), Milestone::new());
    let waits = Step { after: Some(inner.clone()), then: outer.clone() };
    assert!(Queue::push(queue, Lane::General, waits).is_ok());
    assert!(Queue::push(queue, Lane::General, Step { after: None, then: inner }).is_ok());
    outer.wait(1);
}

/// The thread that takes the first job must give the search on, since it does not come back for the second.
#[test]
fn a_job_behind_one_that_waits_for_it_must_get_a_thread() {
    model(|| {
        let threads = Threads::new(2);
        let queue = Queue::new(settings(2, Duration::MAX), threads.clone());
        push_pair(&queue);
        queue.shutdown();
        threads.join();
        assert_eq!((queue.queued(), queue.threads(), queue.idle_threads()), (0, 0, 0));
    });
}

/// The second push wakes nobody if the thread still spins.
#[test]
fn a_spinning_thread_must_give_the_search_on() {
    model(|| {
        let threads = Threads::new(2);
        let queue = Queue::new(Settings { spin: Spin::Always, ..settings(2, Duration::MAX) }, threads.clone());
        let first = Milestone::new();
        assert!(Queue::push(&queue, Lane::General, Step { after: None, then: first.clone() }).is_ok());
        first.wait(1);
        push_pair(&queue);
        queue.shutdown();
        threads.join();
        assert_eq!((queue.queued(), queue.threads(), queue.idle_threads()), (0, 0, 0));
    });
}

/// Jobs are taken to be short, so the second of each pair is left to the thread that waits for it.
#[test]
fn the_lookout_must_find_a_job_that_was_left_to_a_busy_thread() {
    model(|| {
        let threads = Threads::new(2);
        let short = Settings { mean_time: Some(Duration::ZERO), ..settings(2, Duration::MAX) };
        let queue = Queue::new(short, threads.clone());
        push_pair(&queue);
        push_pair(&queue);
        queue.shutdown();
        threads.join();
        assert_eq!((queue.queued(), queue.threads(), queue.idle_threads()), (0, 0, 0));
    });
}

/// The lookout's keep-alive may end at any moment.
#[test]
fn a_lookout_that_leaves_must_not_leave_a_job_behind() {
    model(|| {
        let threads = Threads::new(4);
        let short = Settings { mean_time: Some(Duration::ZERO), ..settings(2, Duration::ZERO) };
        let queue = Queue::new(short, threads.clone());
        push_pair(&queue);
        push_pair(&queue);
        threads.join();
        assert_eq!((queue.queued(), queue.threads(), queue.idle_threads()), (0, 0, 0));
    });
}

/// A job at its lane's limit wakes nobody; who finishes the one before it must take it.
#[test]
fn a_job_at_its_lanes_limit_must_run_after_the_one_before() {
    model(|| {
        let threads = Threads::new(2);
        let limits = Limits::new(2, [None, Some(1), None]);
        let queue = Queue::new(Settings { limits, ..settings(2, Duration::MAX) }, threads.clone());
        let (first, second, third) = (Milestone::new(), Milestone::new(), Milestone::new());
        assert!(Queue::push(&queue, Lane::Dns, Step { after: Some(third.clone()), then: first.clone() }).is_ok());
        assert!(Queue::push(&queue, Lane::Dns, Step { after: Some(first), then: second.clone() }).is_ok());
        // Of another lane: it must get past the two.
        assert!(Queue::push(&queue, Lane::General, Step { after: None, then: third }).is_ok());
        second.wait(1);
        queue.shutdown();
        threads.join();
        assert_eq!((queue.queued(), queue.threads(), queue.idle_threads()), (0, 0, 0));
    });
}
