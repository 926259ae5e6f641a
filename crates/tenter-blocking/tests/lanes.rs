//! Lanes: each has its limit, and none holds up another.
#![cfg(not(tenter_loom))]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Held, output, wait_until};
use tenter_blocking::{Lane, Pool, PoolConfig};

#[test]
fn a_lane_at_its_limit_must_hold_up_no_other() {
    let pool = Pool::new(PoolConfig::new().lane_limit(Lane::Dns, 2));
    let lookups = pool.lane(Lane::Dns);
    let held: Vec<_> = (0..2).map(|_| Held::start(&lookups)).collect();
    let late: Vec<_> = (0..5).map(|n| lookups.spawn(move || n)).collect();
    assert_eq!((pool.queued(), pool.threads()), (5, 2), "no thread is started for what may not run");
    for _ in 0..3 {
        assert_eq!(output(pool.lane(Lane::File).spawn(|| 1)), Some(1));
        assert_eq!(output(pool.spawn(|| 2)), Some(2));
    }
    assert_eq!(pool.queued(), 5);
    held.into_iter().for_each(|held| held.let_go().detach());
    assert_eq!(late.into_iter().map(|task| output(task).unwrap()).sum::<i32>(), 10);
}

#[test]
fn a_lane_keeps_its_limit() {
    const LIMIT: usize = 3;
    let pool = Pool::new(PoolConfig::new().lane_limit(Lane::File, LIMIT)).lane(Lane::File);
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let job = || {
        let (now, most) = (now.clone(), most.clone());
        pool.spawn(move || {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // The first stays until there is a second beside it.
            wait_until("another job runs beside it", || most.load(Ordering::SeqCst) > 1);
            std::thread::sleep(std::time::Duration::from_millis(1));
            now.fetch_sub(1, Ordering::SeqCst);
        })
    };
    let tasks: Vec<_> = (0..60).map(|_| job()).collect();
    assert!(tasks.into_iter().all(|task| output(task).is_some()));
    let most = most.load(Ordering::SeqCst);
    assert!((2..=LIMIT).contains(&most), "{most} at a time");
}

#[test]
fn unless_told_two_lanes_share_half_of_the_threads() {
    let pool = Pool::new(PoolConfig::new().max_threads(8));
    let slow: Vec<_> = [Lane::Dns, Lane::Dns, Lane::File, Lane::File].map(|lane| Held::start(&pool.lane(lane))).into();
    pool.lane(Lane::Dns).spawn(|| ()).detach();
    pool.lane(Lane::File).spawn(|| ()).detach();
    let others: Vec<_> = (0..4).map(|_| Held::start(&pool)).collect();
    assert_eq!((pool.threads(), pool.queued()), (8, 2));
    slow.into_iter().chain(others).for_each(|held| held.let_go().detach());
    wait_until("the two ran", || pool.queued() == 0);
}

/// A limit below one would be a lane whose jobs never run.
#[test]
fn every_lane_runs_one_job_in_the_smallest_pool() {
    for config in [PoolConfig::new().max_threads(1), PoolConfig::new().lane_limit(Lane::Dns, 0)] {
        let pool = Pool::new(config);
        for lane in [Lane::General, Lane::Dns, Lane::File] {
            assert_eq!(output(pool.lane(lane).spawn(|| 5)), Some(5));
        }
    }
}

#[test]
fn jobs_of_all_lanes_are_taken_in_the_order_they_came() {
    let pool = Pool::new(PoolConfig::new().max_threads(1));
    let held = Held::start(&pool);
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let lanes = [Lane::File, Lane::General, Lane::Dns, Lane::File, Lane::Dns, Lane::General];
    let tasks = lanes.map(|lane| {
        let order = order.clone();
        pool.lane(lane).spawn(move || order.lock().unwrap().push(lane))
    });
    held.let_go().detach();
    assert!(tasks.into_iter().all(|task| output(task).is_some()));
    assert_eq!(*order.lock().unwrap(), lanes);
}

#[test]
fn jobs_of_all_lanes_are_dropped_by_a_shutdown() {
    let pool = Pool::new(PoolConfig::new().max_threads(1));
    let held = Held::start(&pool);
    let tasks = [Lane::File, Lane::General, Lane::Dns].map(|lane| pool.lane(lane).spawn(|| ()));
    pool.shutdown();
    assert!(tasks.into_iter().all(|task| output(task).is_none()));
    assert_eq!(output(held.let_go()), Some(()));
}
