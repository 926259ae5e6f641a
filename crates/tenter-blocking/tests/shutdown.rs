//! The end of a pool: nothing waits for a started job, nothing is left of the others.
#![cfg(not(tenter_loom))]

mod common;

use std::sync::{Arc, mpsc};
use std::time::Duration;

use common::{Held, LONG, output, wait_until};
use tenter_blocking::{Pool, PoolConfig};

#[test]
fn a_dropped_pool_must_not_wait_for_a_started_job() {
    let pool = Pool::new(PoolConfig::new());
    let held = Held::start(&pool);
    let (dropped, was_dropped) = mpsc::channel();
    std::thread::spawn(move || {
        drop(pool);
        dropped.send(()).unwrap();
    });
    // Less than what the held job would stay of its own accord.
    was_dropped.recv_timeout(LONG / 2).expect("the drop must not wait");
    assert!(!held.task.is_finished());
    assert_eq!(output(held.let_go()), Some(()), "the started job runs to its end");
}

#[test]
fn jobs_not_started_are_dropped_at_shutdown() {
    let pool = Pool::new(PoolConfig::new().max_threads(1));
    let held = Held::start(&pool);
    let mark = Arc::new(());
    let job = |mark: Arc<()>| move || drop(mark);
    let awaited = pool.spawn(job(mark.clone()));
    pool.spawn(job(mark.clone())).detach();
    assert_eq!((pool.queued(), Arc::strong_count(&mark)), (2, 3));
    pool.shutdown();
    assert_eq!((pool.queued(), Arc::strong_count(&mark)), (0, 1));
    assert_eq!(output(awaited), None);
    assert_eq!(output(held.let_go()), Some(()));
    wait_until("the thread left", || pool.threads() == 0);
}

#[test]
fn jobs_after_shutdown_are_refused() {
    let pool = Pool::new(PoolConfig::new());
    pool.shutdown();
    let refused = pool.try_spawn(|| 5).unwrap_err();
    assert!(refused.is_closed() && refused.io_error().is_none());
    assert_eq!(refused.into_job()(), 5);
    assert_eq!(output(pool.spawn(|| 5)), None);
    assert_eq!(pool.threads(), 0);
}

#[test]
fn idle_threads_must_not_outstay_their_pool() {
    let (stopped, has_stopped) = mpsc::channel();
    let config = PoolConfig::new().keep_alive(Duration::MAX);
    let pool = Pool::new(config.on_thread_stop(move || stopped.send(()).unwrap()));
    let held: Vec<_> = (0..3).map(|_| Held::start(&pool)).collect();
    held.into_iter().for_each(|held| held.let_go().detach());
    wait_until("all are idle", || pool.idle_threads() == 3);
    drop(pool);
    for _ in 0..3 {
        has_stopped.recv_timeout(LONG).expect("an idle thread must leave");
    }
}

#[test]
fn the_last_handle_may_be_dropped_by_a_job() {
    let pool = Pool::new(PoolConfig::new());
    let held = Held::start(&pool);
    let inner = pool.clone();
    let task = pool.spawn(move || drop(inner));
    drop(pool);
    // It owns a handle, so it runs; what it drops is the last.
    assert_eq!(output(task), Some(()));
    held.let_go().detach();
}
