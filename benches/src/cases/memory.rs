//! Memory, measured in processes of their own, so that what one runtime leaves in the allocator is no other's.

use std::fs;
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, Env, Measure, Than, Unit, runtimes};
use crate::cases::bell::Bell;
use crate::cases::join_all;
use crate::child::{self, Child};
use crate::measure::Sample;
use crate::runtimes::{Nio, Runtime, Smol, Tenter, Tokio};

const IDLE: usize = 200_000;
const BURST: usize = 1_000_000;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        runtimes!(
            Case::new("idle-task", "a spawned task that waits and holds 16 bytes; resident memory per task").unit(Unit::Bytes),
            idle: Tenter, Tokio, Smol, Nio
        )
        .bound("boxed future", |env| in_child("idle-task", "boxed future", env, IDLE))
        .goal(Measure::Wall, 112.0, Than::Absolute),
        runtimes!(
            Case::new("burst", "resident memory after a million tasks waited and ended, over that before; within 10 s")
                .unit(Unit::Times)
                .tail("seconds"),
            burst: Tenter, Tokio, Smol, Nio
        )
        .slow()
        .rounds(1)
        .goal(Measure::Wall, 1.1, Than::Absolute),
    ]
}

pub(crate) fn children() -> Vec<Child> {
    vec![
        Child {
            name: "idle-task",
            run: |arguments| {
                run(arguments, idle_boxed, [idle_on::<Tenter>, idle_on::<Tokio>, idle_on::<Smol>, idle_on::<Nio>])
            },
        },
        Child {
            name: "burst",
            run: |arguments| {
                run(
                    arguments,
                    |_| String::new(),
                    [burst_on::<Tenter>, burst_on::<Tokio>, burst_on::<Smol>, burst_on::<Nio>],
                )
            },
        },
    ]
}

/// A child's work, for what its arguments name: who, how many workers, how many tasks.
fn run(arguments: &[String], bound: fn(usize) -> String, runs: [fn(&Env, usize) -> String; 4]) -> String {
    let [who, workers, count] = arguments else { return "expected a name and two numbers".to_owned() };
    let (Ok(workers), Ok(count)) = (workers.parse(), count.parse()) else { return "expected numbers".to_owned() };
    let env = Env { workers, quick: false, pinned: false, size: 0 };
    let names = [Tenter::NAME, Tokio::NAME, Smol::NAME, Nio::NAME];
    match names.iter().position(|name| name == who) {
        Some(at) => runs[at](&env, count),
        None => bound(count),
    }
}

fn in_child(name: &str, who: &str, env: &Env, count: usize) -> Sample {
    let arguments = [who.to_owned(), env.workers.to_string(), count.to_string()];
    let numbers = child::numbers(name, &arguments).expect("the child measures");
    Sample { wall: numbers[0], cpu: 0.0, tail: numbers.get(1).copied() }
}

fn idle<R: Runtime>(env: &Env) -> Sample {
    in_child("idle-task", R::NAME, env, IDLE)
}

fn burst<R: Runtime>(env: &Env) -> Sample {
    in_child("burst", R::NAME, env, env.scale(BURST))
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").expect("Linux tells");
    let pages: usize = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).expect("the second number");
    pages * rustix::param::page_size()
}

/// Who idles. A task that nobody could wake would not have to be kept at all.
static IDLING: Mutex<Vec<Waker>> = Mutex::new(Vec::new());

fn wakers() -> MutexGuard<'static, Vec<Waker>> {
    IDLING.lock().expect("nobody panics")
}

/// A future of exactly these 16 bytes; whatever polls it again makes it wait again.
struct Idling([u64; 2]);

impl Future for Idling {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        black_box(self.0);
        wakers().push(cx.waker().clone());
        Poll::Pending
    }
}

fn idle_on<R: Runtime>(env: &Env, count: usize) -> String {
    let runtime = R::start(env);
    let spawn = |tasks: usize| {
        let handle = runtime.handle();
        runtime.block_on(R::spawn(&runtime.handle(), async move {
            for _ in 0..tasks {
                R::detach(R::spawn(&handle, Idling([1; 2])));
            }
        }));
    };
    // Room that is resident already: the list is not the tasks' memory.
    *wakers() = vec![Waker::noop().clone(); count + 1000];
    wakers().clear();
    spawn(1000);
    settle(1000);
    let before = resident();
    spawn(count);
    settle(1000 + count);
    format!("{}", (resident() - before) as f64 / count as f64)
}

/// Waits until all have been polled once.
fn settle(count: usize) {
    while wakers().len() < count {
        thread::sleep(Duration::from_millis(1));
    }
}

/// The bound: the same futures in boxes, in a vector.
fn idle_boxed(count: usize) -> String {
    let before = resident();
    let futures: Vec<Pin<Box<dyn Future<Output = ()>>>> =
        (0..count).map(|_| Box::pin(Idling([1; 2])) as Pin<Box<_>>).collect();
    let after = resident();
    drop(futures);
    format!("{}", (after - before) as f64 / count as f64)
}

fn burst_on<R: Runtime>(env: &Env, count: usize) -> String {
    let runtime = R::start(env);
    let live = |tasks: usize| {
        let handle = runtime.handle();
        runtime.block_on(R::spawn(&runtime.handle(), async move {
            let bell = Arc::new(Bell::default());
            let waiter = |_| {
                let bell = Arc::clone(&bell);
                R::spawn(&handle, async move { bell.wait(0).await })
            };
            let waiters: Vec<_> = (0..tasks).map(waiter).collect();
            bell.full(tasks).await;
            bell.ring();
            join_all(waiters).await;
        }));
    };
    live(1000);
    let before = resident() as f64;
    live(count);
    let end = Instant::now();
    loop {
        let (times, seconds) = (resident() as f64 / before, end.elapsed().as_secs_f64());
        if times <= 1.1 || seconds >= 10.0 {
            return format!("{times} {seconds}");
        }
        thread::sleep(Duration::from_millis(50));
    }
}
