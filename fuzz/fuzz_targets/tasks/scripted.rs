//! The future of a task: it does as it was told, and notes what became of it.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use arbitrary::Arbitrary;

use crate::world::{End, MAX_TASKS, drop_handle, spawn, wake, world};

/// What a task does in one poll. After the last one it ends.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Act {
    Wait,
    Yield,
    Wake(u8),
    DropHandle(u8),
    Spawn {
        detach: bool,
    },
    /// Runs another task from within.
    Tick,
    Panic,
}

/// What a future does when it is dropped.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum LastAct {
    Wake(u8),
    DropHandle(u8),
    Panic,
}

/// A future that does as it was told.
pub(crate) struct Scripted {
    pub(crate) id: usize,
    pub(crate) acts: std::vec::IntoIter<Act>,
    pub(crate) last: Option<LastAct>,
}

impl Future for Scripted {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let id = self.id;
        world(|world| {
            let task = &mut world.tasks[id];
            assert!(task.queued, "a task is polled that nobody woke");
            assert!(!task.future_dropped && task.end == End::None, "a task is polled after its end");
            task.queued = false;
            task.wakers.push(cx.waker().clone());
        });
        match self.acts.next() {
            None => {
                world(|world| world.tasks[id].end = End::Output);
                return Poll::Ready(Output(id));
            }
            Some(Act::Wait) => {}
            Some(Act::Yield) => {
                world(|world| world.queue(id));
                cx.waker().wake_by_ref();
            }
            Some(Act::Wake(other)) => wake(other, false),
            Some(Act::DropHandle(other)) => drop_handle(other),
            Some(Act::Spawn { detach }) => {
                let executor = world(|world| world.executor.clone().filter(|_| world.tasks.len() < MAX_TASKS));
                if let Some(executor) = executor {
                    spawn(&*executor, vec![Act::Wait], None, detach);
                }
            }
            Some(Act::Tick) => {
                if let Some(executor) = world(|world| world.executor.clone()) {
                    executor.try_tick();
                }
            }
            Some(Act::Panic) => {
                world(|world| world.tasks[id].end = End::Panic);
                // Unlike `panic`, this does not call the fuzzer's hook.
                resume_unwind(Box::new(id));
            }
        }
        Poll::Pending
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        world(|world| {
            let task = &mut world.tasks[self.id];
            assert!(!task.future_dropped, "a future is dropped twice");
            (task.future_dropped, task.queued) = (true, false);
        });
        match self.last {
            Some(LastAct::Wake(other)) => wake(other, true),
            Some(LastAct::DropHandle(other)) => drop_handle(other),
            Some(LastAct::Panic) => {
                world(|world| world.panics_of_drops += 1);
                resume_unwind(Box::new(self.id));
            }
            None => {}
        }
    }
}

/// What a task gives: its number.
#[derive(Debug)]
pub(crate) struct Output(pub(crate) usize);

impl Drop for Output {
    fn drop(&mut self) {
        let again = world(|world| std::mem::replace(&mut world.tasks[self.0].output_dropped, true));
        assert!(!again, "an output is dropped twice");
    }
}
