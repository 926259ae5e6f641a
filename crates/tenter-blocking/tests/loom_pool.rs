//! Loom models of the pool's queue: pushes against threads that leave, fail to start, or are shut down.
#![cfg(tenter_loom)]

mod modelled;

use std::time::Duration;

use loom::thread;
use modelled::{Counts, Threads, model, settings};
use tenter_blocking::Lane;
use tenter_blocking::queue::Queue;

/// The wait of an idle thread may end at any moment, also in the midst of a claim.
#[test]
fn a_job_pushed_while_the_idle_thread_leaves_must_run() {
    model(|| {
        let (threads, counts) = (Threads::new(3), Counts::default());
        let queue = Queue::new(settings(1, Duration::ZERO), threads.clone());
        for _ in 0..2 {
            assert!(Queue::push(&queue, Lane::General, counts.job()).is_ok());
        }
        threads.join();
        assert_eq!((counts.run(), queue.queued(), queue.threads(), queue.idle_threads()), (2, 0, 0, 0));
    });
}

#[test]
fn jobs_pushed_by_two_threads_while_idle_ones_leave_must_run() {
    model(|| {
        let (threads, counts) = (Threads::new(2), Counts::default());
        let queue = Queue::new(settings(2, Duration::ZERO), threads.clone());
        let pusher = {
            let (queue, counts) = (queue.clone(), counts.clone());
            thread::spawn(move || usize::from(Queue::push(&queue, Lane::General, counts.job()).is_ok()))
        };
        let accepted = usize::from(Queue::push(&queue, Lane::General, counts.job()).is_ok()) + pusher.join().unwrap();
        threads.join();
        assert_eq!((accepted, counts.run(), queue.queued(), queue.threads()), (2, 2, 0, 0));
    });
}

/// Of the starts only the first succeeds, and its thread may have left when the next job comes.
#[test]
fn an_accepted_job_must_run_though_thread_starts_fail() {
    model(|| {
        let (threads, counts) = (Threads::new(1), Counts::default());
        let queue = Queue::new(settings(4, Duration::ZERO), threads.clone());
        let pusher = {
            let (queue, counts) = (queue.clone(), counts.clone());
            thread::spawn(move || usize::from(Queue::push(&queue, Lane::General, counts.job()).is_ok()))
        };
        let here = (0..2).filter(|_| Queue::push(&queue, Lane::General, counts.job()).is_ok()).count();
        let accepted = here + pusher.join().unwrap();
        threads.join();
        assert!(accepted >= 1);
        assert_eq!((counts.run(), counts.dropped(), queue.queued()), (accepted, 3 - accepted, 0));
    });
}

/// Threads that wait for ever: a claim without a wake-up would be a deadlock.
#[test]
fn a_waiting_thread_must_be_woken_by_job_and_shutdown() {
    model(|| {
        let (threads, counts) = (Threads::new(2), Counts::default());
        let queue = Queue::new(settings(2, Duration::MAX), threads.clone());
        for _ in 0..2 {
            assert!(Queue::push(&queue, Lane::General, counts.job()).is_ok());
        }
        queue.shutdown();
        threads.join();
        assert_eq!((counts.run() + counts.dropped(), queue.queued(), queue.threads()), (2, 0, 0));
    });
}

#[test]
fn a_job_pushed_during_shutdown_runs_or_is_dropped() {
    model(|| {
        let (threads, counts) = (Threads::new(2), Counts::default());
        let queue = Queue::new(settings(2, Duration::MAX), threads.clone());
        let pusher = {
            let (queue, counts) = (queue.clone(), counts.clone());
            thread::spawn(move || {
                for _ in 0..2 {
                    drop(Queue::push(&queue, Lane::General, counts.job()));
                }
            })
        };
        queue.shutdown();
        pusher.join().unwrap();
        threads.join();
        assert_eq!((counts.run() + counts.dropped(), queue.queued(), queue.threads()), (2, 0, 0));
    });
}
