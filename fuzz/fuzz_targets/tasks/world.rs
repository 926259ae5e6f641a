//! What the tasks of one run did and what became of them; known to the tasks themselves, on this one thread.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

use tenter_fuzz::{Polled, Sleeper, pick};
use tenter_task::{FallibleTask, Task, set_unhandled_panic_hook};

use crate::scripted::{Act, LastAct, Output, Scripted};

/// Enough for every way in which tasks can meet.
pub(crate) const MAX_TASKS: usize = 64;

/// How a future's last poll ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    None,
    Output,
    Panic,
}

/// Both kinds of executors.
pub(crate) trait Exec {
    fn spawn(&self, future: Scripted) -> Task<Output>;
    fn try_tick(&self) -> bool;
    fn is_empty(&self) -> bool;
    fn runner(self: Rc<Self>, for_ever: bool) -> Polled<()>;
}

#[derive(Debug)]
pub(crate) struct Known {
    /// Whether its runnable is in the executor's queue (or will be, when the poll that goes on now returns).
    pub(crate) queued: bool,
    pub(crate) end: End,
    pub(crate) future_dropped: bool,
    pub(crate) output_dropped: bool,
    /// Whether someone has a handle.
    pub(crate) held: bool,
    /// Whether the panic was given to who held the handle.
    pub(crate) resumed: bool,
    pub(crate) wakers: Vec<Waker>,
}

pub(crate) enum Inner {
    Task(FallibleTask<Output>),
    Cancel(Pin<Box<dyn Future<Output = Option<Output>>>>),
}

pub(crate) struct Handle {
    pub(crate) id: usize,
    pub(crate) sleeper: Sleeper,
    pub(crate) inner: Inner,
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) tasks: Vec<Known>,
    pub(crate) handles: Vec<Handle>,
    pub(crate) executor: Option<Rc<dyn Exec>>,
    pub(crate) panics_of_drops: usize,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

/// Panics that the hook was told.
static REPORTED: AtomicUsize = AtomicUsize::new(0);

/// Looks at the world; no foreign code may run meanwhile.
pub(crate) fn world<R>(look: impl FnOnce(&mut World) -> R) -> R {
    WORLD.with_borrow_mut(look)
}

pub(crate) fn reset() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        set_unhandled_panic_hook(Some(Box::new(|_| {
            REPORTED.fetch_add(1, Ordering::Relaxed);
        })));
    });
    REPORTED.store(0, Ordering::Relaxed);
    drop(WORLD.take());
}

impl World {
    pub(crate) fn queued(&self) -> usize {
        self.tasks.iter().filter(|task| task.queued).count()
    }

    pub(crate) fn alive(&self) -> usize {
        self.tasks.iter().filter(|task| !task.future_dropped).count()
    }

    /// Notes that a task was woken or cancelled.
    pub(crate) fn queue(&mut self, id: usize) {
        let task = &mut self.tasks[id];
        task.queued = !task.future_dropped;
    }

    pub(crate) fn wakers_of(&mut self, index: u8) -> Option<&mut Vec<Waker>> {
        pick(index, self.tasks.len()).map(|id| &mut self.tasks[id].wakers)
    }

    /// What has ended is where it belongs.
    pub(crate) fn check(&self) {
        let mut reported = self.panics_of_drops;
        for task in &self.tasks {
            match task.end {
                End::None => assert!(!task.output_dropped),
                End::Output => assert_eq!(task.output_dropped, !task.held, "an output is lost, or kept"),
                End::Panic => reported += usize::from(!task.held && !task.resumed),
            }
        }
        assert_eq!(REPORTED.load(Ordering::Relaxed), reported, "a panic is told to the awaiter or the hook");
        for handle in &self.handles {
            let task = &self.tasks[handle.id];
            assert!(!(task.future_dropped && handle.sleeper.is_asleep()), "a task has ended and its awaiter sleeps");
        }
    }
}

/// Spawns a task with a script.
pub(crate) fn spawn(executor: &dyn Exec, acts: Vec<Act>, last: Option<LastAct>, detach: bool) {
    let id = world(|world| {
        let (queued, held) = (true, !detach);
        let (future_dropped, output_dropped, resumed) = (false, false, false);
        let end = End::None;
        world.tasks.push(Known { queued, end, future_dropped, output_dropped, held, resumed, wakers: Vec::new() });
        world.tasks.len() - 1
    });
    let task = executor.spawn(Scripted { id, acts: acts.into_iter(), last });
    if detach {
        task.detach();
    } else {
        let inner = Inner::Task(task.fallible());
        world(|world| world.handles.push(Handle { id, sleeper: Sleeper::new(), inner }));
    }
}

/// Wakes a task by the waker it left last, if it left one.
pub(crate) fn wake(index: u8, and_drop: bool) {
    let waker = world(|world| {
        let id = pick(index, world.tasks.len())?;
        let wakers = &mut world.tasks[id].wakers;
        let waker = if and_drop { wakers.pop()? } else { wakers.last()?.clone() };
        world.queue(id);
        Some(waker)
    });
    match waker {
        Some(waker) if and_drop => waker.wake(),
        Some(waker) => waker.wake_by_ref(),
        None => {}
    }
}

/// Drops a handle, which cancels its task.
pub(crate) fn drop_handle(index: u8) {
    let handle = world(|world| {
        let handle = pick(index, world.handles.len()).map(|at| world.handles.swap_remove(at))?;
        world.tasks[handle.id].held = false;
        world.queue(handle.id);
        Some(handle)
    });
    drop(handle);
}
