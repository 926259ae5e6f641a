//! Outputs whose destructor panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};

use futures_lite::future::block_on;
use tenter_task::{Meta, Runnable, Spawn, Task, TaskId, set_unhandled_panic_hook};

struct Bomb(Arc<AtomicUsize>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
        panic!("in the output's drop");
    }
}

fn spawn(drops: &Arc<AtomicUsize>) -> (mpsc::Receiver<Runnable>, Task<Bomb>) {
    let (queue, runnables) = mpsc::channel();
    let bomb = drops.clone();
    let (runnable, task) = Spawn::new(Meta::default(), TaskId::from_u64(1))
        .build(async { Bomb(bomb) }, move |runnable| queue.send(runnable).unwrap());
    runnable.schedule();
    (runnables, task)
}

#[test]
fn an_output_that_nobody_takes_and_whose_drop_panics_must_reach_the_hook() {
    let (drops, reports) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let sink = reports.clone();
    set_unhandled_panic_hook(Some(Box::new(move |panic| {
        assert_eq!(panic.message(), Some("in the output's drop"));
        sink.fetch_add(1, SeqCst);
    })));
    let (runnables, task) = spawn(&drops);
    task.detach();
    runnables.recv().unwrap().run();
    assert_eq!((drops.load(SeqCst), reports.load(SeqCst)), (1, 1));
    let (runnables, task) = spawn(&drops);
    runnables.recv().unwrap().run();
    drop(task);
    assert_eq!((drops.load(SeqCst), reports.load(SeqCst)), (2, 2));
    set_unhandled_panic_hook(None);
}

#[test]
fn an_output_that_is_taken_is_dropped_by_its_taker() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (runnables, task) = spawn(&drops);
    runnables.recv().unwrap().run();
    let output = block_on(task);
    assert_eq!(drops.load(SeqCst), 0);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(output))).is_err());
    assert_eq!(drops.load(SeqCst), 1);
}
