//! Messages from task to task, over each runtime's own channels.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Mutex;

use crate::case::{Case, Env, Measure, Than, runtimes};
use crate::cases::{join_all, on_worker, repeat_on};
use crate::measure::{Sample, Stopwatch, repeat};
use crate::runtimes::{Nio, Runtime, Smol, Tenter, TenterCt, TenterNoSpin, Tokio, TokioCt};

const ROOM: usize = 1024;
const SENDERS: usize = 4;
const RECEIVERS: usize = 4;
const ITEMS: usize = 10_000;
const REQUESTS: usize = 5000;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        runtimes!(
            Case::new("ping-pong", "1000 pairs of tasks over channels of one; per round trip"),
            crowd: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .goal(Measure::Wall, 0.55, Than::Tokio),
        runtimes!(
            Case::new("ping-pong-16", "16 pairs of tasks over channels of one; per round trip"),
            few: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .judged(Measure::Wall),
        runtimes!(
            Case::new("ping-pong-steady", "one pair of tasks over channels of one; per round trip"),
            steady: Tenter, TenterCt, TenterNoSpin, Tokio, TokioCt, Smol, Nio
        )
        .goal(Measure::Wall, 0.65, Than::Tokio),
        runtimes!(
            Case::new("oneshot", "a task sends another a oneshot sender and awaits the answer; per request"),
            requests: Tenter, TenterCt, TenterNoSpin, Tokio, TokioCt, Smol, Nio
        )
        .judged(Measure::Wall),
        runtimes!(
            Case::new("mpsc", "4 tasks send to one over a channel of 1024; per message"),
            mpsc: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .bound("mutex queue", |env| repeat(env, mutex_queue))
        .goal(Measure::Wall, 0.40, Than::Tokio),
        runtimes!(
            Case::new("mpmc", "4 tasks send to 4 over a channel of 1024; per message"),
            mpmc: Tenter, TenterCt, Tokio, TokioCt, Smol, Nio
        )
        .bound("mutex queue", |env| repeat(env, mutex_queue))
        .goal(Measure::Wall, 0.30, Than::Tokio),
    ]
}

fn crowd<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| ping_pong(runtime, 1000, 50))
}

fn few<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| ping_pong(runtime, 16, 1000))
}

fn steady<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| ping_pong(runtime, 1, 20_000))
}

fn ping_pong<R: Runtime>(runtime: &R, pairs: usize, times: usize) -> Sample {
    let handle = runtime.handle();
    on_worker(runtime, async move {
        let watch = Stopwatch::start();
        let mut tasks = Vec::new();
        for _ in 0..pairs {
            let (ping, mut pinged) = R::channel(1);
            let (pong, mut ponged) = R::channel(1);
            tasks.push(R::spawn(&handle, async move {
                for i in 0..times {
                    R::send(&ping, i).await;
                    assert_eq!(R::recv(&mut ponged).await, Some(i));
                }
            }));
            tasks.push(R::spawn(&handle, async move {
                while let Some(i) = R::recv(&mut pinged).await {
                    R::send(&pong, i).await;
                }
            }));
        }
        join_all(tasks).await;
        watch.stop(pairs * times)
    })
}

fn requests<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| {
        let handle = runtime.handle();
        on_worker(runtime, async move {
            let (sender, mut receiver) = R::channel(16);
            let server = R::spawn(&handle, async move {
                let mut answer = 0;
                while let Some(reply) = R::recv(&mut receiver).await {
                    R::one_send(reply, answer);
                    answer += 1;
                }
            });
            let client = R::spawn(&handle, async move {
                let watch = Stopwatch::start();
                for i in 0..REQUESTS as u64 {
                    let (reply, answer) = R::oneshot();
                    R::send(&sender, reply).await;
                    assert_eq!(R::one_recv(answer).await, i);
                }
                watch.stop(REQUESTS)
            });
            let sample = client.await;
            server.await;
            sample
        })
    })
}

fn mpsc<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| {
        let handle = runtime.handle();
        on_worker(runtime, async move {
            let watch = Stopwatch::start();
            let (sender, mut receiver) = R::channel(ROOM);
            let mut tasks = Vec::new();
            for _ in 0..SENDERS {
                let sender = sender.clone();
                tasks.push(R::spawn(&handle, async move {
                    for i in 0..ITEMS as u64 {
                        R::send(&sender, i).await;
                    }
                }));
            }
            drop(sender);
            tasks.push(R::spawn(&handle, async move {
                let mut count = 0;
                while R::recv(&mut receiver).await.is_some() {
                    count += 1;
                }
                assert_eq!(count, SENDERS * ITEMS);
            }));
            join_all(tasks).await;
            watch.stop(SENDERS * ITEMS)
        })
    })
}

fn mpmc<R: Runtime>(env: &Env) -> Sample {
    repeat_on(env, |runtime: &R| {
        let handle = runtime.handle();
        on_worker(runtime, async move {
            let watch = Stopwatch::start();
            let (sender, receiver) = R::shared_channel(ROOM);
            let send = |_| {
                let sender = sender.clone();
                R::spawn(&handle, async move {
                    for i in 0..ITEMS as u64 {
                        R::shared_send(&sender, i).await;
                    }
                    0
                })
            };
            let mut tasks: Vec<_> = (0..SENDERS).map(send).collect();
            drop(sender);
            let receive = |_| {
                let receiver = receiver.clone();
                R::spawn(&handle, async move {
                    let mut count = 0;
                    while R::shared_recv(&receiver).await.is_some() {
                        count += 1;
                    }
                    count
                })
            };
            tasks.extend((0..RECEIVERS).map(receive));
            drop(receiver);
            let mut count = 0;
            for task in tasks {
                count += task.await;
            }
            assert_eq!(count, SENDERS * ITEMS);
            watch.stop(SENDERS * ITEMS)
        })
    })
}

/// The bound: a ring behind a mutex on one thread, filled and emptied; nobody waits for anybody.
fn mutex_queue() -> Sample {
    let queue = Mutex::new(VecDeque::with_capacity(ROOM));
    let watch = Stopwatch::start();
    let rounds = SENDERS * ITEMS / ROOM;
    for _ in 0..rounds {
        for i in 0..ROOM {
            queue.lock().expect("nobody panics").push_back(i);
        }
        while let Some(i) = { queue.lock().expect("nobody panics").pop_front() } {
            black_box(i);
        }
    }
    watch.stop(rounds * ROOM)
}
