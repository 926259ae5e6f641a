//! One pinned current-thread runtime per core: each has its own, none is left waiting, and sockets reach them all.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use tenter::per_core::{PerCore, PerCoreError};
use tenter::{BuildError, Builder, Handle, Timer, channel, spawn};
use tenter_tests::{MINUTE, within};

fn per_core() -> PerCore {
    Builder::new_current_thread().per_core().expect("the cores can be counted")
}

#[test]
fn each_core_has_a_thread_and_a_runtime_of_its_own() {
    within(MINUTE, || {
        let per_core = per_core();
        let seen = per_core.run(|core| async move {
            // Not `Send`, and it lives across a wait.
            let index = Rc::new(core.index());
            Timer::after(Duration::from_millis(1)).await;
            let here = thread::current().id();
            assert_eq!(spawn(async { thread::current().id() }).await, here, "a task stays on its core");
            assert_eq!(Handle::current().worker_threads(), 0);
            (*index, here)
        });
        let (indices, threads): (Vec<_>, HashSet<_>) = seen.unwrap().into_iter().unzip();
        assert_eq!(indices, (0..per_core.cores().len()).collect::<Vec<_>>());
        assert_eq!(threads.len(), indices.len());
    });
}

/// The mask of the CPUs that a thread may run on, as the kernel prints it.
#[cfg(target_os = "linux")]
fn allowed() -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    line.expect("the kernel says which CPUs are allowed").trim().to_owned()
}

#[cfg(target_os = "linux")]
#[test]
fn each_thread_is_pinned_and_the_caller_is_not() {
    within(MINUTE, || {
        let before = allowed();
        let per_core = per_core();
        let masks = per_core.run(|core| async move { (core.cpu().map(|cpu| cpu.to_string()), allowed()) }).unwrap();
        for (cpu, mask) in masks {
            assert_eq!(cpu, Some(mask));
        }
        assert_eq!(allowed(), before);
    });
}

#[test]
fn the_futures_borrow_and_stop_when_they_are_told() {
    within(MINUTE, || {
        let (stop, stopped) = channel::bounded::<()>(1);
        let (begun, all_begun) = channel::unbounded();
        let per_core = per_core();
        let cores = per_core.cores().len();
        let ended = AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(move || {
                tenter::block_on(async {
                    for _ in 0..cores {
                        all_begun.recv().await.unwrap();
                    }
                });
                drop(stop);
            });
            let (begun, stopped, ended) = (&begun, &stopped, &ended);
            let run = per_core.run(|_| async move {
                begun.send(()).await.unwrap();
                stopped.recv().await.unwrap_err();
                ended.fetch_add(1, Relaxed);
            });
            run.unwrap();
        });
        assert_eq!(ended.into_inner(), cores);
    });
}

#[test]
fn a_panic_is_passed_on_after_all_have_ended() {
    within(MINUTE, || {
        let per_core = per_core();
        let ended = AtomicUsize::new(0);
        let run = || {
            per_core.run(|core| {
                let ended = &ended;
                async move {
                    if core.index() == 0 {
                        panic!("core 0 has had enough");
                    }
                    Timer::after(Duration::from_millis(20)).await;
                    ended.fetch_add(1, Relaxed);
                }
            })
        };
        let payload = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"core 0 has had enough"));
        assert_eq!(ended.into_inner(), per_core.cores().len() - 1);
    });
}

/// Two cores, whether the machine has them or not, of which the second gets no reactor.
#[test]
fn a_core_without_a_runtime_is_an_error_and_nobody_starts() {
    within(MINUTE, || {
        let made = Arc::new(AtomicUsize::new(0));
        let count = made.clone();
        let builder = Builder::new_current_thread().reactor_with(move |config| {
            if count.fetch_add(1, Relaxed) > 0 {
                return Err(std::io::Error::other("one is enough"));
            }
            tenter_reactor_poll::new(config)
        });
        let per_core = builder.per_core().unwrap();
        let begun = AtomicUsize::new(0);
        let run = || {
            per_core.run(|_| {
                begun.fetch_add(1, Relaxed);
                async {}
            })
        };
        // The first core alone works once; from then on none does.
        if per_core.cores().len() == 1 {
            assert_eq!(run().unwrap().len(), 1);
            begun.store(0, Relaxed);
        }
        let error = run().unwrap_err();
        assert!(matches!(&error, PerCoreError::Build { error: BuildError::Reactor { .. }, .. }), "{error}");
        assert!(error.to_string().contains("one is enough"), "{error}");
        assert_eq!(begun.into_inner(), 0);
    });
}

#[test]
fn the_hooks_and_the_name_are_those_of_the_cores_threads() {
    within(MINUTE, || {
        let calls = Arc::new(AtomicUsize::new(0));
        let (starts, stops) = (calls.clone(), calls.clone());
        let builder = Builder::new_multi_thread().thread_name("own").on_thread_start(move || {
            starts.fetch_add(1, Relaxed);
            panic!("this ends the hook alone");
        });
        let builder = builder.on_thread_stop(move || {
            stops.fetch_add(100, Relaxed);
        });
        let per_core = builder.per_core().unwrap().limit(1);
        let names = per_core.run(|_| async { thread::current().name().map(str::to_owned) }).unwrap();
        assert_eq!(names, [Some("own-0".to_owned())]);
        assert_eq!(calls.load(Relaxed), 101);
    });
}
