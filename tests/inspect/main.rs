//! What a live runtime says of its tasks.

use std::collections::HashSet;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures_lite::future::{poll_once, yield_now};
use tenter::task::{TaskInfo, TaskList, TaskState};
use tenter::{Builder, Handle, Runtime, Task, channel};
use tenter_tests::{MINUTE, within};

fn debug(workers: usize) -> Runtime {
    let builder = match workers {
        0 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread().worker_threads(workers),
    };
    builder.debug(true).build().unwrap()
}

/// Waits until something is so, which nothing but time stands in the way of.
fn eventually(is_so: impl Fn() -> bool) {
    while !is_so() {
        thread::sleep(Duration::from_millis(1));
    }
}

fn named<'a>(tasks: &'a TaskList, name: &str) -> Option<&'a TaskInfo> {
    tasks.iter().find(|task| task.name.as_deref() == Some(name))
}

fn state(handle: &Handle, name: &str) -> Option<TaskState> {
    Some(named(&handle.tasks(), name)?.details.as_ref()?.state)
}

fn spawn_named<T: Send + 'static>(
    handle: &Handle,
    name: &str,
    future: impl Future<Output = T> + Send + 'static,
) -> Task<T> {
    handle.task().name(name).spawn(future)
}

#[test]
fn a_runtime_whose_workers_are_all_stuck_still_answers() {
    within(MINUTE, || {
        for workers in [1, 2] {
            let runtime = debug(workers);
            let sleeper = spawn_named(&runtime, "sleeper", pending::<()>());
            eventually(|| state(&runtime, "sleeper") == Some(TaskState::Waiting));
            let (stuck, is_stuck) = mpsc::channel();
            let (releases, tasks): (Vec<_>, Vec<_>) = (0..workers)
                .map(|worker| {
                    let (stuck, (release, released)) = (stuck.clone(), mpsc::channel::<()>());
                    let stop = async move {
                        stuck.send(()).unwrap();
                        let _ = released.recv();
                    };
                    (release, spawn_named(&runtime, &format!("stuck {worker}"), stop))
                })
                .unzip();
            (0..workers).for_each(|_| is_stuck.recv().unwrap());
            let seen: HashSet<_> =
                (0..workers).map(|worker| state(&runtime, &format!("stuck {worker}")).unwrap().to_string()).collect();
            let expected = (0..workers).map(|worker| format!("running on worker {worker}")).collect();
            assert_eq!(seen, expected);
            assert_eq!(state(&runtime, "sleeper"), Some(TaskState::Waiting));
            drop(releases);
            tasks.into_iter().for_each(|task| runtime.block_on(task));
            drop(sleeper);
        }
    });
}

#[test]
fn a_thread_in_block_on_is_told_from_a_worker() {
    within(MINUTE, || {
        let runtime = debug(0);
        let handle = runtime.handle().clone();
        let task = spawn_named(&runtime, "here", async move { state(&handle, "here") });
        assert_eq!(runtime.block_on(task), Some(TaskState::RunningInBlockOn));
        assert!(runtime.tasks().is_empty());
    });
}

