//! Executors with tasks that wake, spawn, cancel and panic as the input says: each future is dropped exactly once, and
//! each output or panic reaches whoever holds the handle, or else is dropped or reported.
#![no_main]

#[path = "tasks/scripted.rs"]
mod scripted;
#[path = "tasks/world.rs"]
mod world;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use scripted::{Act, LastAct, Output, Scripted};
use tenter_fuzz::{Polled, Sleeper, asleep_and_awake, pick};
use tenter_scheduler::{Executor, LocalExecutor};
use tenter_task::Task;
use world::{End, Exec, Handle, Inner, MAX_TASKS, world};

/// Indices are taken modulo the number of things there are.
#[derive(Arbitrary, Clone, Debug)]
enum Step {
    Spawn { acts: Vec<Act>, last: Option<LastAct>, detach: bool },
    Tick,
    StartTick,
    StartRun,
    PollRunner(u8, bool),
    DropRunner(u8),
    Wake { task: u8, and_drop: bool },
    DropWakers(u8),
    PollHandle(u8, bool),
    Cancel(u8),
    Detach(u8),
    DropHandle(u8),
    DropExecutor,
}

impl Exec for Executor<'static> {
    fn spawn(&self, future: Scripted) -> Task<Output> {
        self.spawn(future)
    }

    fn try_tick(&self) -> bool {
        self.try_tick()
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn runner(self: Rc<Self>, for_ever: bool) -> Polled<()> {
        Polled::new(async move { if for_ever { self.run(std::future::pending()).await } else { self.tick().await } })
    }
}

impl Exec for LocalExecutor<'static> {
    fn spawn(&self, future: Scripted) -> Task<Output> {
        self.spawn(future)
    }

    fn try_tick(&self) -> bool {
        self.try_tick()
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn runner(self: Rc<Self>, for_ever: bool) -> Polled<()> {
        Polled::new(async move { if for_ever { self.run(std::future::pending()).await } else { self.tick().await } })
    }
}

struct Model {
    local: bool,
    /// Those that run for ever, and those that run one task.
    runners: Vec<(bool, Polled<()>)>,
}

impl Model {
    /// The executor; a new one after the drop of the last.
    fn executor(&self) -> Rc<dyn Exec> {
        let make =
            || -> Rc<dyn Exec> { if self.local { Rc::new(LocalExecutor::new()) } else { Rc::new(Executor::new()) } };
        world(|world| world.executor.get_or_insert_with(make).clone())
    }

    fn apply(&mut self, step: Step) {
        let handle = |i| pick(i, world(|world| world.handles.len()));
        match step {
            Step::Spawn { acts, last, detach } => self.spawn(acts, last, detach),
            Step::Tick => {
                let queued = world(|world| world.queued());
                assert_eq!(self.executor().try_tick(), queued > 0, "{queued} tasks are ready");
            }
            Step::StartTick => self.runners.push((false, self.executor().runner(false))),
            Step::StartRun => self.runners.push((true, self.executor().runner(true))),
            Step::PollRunner(i, renew) => self.poll_runner(pick(i, self.runners.len()), renew),
            Step::DropRunner(i) => drop(pick(i, self.runners.len()).map(|i| self.runners.remove(i))),
            Step::Wake { task, and_drop } => world::wake(task, and_drop),
            Step::DropWakers(i) => drop(world(|world| world.wakers_of(i).map(std::mem::take))),
            Step::PollHandle(i, renew) => poll_handle(handle(i), renew),
            Step::Cancel(i) => cancel(handle(i)),
            Step::Detach(i) => detach(handle(i)),
            Step::DropHandle(i) => world::drop_handle(i),
            Step::DropExecutor => self.drop_executor(),
        }
        self.check();
    }

    fn spawn(&self, acts: Vec<Act>, last: Option<LastAct>, detach: bool) {
        if world(|world| world.tasks.len()) < MAX_TASKS {
            let executor = self.executor();
            world::spawn(&*executor, acts, last, detach);
        }
    }

