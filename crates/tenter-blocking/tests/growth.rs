//! When a pool wakes or starts a thread: not for what the others get to in no time, and always for what waits.
#![cfg(not(tenter_loom))]

mod common;

use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use common::{LONG, Raw, Withheld, output, settings, wait_until};
use tenter_blocking::queue::{Queue, Settings};
use tenter_blocking::{Lane, Pool, PoolConfig, Spin};

fn nothing() -> Raw {
    Raw(Box::new(|| ()))
}

#[test]
fn a_job_with_a_thread_on_its_way_must_wake_no_other() {
    let threads = Withheld::default();
    let queue = Queue::new(settings(4), threads.clone());
    // Too few for the thread to tell how long they took before it is through.
    for _ in 0..7 {
        assert!(Queue::push(&queue, Lane::General, nothing()).is_ok());
    }
    assert_eq!((threads.waiting(), queue.queued()), (1, 7), "one thread comes for all");
    threads.release();
    wait_until("it did all jobs", || queue.idle_threads() == 1);
    assert_eq!((threads.waiting(), queue.queued()), (1, 0), "it gave the search on, once");
    assert!(Queue::push(&queue, Lane::General, nothing()).is_ok());
    assert_eq!((queue.idle_threads(), queue.queued(), queue.threads()), (1, 1, 2), "the second thread comes for it");
    threads.release();
    wait_until("it did", || queue.idle_threads() == 2 && queue.queued() == 0);
    queue.shutdown();
}

#[test]
fn long_jobs_get_a_thread_each_at_once() {
    let threads = Withheld::default();
    let queue = Queue::new(Settings { mean_time: Some(LONG), ..settings(4) }, threads.clone());
    for pushed in 1..=6 {
        assert!(Queue::push(&queue, Lane::General, nothing()).is_ok());
        assert_eq!(threads.waiting(), pushed.min(4));
    }
    queue.shutdown();
    (0..4).for_each(|_| threads.release());
    wait_until("all left", || queue.threads() == 0);
}

/// Jobs of a pool whose jobs took no time so far: it counts on that, and must notice when it is wrong.
fn short_jobs_so_far(config: PoolConfig) -> Pool {
    let pool = Pool::new(config);
    for _ in 0..if cfg!(miri) { 3 } else { 20 } {
        let tasks: Vec<_> = (0..64).map(|_| pool.spawn(|| ())).collect();
        tasks.into_iter().for_each(futures_lite::future::block_on);
    }
    pool
}

#[test]
fn jobs_that_wait_for_each_other_must_all_run_at_once() {
    const JOBS: usize = if cfg!(miri) { 8 } else { 64 };
    for pool in [Pool::new(PoolConfig::new()), short_jobs_so_far(PoolConfig::new())] {
        for _ in 0..3 {
            let barrier = Arc::new(Barrier::new(JOBS));
            let job = || {
                let barrier = barrier.clone();
                pool.spawn(move || {
                    barrier.wait();
                })
            };
            let tasks: Vec<_> = (0..JOBS).map(|_| job()).collect();
            assert!(tasks.into_iter().all(|task| output(task).is_some()));
        }
        // A thread is not back from its job at once when the job's task is done.
        assert!(pool.threads() <= 2 * JOBS, "{} threads", pool.threads());
    }
}

/// Left to the thread that is busy with the first, the second would wait for itself.
#[test]
fn a_job_behind_one_that_turns_out_long_must_get_a_thread() {
    let pool = short_jobs_so_far(PoolConfig::new().spin(Spin::Never));
    for _ in 0..20 {
        let quick: Vec<_> = (0..32).map(|_| pool.spawn(|| ())).collect();
        let (sender, receiver) = mpsc::channel();
        let first = pool.spawn(move || receiver.recv_timeout(LONG).is_ok());
        let second = pool.spawn(move || sender.send(()).unwrap());
        quick.into_iter().for_each(futures_lite::future::block_on);
        assert_eq!((output(first), output(second)), (Some(true), Some(())));
    }
}

#[test]
fn nested_jobs_in_a_pool_of_short_ones_get_a_thread_each() {
    fn nest(pool: &Pool, depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let inner = pool.clone();
        output(pool.spawn(move || nest(&inner, depth - 1))).unwrap() + 1
    }
    let pool = short_jobs_so_far(PoolConfig::new());
    assert_eq!(nest(&pool, 20), 20);
    assert_eq!(nest(&pool, 20), 20);
}

#[test]
fn each_job_runs_whatever_the_spinning() {
    const JOBS: usize = if cfg!(miri) { 20 } else { 2000 };
    for spin in [Spin::Never, Spin::Adaptive, Spin::Always] {
        let pool = Pool::new(PoolConfig::new().spin(spin).max_threads(4));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for n in 0..JOBS {
                        assert_eq!(futures_lite::future::block_on(pool.spawn(move || n)), n);
                    }
                });
            }
        });
        assert_eq!(pool.queued(), 0);
    }
}

#[test]
fn a_spinning_thread_must_see_the_shutdown() {
    let (stopped, has_stopped) = mpsc::channel();
    let config = PoolConfig::new().spin(Spin::Always).keep_alive(Duration::MAX);
    let pool = Pool::new(config.on_thread_stop(move || stopped.send(()).unwrap()));
    assert_eq!(output(pool.spawn(|| 1)), Some(1));
    drop(pool);
    has_stopped.recv_timeout(LONG).expect("the thread must leave");
}

#[test]
fn the_lookout_must_retire_when_nothing_happens() {
    let threads = Withheld::default();
    let queue = Queue::new(Settings { mean_time: Some(Duration::ZERO), ..settings(4) }, threads.clone());
    for _ in 0..64 {
        assert!(Queue::push(&queue, Lane::General, nothing()).is_ok());
    }
    threads.release();
    wait_until("it was on duty and is no more", || queue.lookout_ticks() > 0 && !queue.has_lookout());
    assert_eq!((queue.idle_threads(), queue.queued()), (1, 0));
    queue.shutdown();
}
