//! `spawn`, `Task`, executors, timers, `unblock`, channels, and the macros.

use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use smol::future::{self, FutureExt};
use smol::stream::{self, StreamExt};
use smol::{Executor, LocalExecutor, Task, Timer, channel};

/// Work done by `spawn`ed tasks, awaited, detached, cancelled.
pub async fn spawned() -> u32 {
    let task: Task<u32> = smol::spawn(async { 1 });
    let (sender, receiver) = channel::bounded(1);
    smol::spawn(async move { sender.send(10).await.expect("it is received") }).detach();
    let endless = smol::spawn(future::pending::<()>());
    assert!(!endless.is_finished());
    assert_eq!(endless.cancel().await, None);
    let failing = smol::spawn(async { 100 }).fallible();
    let on_pool = smol::unblock(|| 1000);
    task.await
        + receiver.recv().await.expect("it is sent")
        + failing.await.expect("it is not cancelled")
        + on_pool.await
}

/// Futures on executors of one's own.
pub fn on_executors() -> u32 {
    static GLOBAL: Executor<'_> = Executor::new();
    let borrowed = 5;
    let local = LocalExecutor::new();
    let executor = Executor::new();
    let shared = Rc::new(Cell::new(0));
    let theirs = shared.clone();
    let here = local.spawn(async move { theirs.set(1) });
    let mut many = Vec::new();
    executor.spawn_many([async { borrowed }], &mut many);
    let (global, lent) = (GLOBAL.spawn(async { 7 }), executor.spawn(async { borrowed }));
    while executor.try_tick() {}
    let sum = smol::block_on(local.run(executor.run(GLOBAL.run(async {
        here.await;
        global.await + lent.await + many.pop().expect("one was spawned").await
    }))));
    assert!(executor.is_empty() && local.is_empty() && GLOBAL.is_empty());
    sum + shared.get()
}

/// Timers as futures and as streams.
pub async fn timed() -> usize {
    let start = Instant::now();
    let when = Timer::after(Duration::from_millis(2)).await;
    assert!(start.elapsed() >= Duration::from_millis(2) && when >= start);
    Timer::at(Instant::now()).await;
    let ticks = Timer::interval(Duration::from_millis(1)).take(3).count().await;
    let period = Duration::from_millis(1);
    let more = Timer::interval_at(Instant::now(), period).take(2).count().await;
    let mut timer = Timer::never();
    assert!(!timer.will_fire());
    timer.set_after(period);
    timer.set_at(Instant::now());
    timer.set_interval(period);
    timer.set_interval_at(Instant::now(), period);
    assert!(timer.will_fire());
    timer.clear();
    let lost = async {
        timer.await;
        false
    };
    assert!(lost.or(async { Timer::after(Duration::from_millis(1)).await > start }).await);
    ticks + more
}

/// Channels and their errors.
pub async fn channelled() {
    let (sender, receiver) = channel::unbounded();
    sender.try_send(1).expect("there is room");
    sender.force_send(2).expect("it is open");
    assert_eq!((sender.len(), sender.capacity(), sender.receiver_count()), (2, None, 1));
    assert_eq!(receiver.clone().take(2).fold(0, |sum, item| sum + item).await, 3);
    assert_eq!(receiver.try_recv(), Err(channel::TryRecvError::Empty));
    let weak = sender.downgrade();
    assert!(weak.upgrade().is_some_and(|again| again.same_channel(&sender)));
    sender.close();
    assert_eq!(sender.send(3).await, Err(channel::SendError(3)));
    assert_eq!(receiver.recv().await, Err(channel::RecvError));
    assert!(receiver.is_closed() && receiver.is_empty());
}

/// `pin!`, `ready!`, and combinators.
pub async fn combined() -> u32 {
    let slow = async {
        future::yield_now().await;
        20
    };
    smol::pin!(slow);
    let polled = future::poll_fn(|cx| {
        let value = smol::ready!(slow.as_mut().poll(cx));
        Poll::Ready(value + 1)
    });
    let (left, right) = future::zip(polled, future::ready(1)).await;
    let sum = stream::iter([1, 2]).chain(stream::once(3)).fold(0, |sum, item| sum + item).await;
    left + right + sum
}