    fn poll_runner(&mut self, at: Option<usize>, renew: bool) {
        let Some(at) = at else { return };
        let queued = world(|world| world.queued());
        let (for_ever, runner) = &mut self.runners[at];
        let ready = runner.poll(renew).is_ready();
        assert_eq!(ready, !*for_ever && queued > 0);
        if ready {
            drop(self.runners.remove(at));
        } else {
            // One that runs for ever stops after many tasks in a row, and then wakes itself.
            assert!(runner.sleeper.is_awake() || world(|world| world.queued()) == 0, "a runner sleeps beside a task");
        }
    }

    fn drop_executor(&mut self) {
        self.runners.clear();
        let Some(executor) = world(|world| world.executor.take()) else { return };
        assert_eq!(Rc::strong_count(&executor), 1);
        drop(executor);
        assert_eq!(world(|world| world.alive()), 0, "a future outlives its executor");
    }

    fn check(&self) {
        let executor = world(|world| {
            world.check();
            world.executor.clone()
        });
        assert!(executor.is_none_or(|executor| executor.is_empty() == (world(|world| world.alive()) == 0)));
        let (asleep, awake) = asleep_and_awake(self.runners.iter().map(|runner| &runner.1.sleeper));
        assert!(asleep == 0 || awake >= world(|world| world.queued()), "a task is ready and its runner sleeps");
    }
}

fn poll_handle(at: Option<usize>, renew: bool) {
    let Some(mut handle) = at.map(|at| world(|world| world.handles.swap_remove(at))) else { return };
    let Handle { id, sleeper, inner } = &mut handle;
    if matches!(inner, Inner::Cancel(_)) {
        // The first poll cancels, which queues the task once more, so that its future is dropped.
        world(|world| world.queue(*id));
    }
    let polled = catch_unwind(AssertUnwindSafe(|| {
        sleeper.poll(renew, |cx| match inner {
            Inner::Task(task) => pin!(task).poll(cx),
            Inner::Cancel(cancel) => cancel.as_mut().poll(cx),
        })
    }));
    let (alive, end) = world(|world| (!world.tasks[*id].future_dropped, world.tasks[*id].end));
    match polled {
        Ok(Poll::Pending) => {
            assert!(alive, "a task has ended and its handle is pending");
            return world(|world| world.handles.push(handle));
        }
        Ok(Poll::Ready(Some(output))) => assert!(!alive && end == End::Output && output.0 == *id),
        Ok(Poll::Ready(None)) => assert!(!alive && end == End::None, "an output is lost"),
        Err(payload) => {
            assert!(!alive && end == End::Panic && payload.downcast_ref::<usize>() == Some(&*id));
            world(|world| world.tasks[*id].resumed = true);
        }
    }
    world(|world| world.tasks[*id].held = false);
}

fn cancel(at: Option<usize>) {
    let Some(Handle { id, inner, .. }) = at.map(|at| world(|world| world.handles.swap_remove(at))) else { return };
    let inner = match inner {
        Inner::Task(task) => Inner::Cancel(Box::pin(task.cancel()) as Pin<Box<dyn Future<Output = Option<Output>>>>),
        cancel => cancel,
    };
    world(|world| world.handles.push(Handle { id, sleeper: Sleeper::new(), inner }));
}

fn detach(at: Option<usize>) {
    let Some(Handle { id, sleeper, inner }) = at.map(|at| world(|world| world.handles.swap_remove(at))) else { return };
    match inner {
        Inner::Task(task) => {
            world(|world| world.tasks[id].held = false);
            task.detach();
        }
        cancel => world(|world| world.handles.push(Handle { id, sleeper, inner: cancel })),
    }
}

fuzz_target!(|input: (bool, Vec<Step>)| {
    world::reset();
    let mut model = Model { local: input.0, runners: Vec::new() };
    for step in input.1 {
        model.apply(step);
    }
    model.drop_executor();
    while world(|world| !world.handles.is_empty()) {
        world::drop_handle(0);
    }
    model.check();
});