#[test]
fn the_tree_is_by_who_spawned_whom_and_loses_nobody() {
    within(MINUTE, || {
        let runtime = debug(2);
        let handle = runtime.handle().clone();
        let (grandchild, end) = channel::bounded::<()>(1);
        let parent = spawn_named(&runtime, "parent\u{1b}[31m", async move {
            let inner = handle.clone();
            let middle = spawn_named(&handle, "middle", async move {
                spawn_named(&inner, "youngest", async move { end.recv().await }).detach();
                pending::<()>().await;
            });
            spawn_named(&handle, "other", pending::<()>()).detach();
            middle.await;
        });
        eventually(|| runtime.tasks().len() == 4 && named(&runtime.tasks(), "youngest").is_some());
        let tasks = runtime.tasks();
        let tree = tasks.tree();
        let names = |tasks: Vec<&TaskInfo>| tasks.iter().map(|task| task.name.clone().unwrap()).collect::<Vec<_>>();
        assert_eq!(names(tree.roots().collect()), ["parent\u{1b}[31m"]);
        assert_eq!(names(tree.children(parent.id()).collect()), ["middle", "other"]);
        let middle = named(&tasks, "middle").unwrap().id;
        assert_eq!(names(tree.children(middle).collect()), ["youngest"]);
        let text = tree.to_string();
        let depths: Vec<_> = text.lines().filter_map(|line| line.chars().position(|c| "└├".contains(c))).collect();
        assert_eq!(depths, [0, 4, 8, 4], "{text}");
        assert!(!text.contains('\u{1b}') && text.contains("parent\\u{1b}[31m"), "{text}");
        assert!(tasks.iter().all(|task| task.spawned_at.file().ends_with("main.rs")));
        assert_eq!(text.lines().count(), 5);
        assert!(tree.to_json().contains(r#""cycles":[]"#));

        // An orphan is a root.
        drop(parent);
        eventually(|| named(&runtime.tasks(), "parent\u{1b}[31m").is_none() && runtime.tasks().len() == 2);
        let tasks = runtime.tasks();
        assert_eq!(names(tasks.tree().roots().collect()), ["other", "youngest"]);
        drop(grandchild);
        eventually(|| named(&runtime.tasks(), "youngest").is_none());
    });
}

#[test]
fn tasks_that_wait_for_each_other_are_a_cycle_until_they_do_not() {
    within(MINUTE, || {
        let runtime = debug(1);
        let handle = runtime.handle().clone();
        let (to_first, first_gets) = channel::bounded::<Task<()>>(1);
        let (to_second, second_gets) = channel::bounded::<Task<()>>(1);
        let (leave, left) = channel::bounded::<()>(1);
        let first = spawn_named(&handle, "first", async move {
            let other = first_gets.recv().await.unwrap();
            // Besides, so that the knot can be cut.
            futures_lite::future::or(other, async { _ = left.recv().await }).await;
        });
        let second = spawn_named(&handle, "second", async move { second_gets.recv().await.unwrap().await });
        let ids = [first.id(), second.id()];
        runtime.block_on(async {
            to_first.send(second).await.unwrap();
            to_second.send(first).await.unwrap();
        });
        eventually(|| runtime.tasks().tree().cycles().count() == 1);
        let tasks = runtime.tasks();
        let tree = tasks.tree();
        let cycle: Vec<_> = tree.cycles().next().unwrap().iter().map(|task| task.id).collect();
        assert!(cycle == ids || cycle == [ids[1], ids[0]], "{cycle:?}");
        assert!(tree.to_string().contains("cycle, each waits for the next: "), "{tree}");
        let details = named(&tasks, "second").unwrap().details.as_ref().unwrap();
        assert_eq!(details.awaited_by, Some(ids[0]));
        drop(leave);
        eventually(|| runtime.tasks().is_empty());
    });
}

#[test]
fn a_handle_that_is_not_polled_any_more_makes_no_cycle() {
    within(MINUTE, || {
        let runtime = debug(1);
        let handle = runtime.handle().clone();
        let (to_second, second_gets) = channel::bounded::<Task<()>>(1);
        let (to_first, first_gets) = channel::bounded::<Task<()>>(1);
        let first = spawn_named(&handle, "first", async move {
            let mut other = first_gets.recv().await.unwrap();
            assert!(poll_once(&mut other).await.is_none());
            yield_now().await;
            pending::<()>().await;
        });
        let second = spawn_named(&handle, "second", async move { second_gets.recv().await.unwrap().await });
        let id = first.id();
        runtime.block_on(async {
            to_first.send(second).await.unwrap();
            to_second.send(first).await.unwrap();
        });
        let awaited = |name: &str| named(&runtime.tasks(), name).and_then(|task| task.details.clone()?.awaited_by);
        eventually(|| awaited("second") == Some(id) && awaited("first").is_some());
        eventually(|| state(&runtime, "first") == Some(TaskState::Waiting));
        assert_eq!(runtime.tasks().tree().cycles().count(), 0);
    });
}

#[test]
fn counts_and_times_are_those_of_the_task() {
    within(MINUTE, || {
        let runtime = debug(0);
        let handle = runtime.handle().clone();
        let details = runtime.block_on(spawn_named(&runtime, "counted", async move {
            yield_now().await;
            thread::sleep(Duration::from_millis(3));
            yield_now().await;
            named(&handle.tasks(), "counted").unwrap().details.clone().unwrap()
        }));
        assert!(details.polls >= 3, "{details:?}");
        assert!(
            details.longest_poll >= Duration::from_millis(3) && details.busy >= details.longest_poll,
            "{details:?}"
        );
        assert!(details.running_for.is_some() && details.since_wake.is_some() && details.age >= details.busy);
    });
}

#[test]
fn what_is_dropped_before_its_first_poll_is_counted() {
    within(MINUTE, || {
        let runtime = debug(0);
        let kept = runtime.spawn(async {});
        drop(runtime.spawn(async {}));
        runtime.block_on(kept);
        eventually(|| {
            runtime.block_on(yield_now());
            runtime.live_tasks() == 0
        });
        let tasks = runtime.tasks();
        assert_eq!((tasks.len(), tasks.live(), tasks.unpolled()), (0, 0, 1));
        assert!(tasks.to_string().contains("1 dropped before the first poll"));
    });
}

#[test]
fn without_debug_mode_there_is_a_count() {
    within(MINUTE, || {
        let runtime = Builder::new_current_thread().debug(false).build().unwrap();
        let _task = runtime.spawn(pending::<()>());
        let tasks = runtime.tasks();
        assert_eq!((tasks.live(), tasks.is_debug(), tasks.unpolled()), (1, false, 0));
        assert!(tasks.iter().all(|task| task.details.is_none()));
    });
}

#[test]
fn lists_taken_under_churn_have_those_who_stay() {
    const STAY: usize = 100;
    within(MINUTE, || {
        let runtime = debug(2);
        let stay: Vec<_> = (0..STAY).map(|_| runtime.spawn(pending::<()>())).collect();
        let ids: HashSet<_> = stay.iter().map(Task::id).collect();
        let over = Arc::new(AtomicBool::new(false));
        let churn = thread::spawn({
            let (handle, over) = (runtime.handle().clone(), over.clone());
            move || {
                while !over.load(Relaxed) {
                    handle.block_on(async {
                        let tasks: Vec<_> = (0..50).map(|_| tenter::spawn(yield_now())).collect();
                        for task in tasks {
                            task.await;
                        }
                    });
                }
            }
        });
        for _ in 0..50 {
            let tasks = runtime.tasks();
            let seen: HashSet<_> = tasks.iter().map(|task| task.id).collect();
            assert_eq!(seen.len(), tasks.len(), "nobody is there twice");
            assert!(ids.is_subset(&seen));
            assert_eq!(tasks.tree().roots().filter(|task| ids.contains(&task.id)).count(), STAY);
        }
        over.store(true, Relaxed);
        churn.join().unwrap();
        drop(stay);
        eventually(|| runtime.tasks().is_empty());
        assert_eq!(runtime.live_tasks(), 0);
    });
}

#[test]
fn a_large_list_is_whole_and_its_records_go_with_the_runtime() {
    const MANY: usize = 20_000;
    within(MINUTE, || {
        let runtime = debug(1);
        for _ in 0..MANY {
            runtime.spawn(pending::<()>()).detach();
        }
        let handle = runtime.handle().clone();
        assert_eq!(handle.tasks().len(), MANY);
        drop(runtime);
        assert!(handle.tasks().is_empty());
    });
}

#[test]
fn a_deep_tree_prints_in_proportion_to_its_tasks() {
    const DEEP: usize = 2_000;

    fn descend(handle: Handle, left: usize) -> impl Future<Output = ()> + Send + 'static {
        let inside = handle.clone();
        Box::pin(async move {
            if left > 0 {
                let next = descend(inside, left - 1);
                handle.spawn(next).detach();
            }
            pending::<()>().await;
        }) as std::pin::Pin<Box<dyn Future<Output = ()> + Send>>
    }

    within(MINUTE, || {
        let runtime = debug(1);
        runtime.spawn(descend(runtime.handle().clone(), DEEP - 1)).detach();
        eventually(|| runtime.tasks().len() == DEEP);
        let text = runtime.tasks().tree().to_string();
        assert_eq!(text.lines().count(), DEEP + 1);
        assert!(text.contains(&format!("(at depth {}) ", DEEP - 1)) && text.len() < DEEP * 600, "{}", text.len());
    });
}
