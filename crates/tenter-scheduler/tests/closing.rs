//! Closing where it could hang: from destructors, twice, beneath a `block_on` that goes on.
#![cfg(not(tenter_loom))]

mod common;

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use common::{config, scheduler, settle, within, yield_now};
use tenter_scheduler::{NoPark, Park, Scheduler, WeakScheduler};

#[test]
fn an_outer_close_after_an_inner_one_must_wait_for_the_workers() {
    within(120, || {
        let stopped = Arc::new(AtomicUsize::new(0));
        let seen = stopped.clone();
        let mut config = config(1);
        config.on_thread_stop = Some(Arc::new(move || {
            thread::sleep(Duration::from_millis(50));
            seen.fetch_add(1, SeqCst);
        }));
        let scheduler = Scheduler::new(config, Arc::new(NoPark)).unwrap();
        let (inner, (send, closed)) = (scheduler.clone(), mpsc::channel());
        scheduler
            .spawn(async move {
                inner.close();
                send.send(()).unwrap();
            })
            .detach();
        closed.recv().unwrap();
        scheduler.close();
        assert_eq!(stopped.load(SeqCst), 1);
    });
}

/// Calls a function when dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_destructor_that_closes_blocks_or_spawns_must_not_hang_the_drain() {
    for workers in [0, 1, 2] {
        within(120, move || {
            let scheduler = scheduler(workers);
            let dropped = Arc::new(AtomicUsize::new(0));
            for _ in 0..20 {
                let (inner, count) = (scheduler.clone(), dropped.clone());
                let on_drop = OnDrop(move || {
                    inner.block_on(yield_now());
                    inner.spawn(pending::<()>()).detach();
                    inner.close();
                    count.fetch_add(1, SeqCst);
                });
                scheduler
                    .spawn(async move {
                        let _on_drop = on_drop;
                        pending::<()>().await;
                    })
                    .detach();
            }
            settle();
            scheduler.close();
            assert_eq!(dropped.load(SeqCst), 20);
            assert_eq!(scheduler.live_tasks(), 0);
        });
    }
}

#[test]
fn spawning_in_drop_a_thousand_deep_ends() {
    struct Nest(Scheduler, usize);
    impl Drop for Nest {
        fn drop(&mut self) {
            if self.1 > 0 {
                let next = Nest(self.0.clone(), self.1 - 1);
                self.0
                    .spawn(async move {
                        let _next = next;
                        pending::<()>().await;
                    })
                    .detach();
            }
        }
    }
    for workers in [0, 2] {
        within(120, move || {
            let scheduler = scheduler(workers);
            let nest = Nest(scheduler.clone(), 1_000);
            scheduler.block_on(async {
                scheduler
                    .spawn(async move {
                        let _nest = nest;
                        pending::<()>().await;
                    })
                    .detach();
                yield_now().await;
            });
            scheduler.close();
            assert_eq!(scheduler.live_tasks(), 0);
        });
    }
}

/// One event, which the driver waits for.
#[derive(Debug, Default)]
struct OneEvent {
    driven: Mutex<()>,
    state: Mutex<(bool, Option<Waker>)>,
    changed: Condvar,
    driving: AtomicBool,
}

impl Park for OneEvent {
    fn drive(
        &self,
        _: usize,
        timeout: Option<Duration>,
        enter: &mut dyn FnMut() -> bool,
        out: &mut Vec<Waker>,
    ) -> bool {
        let Ok(_driver) = self.driven.try_lock() else { return false };
        self.driving.store(true, SeqCst);
        if enter() && timeout.is_none() {
            let mut state = self.state.lock().unwrap();
            while !state.0 {
                state = self.changed.wait(state).unwrap();
            }
            state.0 = false;
            out.extend(state.1.take());
        }
        self.driving.store(false, SeqCst);
        true
    }

    fn is_driven(&self) -> bool {
        self.driving.load(SeqCst)
    }

    fn wake(&self) {
        self.state.lock().unwrap().0 = true;
        self.changed.notify_all();
    }

    fn fire(&self, _: usize, _: &mut Vec<Waker>) {}

    fn next_deadline(&self, _: usize) -> Option<Instant> {
        None
    }

    fn set_self_timed(&self, _: usize, _: bool) {}

