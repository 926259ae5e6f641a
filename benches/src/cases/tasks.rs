//! Tasks that give way, start one another, come from elsewhere, are woken all at once.

use std::collections::VecDeque;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use crate::case::{Case, Env, Measure, Than, runtimes};
use crate::cases::bell::Bell;
use crate::cases::{join_all, on_worker, repeat_on};
use crate::measure::{Sample, Stopwatch, repeat};
use crate::runtimes::{Nio, Runtime, Smol, Tenter, TenterCt, Tokio, TokioCt};

const YIELDERS: usize = 1000;
const YIELDS: usize = 200;
const CHAIN: usize = 10_000;
const THREADS: usize = 8;
const PER_THREAD: usize = 10_000;
const WAITERS: usize = 10_000;
const RINGS: usize = 5;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        runtimes!(
            Case::new("yield", "1000 tasks give way 200 times each; per yield"),
            yields: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .bound("run loop", |env| repeat(env, yield_loop))
        .goal(Measure::Wall, 0.50, Than::Tokio)
        .goal(Measure::Cpu, 0.50, Than::Tokio),
        runtimes!(
            Case::new("spawn-chain", "a task spawns the next and ends, 10k in a row; per task"),
            chain: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .goal(Measure::Wall, 0.28, Than::Tokio),
        runtimes!(
            Case::new("spawn-8-threads", "8 threads that aren't workers spawn 10k tasks each, all are joined; per task"),
            foreign: Tenter, Tokio, Smol, Nio
        )
        .bound("mutex queue", |env| repeat(env, mutex_queue))
        .judged(Measure::Wall),
        runtimes!(
            Case::new("wake-all", "a task wakes 10k others that wait for it, and they wait again; per task woken"),
            wake_all: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .judged(Measure::Wall),
    ]
}

fn yields<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| {
        let handle = runtime.handle();
        on_worker(runtime, async move {
            let watch = Stopwatch::start();
            let one = |_| {
                R::spawn(&handle, async move {
                    for _ in 0..YIELDS {
                        R::yield_now().await;
                    }
                })
            };
            join_all((0..YIELDERS).map(one).collect()).await;
            watch.stop(YIELDERS * YIELDS)
        })
    })
}

/// The bound: closures that go back to the end of a queue on one thread.
fn yield_loop() -> Sample {
    let watch = Stopwatch::start();
    let task = |_| {
        let mut left = YIELDS;
        Box::new(move || {
            left -= 1;
            left > 0
        }) as Box<dyn FnMut() -> bool>
    };
    let mut queue: VecDeque<_> = (0..YIELDERS).map(task).collect();
    while let Some(mut task) = queue.pop_front() {
        if task() {
            queue.push_back(task);
        }
    }
    watch.stop(YIELDERS * YIELDS)
}

fn chain<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| {
        let inside = R::inside(&runtime.handle());
        on_worker(runtime, async move {
            let (done, end) = R::oneshot();
            let watch = Stopwatch::start();
            link::<R>(inside, done, CHAIN);
            R::one_recv(end).await;
            watch.stop(CHAIN)
        })
    })
}

fn link<R: Runtime>(inside: R::Inside, done: R::OneSender, left: usize) {
    if left == 0 {
        R::one_send(done, 0);
        return;
    }
    let next = inside.clone();
    R::detach(R::spawn_inside(&inside, async move { link::<R>(next, done, left - 1) }));
}

fn foreign<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| {
        let start = Arc::new(Barrier::new(THREADS + 1));
        let spawner = |_| {
            let (handle, start) = (runtime.handle(), Arc::clone(&start));
            thread::spawn(move || {
                R::enter(&handle);
                let mut tasks = Vec::with_capacity(PER_THREAD);
                start.wait();
                for _ in 0..PER_THREAD {
                    tasks.push(R::spawn(&handle, async {}));
                }
                tasks
            })
        };
        let spawners: Vec<_> = (0..THREADS).map(spawner).collect();
        start.wait();
        let watch = Stopwatch::start();
        for spawner in spawners {
            runtime.block_on(join_all(spawner.join().expect("spawning doesn't panic")));
        }
        watch.stop(THREADS * PER_THREAD)
    })
}

/// The bound: the same threads put boxed closures into one queue; who waits for all of them then runs them.
fn mutex_queue() -> Sample {
    type Job = Box<dyn FnOnce() + Send>;
    let queue: Mutex<VecDeque<Job>> = Mutex::new(VecDeque::with_capacity(THREADS * PER_THREAD));
    let start = Barrier::new(THREADS + 1);
    thread::scope(|scope| {
        let spawner = || {
            start.wait();
            for _ in 0..PER_THREAD {
                queue.lock().expect("nobody panics").push_back(Box::new(|| {}));
            }
        };
        let spawners: Vec<_> = (0..THREADS).map(|_| scope.spawn(spawner)).collect();
        start.wait();
        let watch = Stopwatch::start();
        for spawner in spawners {
            spawner.join().expect("pushing doesn't panic");
        }
        while let Some(job) = { queue.lock().expect("nobody panics").pop_front() } {
            job();
        }
        watch.stop(THREADS * PER_THREAD)
    })
}

fn wake_all<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| {
        let handle = runtime.handle();
        on_worker(runtime, async move {
            let bell = Arc::new(Bell::default());
            let waiter = |_| {
                let bell = Arc::clone(&bell);
                R::spawn(&handle, async move {
                    for heard in 0..=RINGS {
                        bell.wait(heard).await;
                    }
                })
            };
            let waiters: Vec<_> = (0..WAITERS).map(waiter).collect();
            bell.full(WAITERS).await;
            let watch = Stopwatch::start();
            for _ in 0..RINGS {
                bell.ring();
                bell.full(WAITERS).await;
            }
            let sample = watch.stop(WAITERS * RINGS);
            bell.ring();
            join_all(waiters).await;
            sample
        })
    })
}
