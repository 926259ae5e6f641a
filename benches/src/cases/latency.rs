//! How long it takes until something runs.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, Env, Goal, Measure, Than, Unit, runtimes};
use crate::cases::work::work;
use crate::cases::{join_all, on_worker};
use crate::measure::{Sample, Stopwatch, latencies};
use crate::runtimes::{Nio, Runtime, Smol, Tenter, TenterCt, TenterLatency, TenterNoSpin, Tokio, TokioCt};

/// How long nothing happens before a wake, and for how many wakes.
const OFTEN: (Duration, usize) = (Duration::from_micros(100), 800);
const SELDOM: (Duration, usize) = (Duration::from_millis(2), 100);

pub(crate) fn cases() -> Vec<Case> {
    vec![
        runtimes!(
            Case::new("block-on", "block_on, spawn there, await, while another worker is up; median of each").unit(Unit::Us),
            enter: Tenter, TenterCt, TenterLatency, TenterNoSpin, Tokio, TokioCt, Smol, Nio
        )
        .tail("p99")
        .goal(Measure::Wall, 0.02, Than::Tokio),
        runtimes!(
            Case::new("wake", "another thread wakes a task after 0.1 ms of nothing; from the wake to the task, median")
                .unit(Unit::Us),
            often: Tenter, TenterCt, TenterLatency, TenterNoSpin, Tokio, TokioCt, Smol, Nio
        )
        .bound("thread park", |env| parked(env, OFTEN))
        .tail("p99")
        .goal(Measure::Wall, 0.5, Than::Tokio)
        .row(TenterLatency::NAME, Measure::Wall, Some(Goal { most: 0.1, than: Than::Tokio }))
        .row(TenterNoSpin::NAME, Measure::Wall, Some(Goal { most: 0.9, than: Than::Tokio })),
        runtimes!(
            Case::new("wake-idle", "another thread wakes a task after 2 ms of nothing; from the wake to the task, median")
                .unit(Unit::Us),
            seldom: Tenter, TenterCt, TenterLatency, TenterNoSpin, Tokio, TokioCt, Smol, Nio
        )
        .bound("thread park", |env| parked(env, SELDOM))
        .tail("p99")
        .judged(Measure::Wall),
    ]
}

fn enter<R: Runtime>(env: &Env) -> Sample {
    let runtime = R::start(env);
    let handle = runtime.handle();
    let busy = on_worker(&runtime, async move {
        // Enough for every worker: all of them start.
        let one = |_| R::spawn(&handle, async { work(Duration::from_micros(50)) });
        join_all((0..200).map(one).collect()).await;
        Sample::default()
    });
    assert_eq!(busy, Sample::default());
    let count = env.scale(2000);
    let mut times = Vec::with_capacity(count);
    for _ in 0..count / 10 {
        runtime.enter_spawn_await();
    }
    let watch = Stopwatch::start();
    for _ in 0..count {
        let start = Instant::now();
        runtime.enter_spawn_await();
        times.push(start.elapsed());
    }
    let cpu = watch.cpu(count);
    latencies(&mut times, cpu)
}

fn often<R: Runtime>(env: &Env) -> Sample {
    wakes::<R>(env, OFTEN)
}

fn seldom<R: Runtime>(env: &Env) -> Sample {
    wakes::<R>(env, SELDOM)
}

/// When it was rung, and who waits for that.
#[derive(Default)]
struct Doorbell(Mutex<(Option<Instant>, Option<Waker>)>);

impl Doorbell {
    /// Waits for a ring; gives when it was.
    async fn wait(&self) -> Instant {
        poll_fn(|cx| {
            let mut state = self.0.lock().expect("nobody panics");
            match state.0.take() {
                Some(rung) => Poll::Ready(rung),
                None => {
                    state.1 = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Wakes who waits; nothing if nobody does.
    fn ring(&self) -> bool {
        let mut state = self.0.lock().expect("nobody panics");
        let Some(waker) = state.1.take() else { return false };
        state.0 = Some(Instant::now());
        drop(state);
        waker.wake();
        true
    }
}

fn wakes<R: Runtime>(env: &Env, (pause, count): (Duration, usize)) -> Sample {
    let (runtime, count) = (R::start(env), env.scale(count));
    let bell = Arc::new(Doorbell::default());
    let bell2 = Arc::clone(&bell);
    let sleeper = R::spawn(&runtime.handle(), async move {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            times.push(bell2.wait().await.elapsed());
        }
        times
    });
    let ringer = thread::spawn(move || {
        let watch = Stopwatch::start();
        let mut left = count;
        while left > 0 {
            thread::sleep(pause);
            left -= usize::from(bell.ring());
        }
        watch.cpu(count)
    });
    let mut times = runtime.block_on(sleeper);
    latencies(&mut times, ringer.join().expect("ringing doesn't panic"))
}

/// The bound: a thread in place of the runtime.
fn parked(env: &Env, (pause, count): (Duration, usize)) -> Sample {
    let count = env.scale(count);
    let (sender, receiver) = mpsc::channel::<Instant>();
    let sleeper = thread::spawn(move || {
        let mut times = Vec::with_capacity(count);
        while times.len() < count {
            thread::park();
            // Two unparks may have become one.
            times.extend(receiver.try_iter().map(|rung| rung.elapsed()));
        }
        times
    });
    let watch = Stopwatch::start();
    for _ in 0..count {
        thread::sleep(pause);
        sender.send(Instant::now()).expect("the sleeper is there");
        sleeper.thread().unpark();
    }
    let mut times = sleeper.join().expect("sleeping doesn't panic");
    latencies(&mut times, watch.cpu(count))
}
