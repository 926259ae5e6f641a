//! Threads that can't be started: an error or progress, never a lost job or a hang.
#![cfg(not(tenter_loom))]

mod common;

use std::error::Error;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use common::{Held, Limited, output};
use tenter_blocking::{Pool, PoolConfig};

#[test]
fn a_failed_thread_start_must_not_orphan_a_job() {
    let limited = Limited::new(1);
    let pool = limited.pool();
    let held = Held::start(&pool);
    let waiting: Vec<_> = (0..5).map(|n| pool.spawn(move || n)).collect();
    assert_eq!((limited.refused(), pool.threads(), pool.queued()), (5, 1, 5), "each push tries to start a thread");
    held.let_go().detach();
    for (n, task) in waiting.into_iter().enumerate() {
        assert_eq!(output(task), Some(n));
    }
}

#[test]
fn the_push_after_a_failed_start_tries_again() {
    let limited = Limited::new(1);
    let pool = limited.pool();
    let held = Held::start(&pool);
    let first = pool.spawn(|| 1);
    assert_eq!(pool.threads(), 1);
    limited.allow(1);
    let second = pool.spawn(|| 2);
    assert_eq!((output(first), output(second), pool.threads()), (Some(1), Some(2), 2));
    held.let_go().detach();
}

#[test]
fn a_pool_that_gets_no_thread_must_give_the_job_back() {
    let limited = Limited::new(0);
    let pool = limited.pool();
    let text = String::from("kept");
    let refused = pool.try_spawn(move || text).unwrap_err();
    assert!(!refused.is_closed());
    assert_eq!(refused.io_error().map(io::Error::kind), Some(io::ErrorKind::WouldBlock));
    assert!(refused.source().is_some());
    assert!(refused.to_string().contains("could not start one: no more threads"), "{refused}");
    let job = refused.into_job();
    assert_eq!((pool.threads(), pool.queued()), (0, 0));

    limited.allow(1);
    assert_eq!(output(pool.try_spawn(job).unwrap()).as_deref(), Some("kept"), "the pool recovers");
}

#[test]
fn a_job_without_a_thread_must_end_as_an_error_that_is_told() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = told.clone();
    tenter_task::set_unhandled_panic_hook(Some(Box::new(move |panic| sink.lock().unwrap().push(panic.to_string()))));
    let pool = Limited::new(0).pool();
    assert_eq!(output(pool.spawn(|| 1)), None);
    let awaited = pool.spawn(|| 1);
    let payload = catch_unwind(AssertUnwindSafe(|| futures_lite::future::block_on(awaited))).unwrap_err();
    let message = payload.downcast_ref::<&str>().copied().expect("a message");
    assert!(message.starts_with("the awaited task was cancelled"), "{message}");
    pool.spawn(|| 1).detach();
    tenter_task::set_unhandled_panic_hook(None);

    let told = told.lock().unwrap();
    assert_eq!(told.len(), 3, "{told:?}");
    for line in told.iter() {
        assert!(line.contains("failed_start.rs") && line.contains("could not start one: no more threads"), "{line}");
    }
}

#[test]
fn a_pool_without_threads_says_what_to_change() {
    let refused = Pool::new(PoolConfig::new().max_threads(0)).try_spawn(|| ()).unwrap_err();
    assert!(refused.to_string().contains("max_threads is 0, set it to 1 or more"), "{refused}");
    let refused = Pool::new(PoolConfig::new().thread_name("a\0b")).try_spawn(|| ()).unwrap_err();
    assert!(refused.to_string().contains("the thread name has a NUL byte in it"), "{refused}");
}

/// The system's own refusal: no address space has room for this stack.
#[cfg(all(unix, target_pointer_width = "64", not(miri)))]
#[test]
fn a_stack_that_the_system_refuses_is_an_error() {
    let pool = Pool::new(PoolConfig::new().stack_size(1 << 62));
    let refused = pool.try_spawn(|| ()).unwrap_err();
    assert!(refused.io_error().is_some());
    assert_eq!(pool.threads(), 0);
}
