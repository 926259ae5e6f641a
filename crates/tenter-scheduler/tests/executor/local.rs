//! `LocalExecutor`: its futures stay on their thread, its wakers need not.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::thread::{self, ThreadId};

use tenter_core::park::block_on;
use tenter_scheduler::LocalExecutor;

use crate::{Door, within, yield_now};

#[test]
fn futures_and_outputs_need_not_be_send() {
    let count = Rc::new(Cell::new(0));
    let executor = LocalExecutor::new();
    let mut tasks = Vec::new();
    let futures = (0..10).map(|i| {
        let count = count.clone();
        async move {
            count.set(count.get() + i);
            yield_now().await;
            count
        }
    });
    executor.spawn_many(futures, &mut tasks);
    block_on(executor.run(async {
        for task in tasks {
            assert!(Rc::ptr_eq(&task.await, &count));
        }
    }));
    assert_eq!(count.get(), 45);
    assert_eq!(Rc::strong_count(&count), 1);
    assert!(executor.is_empty());
}

#[test]
fn tasks_borrow_the_executors_surroundings() {
    let log = RefCell::new(Vec::new());
    let executor = LocalExecutor::new();
    let task = executor.spawn(async { log.borrow_mut().push("task") });
    assert!(!executor.is_empty());
    block_on(executor.tick());
    assert!(!executor.try_tick());
    block_on(task);
    log.borrow_mut().push("end");
    assert_eq!(*log.borrow(), ["task", "end"]);
}

#[test]
fn a_wake_from_another_thread_runs_the_task_here() {
    within(120, || {
        for _ in 0..if cfg!(miri) { 3 } else { 500 } {
            let home = thread::current().id();
            let executor = LocalExecutor::new();
            let door = Door::default();
            let own = door.clone();
            let task = executor.spawn(async move {
                own.pass().await;
                assert_eq!(thread::current().id(), home);
            });
            let wakes = thread::spawn(move || door.wake_soon());
            block_on(executor.run(task));
            wakes.join().unwrap();
        }
    });
}

/// Tells its thread's id as it goes.
struct AtHome<'a>(&'a RefCell<Option<ThreadId>>);

impl Drop for AtHome<'_> {
    fn drop(&mut self) {
        *self.0.borrow_mut() = Some(thread::current().id());
    }
}

#[test]
fn a_future_cancelled_or_orphaned_elsewhere_is_dropped_here() {
    for drop_handle_elsewhere in [true, false] {
        let dropped = RefCell::new(None);
        let executor = LocalExecutor::new();
        let door = Door::default();
        let (probe, own) = (AtHome(&dropped), door.clone());
        let task = executor.spawn(async move {
            let _probe = probe;
            own.pass().await;
            pending::<()>().await;
        });
        assert!(executor.try_tick());
        thread::scope(|scope| {
            if drop_handle_elsewhere {
                scope.spawn(move || drop(task));
            } else {
                task.detach();
                scope.spawn(|| drop(door.take()));
            }
        });
        assert_eq!(*dropped.borrow(), None, "another thread dropped a local future");
        assert_eq!(executor.try_tick(), drop_handle_elsewhere);
        drop(executor);
        assert_eq!(*dropped.borrow(), Some(thread::current().id()));
    }
}