    fn is_needed(&self) -> bool {
        true
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

#[test]
fn block_on_must_drive_its_own_events_once_the_workers_of_a_closed_runtime_are_gone() {
    within(120, || {
        let park = Arc::new(OneEvent::default());
        let mut config = config(1);
        // Until then the thread in `block_on` leaves driving to the worker.
        config.on_thread_stop = Some(Arc::new(|| thread::sleep(Duration::from_millis(20))));
        let scheduler = Scheduler::new(config, park.clone()).unwrap();
        scheduler.block_on(scheduler.spawn(async {}));
        let (root, (send, waiting)) = (scheduler.clone(), mpsc::channel());
        let event = Arc::new(AtomicBool::new(false));
        let (seen, registry) = (event.clone(), park.clone());
        let blocked = thread::spawn(move || {
            root.block_on(poll_fn(|cx| {
                if seen.load(SeqCst) {
                    return Poll::Ready(());
                }
                registry.state.lock().unwrap().1 = Some(cx.waker().clone());
                let _ = send.send(());
                Poll::Pending
            }));
        });
        waiting.recv().unwrap();
        scheduler.close();
        settle();
        event.store(true, SeqCst);
        park.wake();
        blocked.join().unwrap();
    });
}

/// Holds a worker in its maintenance, once.
#[derive(Debug)]
struct Gate {
    armed: AtomicBool,
    entered: mpsc::SyncSender<()>,
    go: Mutex<mpsc::Receiver<()>>,
}

impl Park for Gate {
    fn drive(&self, _: usize, timeout: Option<Duration>, _: &mut dyn FnMut() -> bool, _: &mut Vec<Waker>) -> bool {
        if timeout.is_some() && self.armed.swap(false, SeqCst) {
            self.entered.send(()).unwrap();
            self.go.lock().unwrap().recv().unwrap();
        }
        false
    }

    fn is_driven(&self) -> bool {
        true
    }

    fn wake(&self) {}

    fn fire(&self, _: usize, _: &mut Vec<Waker>) {}

    fn next_deadline(&self, _: usize) -> Option<Instant> {
        None
    }

    fn set_self_timed(&self, _: usize, _: bool) {}

    fn is_needed(&self) -> bool {
        true
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// Its runnable was there when the closer woke all tasks; a worker that had not seen that polls it afterwards.
#[test]
fn a_task_polled_by_a_worker_that_has_not_seen_the_close_must_not_keep_it_waiting() {
    within(120, || {
        let ((entered, in_maintenance), (release, go)) = (mpsc::sync_channel(1), mpsc::channel());
        let park = Arc::new(Gate { armed: AtomicBool::new(false), entered, go: Mutex::new(go) });
        let scheduler = Scheduler::new(config(2), park.clone()).unwrap();
        // One worker closes from inside, and stays in this poll until the task is gone.
        let ((start, started), (drop_seen, dropped)) = (mpsc::channel::<()>(), mpsc::channel());
        let (inner, (result, verdict)) = (scheduler.clone(), mpsc::channel());
        scheduler
            .spawn(async move {
                started.recv().unwrap();
                inner.close();
                release.send(()).unwrap();
                result.send(dropped.recv_timeout(Duration::from_secs(30))).unwrap();
            })
            .detach();
        // The other is held before it takes the task.
        let restless = async {
            loop {
                yield_now().await;
            }
        };
        scheduler.spawn(restless).detach();
        park.armed.store(true, SeqCst);
        in_maintenance.recv().unwrap();
        let on_drop = OnDrop(move || drop_seen.send(()).unwrap());
        scheduler
            .spawn(async move {
                let _on_drop = on_drop;
                pending::<()>().await;
            })
            .detach();
        start.send(()).unwrap();
        assert_eq!(verdict.recv().unwrap(), Ok(()));
        scheduler.close();
    });
}

/// A worker that polls quickly is relied upon by those who push from outside; it must not be any more once it is gone.
#[test]
fn a_slot_must_not_keep_the_promises_of_its_last_workers() {
    within(120, || {
        for _ in 0..20 {
            let first = scheduler(1);
            let (tell, told) = mpsc::channel();
            first
                .spawn(async move {
                    for turn in 0.. {
                        yield_now().await;
                        if turn == 1000 {
                            tell.send(()).unwrap();
                        }
                    }
                })
                .detach();
            told.recv().unwrap();
            first.close();
            drop(first);
            let second = scheduler(1);
            let task = second.spawn(async { 5 });
            assert_eq!(tenter_core::park::block_on(task), 5);
            second.close();
        }
    });
}

/// Both lived in the same slot: no other test here has so many workers.
#[test]
fn a_name_must_not_lead_to_the_successor() {
    within(120, || {
        let is_seen = |weak: WeakScheduler| weak.with(|view| view.is_some());
        let scheduler = Scheduler::new(config(61), Arc::new(NoPark)).unwrap();
        let first = scheduler.downgrade();
        assert!(is_seen(first));
        scheduler.close();
        drop(scheduler);
        let scheduler = Scheduler::new(config(61), Arc::new(NoPark)).unwrap();
        let second = scheduler.downgrade();
        assert!(is_seen(second) && first != second);
        assert!(!is_seen(first), "from outside");
        assert!(scheduler.block_on(async { is_seen(second) && !is_seen(first) }), "from within");
        scheduler.close();
        drop(scheduler);
        assert!(!is_seen(second));
    });
}
