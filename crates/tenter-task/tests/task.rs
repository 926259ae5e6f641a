//! Tasks: output, cancellation, panics, names, and the guard that tells when a future is gone.

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};

use futures_lite::future::{block_on, poll_once};
use tenter_task::{Meta, Runnable, Spawn, Task, TaskId, Tracker, current_id, current_name, set_unhandled_panic_hook};

static HOOK: Mutex<()> = Mutex::new(());

/// Collects what the hook is told while `run` goes on; one test at a time.
fn reports(run: impl FnOnce()) -> Vec<String> {
    let _one = HOOK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    set_unhandled_panic_hook(Some(Box::new(move |panic| sink.lock().unwrap().push(panic.to_string()))));
    run();
    set_unhandled_panic_hook(None);
    seen.lock().unwrap().clone()
}

struct Queue(mpsc::Receiver<Runnable>, mpsc::Sender<Runnable>);

impl Queue {
    fn new() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self(receiver, sender)
    }

    fn spawn<F>(&self, name: Option<&str>, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let sender = self.1.clone();
        let spawn = Spawn::new(Meta::default(), TaskId::from_u64(7)).name(name.map(Box::from));
        let (runnable, task) = spawn.build(future, move |runnable| sender.send(runnable).unwrap());
        runnable.schedule();
        task
    }

    fn run(&self) {
        for runnable in self.0.try_iter() {
            runnable.run();
        }
    }
}

#[test]
fn a_task_gives_its_output() {
    let queue = Queue::new();
    let task = queue.spawn(None, async { 5 });
    queue.run();
    assert!(task.is_finished());
    assert_eq!(block_on(task), 5);
}

#[test]
fn a_panic_must_reach_the_awaiter_and_not_the_hook() {
    let seen = reports(|| {
        let queue = Queue::new();
        let task = queue.spawn(None, async { panic!("for the awaiter") });
        queue.run();
        let payload = catch_unwind(AssertUnwindSafe(|| block_on(task))).unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"for the awaiter"));
    });
    assert_eq!(seen, Vec::<String>::new());
}

#[test]
fn a_panic_that_nobody_awaits_must_reach_the_hook() {
    let seen = reports(|| {
        let queue = Queue::new();
        queue.spawn(Some("lost"), async { panic!("for the hook") }).detach();
        queue.run();
    });
    assert_eq!(seen.len(), 1);
    assert!(seen[0].contains("'lost'") && seen[0].contains("for the hook") && seen[0].contains("task.rs"), "{seen:?}");
}

#[test]
fn a_panic_in_the_drop_of_a_future_must_not_escape() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    let seen = reports(|| {
        let queue = Queue::new();
        let bomb = Bomb;
        let task = queue.spawn(None, async move {
            let _bomb = &bomb;
            pending::<()>().await;
        });
        queue.run();
        drop(task);
        queue.run();
    });
    assert_eq!(seen.len(), 1);
    assert!(seen[0].contains("in drop"));
}

#[test]
fn a_dropped_task_is_cancelled_and_its_tracker_told_after_the_future() {
    struct Note(Arc<Mutex<Vec<&'static str>>>, &'static str);
    impl Tracker for Note {
        fn id(&self) -> TaskId {
            TaskId::from_u64(5)
        }

        fn waits(&mut self, waker: &Waker) {
            assert!(!waker.will_wake(Waker::noop()));
            self.0.lock().unwrap().push("waits");
        }

        fn gone(&mut self) {
            self.0.lock().unwrap().push("gone");
        }
    }
    impl Drop for Note {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(self.1);
        }
    }
    let log = Arc::new(Mutex::new(Vec::new()));
    let queue = Queue::new();
    let sender = queue.1.clone();
    let inner = Note(log.clone(), "future");
    let spawn = Spawn::new(Meta::default(), Note(log.clone(), "tracker"));
    let (runnable, task) = spawn.build(
        async move {
            let _inner = inner;
            pending::<()>().await;
        },
        move |runnable| sender.send(runnable).unwrap(),
    );
    runnable.schedule();
    queue.run();
    assert_eq!(task.id(), TaskId::from_u64(5));
    drop(task);
    queue.run();
    assert_eq!(*log.lock().unwrap(), ["waits", "future", "gone", "tracker"]);
}

#[test]
fn cancel_waits_for_the_end_and_keeps_an_output_that_was_there() {
    let queue = Queue::new();
    let ended = queue.spawn(None, async { 1 });
    let endless = queue.spawn(None, pending::<u8>());
    queue.run();
    assert_eq!(block_on(ended.cancel()), Some(1));
    let mut cancel = Box::pin(endless.cancel());
    assert!(block_on(poll_once(&mut cancel)).is_none());
    queue.run();
    assert_eq!(block_on(cancel), None);
}

#[test]
fn a_task_whose_queue_died_is_none_or_a_panic_with_that_message() {
    let queue = Queue::new();
    let fallible = queue.spawn(None, pending::<()>()).fallible();
    let strict = queue.spawn(None, pending::<()>());
    drop(queue.0);
    assert_eq!(block_on(fallible), None);
    let payload = catch_unwind(AssertUnwindSafe(|| block_on(strict))).unwrap_err();
    assert!(payload.downcast_ref::<&str>().unwrap().contains("dropped before it ended"));
}

#[test]
fn the_running_task_is_known_inside_and_unknown_outside() {
    let queue = Queue::new();
    let task = queue.spawn(Some("me"), async { (current_id(), current_name()) });
    queue.run();
    assert_eq!(block_on(task), (Some(TaskId::from_u64(7)), Some("me".to_owned())));
    assert_eq!((current_id(), current_name()), (None, None));
}

#[test]
fn a_wake_after_the_end_does_nothing() {
    let queue = Queue::new();
    let polls = Arc::new(AtomicUsize::new(0));
    let (out, waker) = mpsc::channel();
    let count = polls.clone();
    let mut first = true;
    let task = queue.spawn(
        None,
        poll_fn(move |cx| {
            count.fetch_add(1, SeqCst);
            out.send(cx.waker().clone()).unwrap();
            if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
        }),
    );
    queue.run();
    waker.recv().unwrap().wake();
    queue.run();
    waker.recv().unwrap().wake();
    queue.run();
    assert_eq!(polls.load(SeqCst), 2);
    assert!(task.is_finished());
}
