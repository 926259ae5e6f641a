//! The pool at work: each job once, threads bounded, reused, let go, and never lost.
#![cfg(not(tenter_loom))]

mod common;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use common::{Held, LONG, Limited, Raw, output, settings, wait_until};
use tenter_blocking::queue::Queue;
use tenter_blocking::{Lane, Pool, PoolConfig};

#[test]
fn each_of_many_jobs_runs_once() {
    const SPAWNERS: usize = 8;
    const JOBS: usize = 500;
    let pool = Pool::new(PoolConfig::new().max_threads(6));
    let runs: Arc<Vec<AtomicUsize>> = Arc::new((0..SPAWNERS * JOBS).map(|_| AtomicUsize::new(0)).collect());
    let spawners: Vec<_> = (0..SPAWNERS)
        .map(|spawner| {
            let (pool, runs) = (pool.clone(), runs.clone());
            thread::spawn(move || {
                let job = |n: usize| {
                    let runs = runs.clone();
                    pool.spawn(move || runs[n].fetch_add(1, Ordering::Relaxed))
                };
                let tasks: Vec<_> = (0..JOBS).map(|n| job(spawner * JOBS + n)).collect();
                assert!(tasks.into_iter().all(|task| output(task) == Some(0)), "no job may be dropped");
            })
        })
        .collect();
    for spawner in spawners {
        spawner.join().unwrap();
    }
    assert!(runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1));
}

#[test]
fn each_of_many_jobs_runs_once_while_threads_keep_leaving() {
    let pool = Pool::new(PoolConfig::new().max_threads(2).keep_alive(Duration::ZERO));
    for n in 0..2000 {
        assert_eq!(output(pool.spawn(move || n)), Some(n));
    }
}

#[test]
fn max_threads_is_kept() {
    const MAX: usize = 3;
    let threads = Arc::new(Mutex::new(HashSet::new()));
    let seen = threads.clone();
    let pool = Pool::new(PoolConfig::new().max_threads(MAX).on_thread_start(move || {
        seen.lock().unwrap().insert(thread::current().id());
    }));
    let held: Vec<_> = (0..MAX).map(|_| Held::start(&pool)).collect();
    let late: Vec<_> = (0..20).map(|n| pool.spawn(move || n)).collect();
    assert_eq!((pool.threads(), pool.idle_threads(), pool.queued()), (MAX, 0, 20));
    held.into_iter().for_each(|held| held.let_go().detach());
    assert_eq!(late.into_iter().map(|task| output(task).unwrap()).sum::<i32>(), 190);
    assert_eq!((threads.lock().unwrap().len(), pool.threads()), (MAX, MAX));
}

#[test]
fn jobs_that_wait_for_jobs_get_a_thread_each() {
    let pool = Pool::new(PoolConfig::new());
    let inner = pool.clone();
    let depth_three = pool.spawn(move || {
        let innermost = inner.clone();
        let middle = inner.spawn(move || output(innermost.spawn(|| 1)).unwrap() + 1);
        output(middle).unwrap() + 1
    });
    assert_eq!(output(depth_three), Some(3));
}

#[test]
fn idle_threads_leave() {
    let stopped = Arc::new(AtomicUsize::new(0));
    let stops = stopped.clone();
    let config = PoolConfig::new().keep_alive(Duration::from_millis(20));
    let config = config.on_thread_stop(move || {
        stops.fetch_add(1, Ordering::SeqCst);
    });
    let pool = Pool::new(config);
    let held: Vec<_> = (0..4).map(|_| Held::start(&pool)).collect();
    held.into_iter().for_each(|held| held.let_go().detach());
    wait_until("all threads left", || pool.threads() == 0);
    assert_eq!((pool.idle_threads(), pool.queued()), (0, 0));
    wait_until("all threads stopped", || stopped.load(Ordering::SeqCst) == 4);
    assert_eq!(output(pool.spawn(|| 5)), Some(5), "a pool whose threads left starts new ones");
}

#[test]
fn the_last_idle_thread_is_the_first_to_work_again() {
    let pool = Pool::new(PoolConfig::new());
    let held: Vec<_> = (0..3).map(|_| Held::start(&pool)).collect();
    for (n, held) in held.into_iter().enumerate() {
        held.let_go().detach();
        wait_until("one more is idle", || pool.idle_threads() == n + 1);
    }
    let first = output(pool.spawn(|| thread::current().id()));
    wait_until("it is idle again", || pool.idle_threads() == 3);
    let second = output(pool.spawn(|| thread::current().id()));
    assert!(first.is_some());
    assert_eq!(first, second);
    assert_eq!(pool.threads(), 3, "no thread is started while one is idle");
}

#[test]
fn a_panicking_job_must_not_lose_its_thread() {
    let pool = Limited::new(1).pool();
    for _ in 0..3 {
        let task = pool.spawn(|| std::panic::resume_unwind(Box::new("from the job")));
        let task: tenter_task::Task<()> = task;
        let payload = catch_unwind(AssertUnwindSafe(|| futures_lite::future::block_on(task))).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"from the job"));
        assert_eq!(output(pool.spawn(|| 1)), Some(1));
    }
    assert_eq!(pool.threads(), 1);
}

#[test]
fn a_panic_that_gets_past_the_task_must_not_lose_the_thread() {
    let queue = Queue::new(settings(4), Limited::new(1));
    let (sender, receiver) = mpsc::channel();
    assert!(Queue::push(&queue, Lane::General, Raw(Box::new(|| std::panic::resume_unwind(Box::new(()))))).is_ok());
    assert!(Queue::push(&queue, Lane::General, Raw(Box::new(move || sender.send(()).unwrap()))).is_ok());
    receiver.recv_timeout(LONG).expect("the job after the panic must run");
    wait_until("the thread is idle", || queue.idle_threads() == 1);
    queue.shutdown();
}

#[test]
fn a_panicking_hook_must_not_lose_the_thread() {
    let config = PoolConfig::new().on_thread_start(|| std::panic::resume_unwind(Box::new("from the hook")));
    assert_eq!(output(Pool::new(config).spawn(|| 5)), Some(5));
}

#[test]
fn a_dropped_task_must_not_run_its_job() {
    let pool = Pool::new(PoolConfig::new().max_threads(1));
    let held = Held::start(&pool);
    let runs = Arc::new(AtomicUsize::new(0));
    let job = runs.clone();
    drop(pool.spawn(move || job.fetch_add(1, Ordering::SeqCst)));
    let last = pool.spawn(|| ());
    held.let_go().detach();
    assert_eq!(output(last), Some(()));
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    assert_eq!(Arc::strong_count(&runs), 1, "the job is dropped, too");
}

#[test]
fn threads_have_the_name_they_were_given() {
    let pool = Pool::new(PoolConfig::new().thread_name("files").stack_size(256 * 1024));
    let name = pool.spawn(|| thread::current().name().map(str::to_owned));
    assert_eq!(output(name), Some(Some("files".to_owned())));
}
