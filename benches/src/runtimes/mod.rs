//! What a runtime has to offer so that a case written once runs on it, and the runtimes.

mod nio;
mod smol;
mod tenter;
mod tokio;

use std::time::Duration;

use crate::case::{Env, Role};

pub(crate) use self::nio::Nio;
pub(crate) use self::smol::Smol;
pub(crate) use self::tenter::{Tenter, TenterCt, TenterLatency, TenterNoSpin};
pub(crate) use self::tokio::{Tokio, TokioCt};

/// A runtime, with its own tasks, timers and channels, or what its users take where it has none.
pub(crate) trait Runtime: Sized {
    const NAME: &'static str;
    const ROLE: Role = Role::Peer;

    /// Spawns from any thread.
    type Handle: Clone + Send + Sync + 'static;
    /// What a task has at hand to spawn another one: nothing, where the runtime's users call a function for that.
    type Inside: Clone + Send + 'static;
    /// Waits for a task's value.
    type Join<T: Send + 'static>: Future<Output = T> + Send + 'static;

    type Sender<T: Send + 'static>: Clone + Send + Sync + 'static;
    type Receiver<T: Send + 'static>: Send + 'static;
    type SharedSender: Clone + Send + Sync + 'static;
    type SharedReceiver: Clone + Send + Sync + 'static;
    type OneSender: Send + 'static;
    type OneReceiver: Send + 'static;

    /// Starts a runtime; dropping it stops it.
    fn start(env: &Env) -> Self;
    fn handle(&self) -> Self::Handle;
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Tells a thread that isn't the runtime's about it, where spawning needs that. The thread that started it knows.
    fn enter(_: &Self::Handle) {}

    fn spawn<F>(handle: &Self::Handle, future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    fn inside(handle: &Self::Handle) -> Self::Inside;

    /// Spawns from within a task, the way the runtime's users do it there.
    fn spawn_inside<F>(inside: &Self::Inside, future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Lets a task go on by itself.
    fn detach<T: Send + 'static>(task: Self::Join<T>);

    /// Ends a task early.
    fn cancel<T: Send + 'static>(task: Self::Join<T>);

    /// Runs a closure on the pool for blocking ones.
    fn unblock<T, F>(handle: &Self::Handle, job: F) -> Self::Join<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static;

    fn yield_now() -> impl Future<Output = ()> + Send;

    /// Spawns a task that sleeps, and gives how much too late it was.
    fn spawn_sleep(handle: &Self::Handle, duration: Duration) -> Self::Join<Duration>;

    /// Spawns a task that so many times polls once, under a timeout, a future that isn't ready, and drops both.
    fn spawn_timeouts(handle: &Self::Handle, count: usize) -> Self::Join<()>;

    /// Spawns a task that makes and polls so many timers of different lengths, all far off, and then drops them all.
    fn spawn_timers(handle: &Self::Handle, count: usize) -> Self::Join<()>;

    /// Enters the runtime from outside, spawns an empty task there and waits for it: the way the runtime's users do it.
    fn enter_spawn_await(&self) {
        let handle = self.handle();
        self.block_on(async move { Self::spawn(&handle, async {}).await });
    }

    /// A bounded channel of many producers and one consumer.
    fn channel<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>);
    fn send<T: Send + 'static>(sender: &Self::Sender<T>, item: T) -> impl Future<Output = ()> + Send;
    /// `None` when all senders are gone.
    fn recv<T: Send + 'static>(receiver: &mut Self::Receiver<T>) -> impl Future<Output = Option<T>> + Send;

    /// A bounded channel of many producers and many consumers.
    fn shared_channel(capacity: usize) -> (Self::SharedSender, Self::SharedReceiver);
    fn shared_send(sender: &Self::SharedSender, item: u64) -> impl Future<Output = ()> + Send;
    fn shared_recv(receiver: &Self::SharedReceiver) -> impl Future<Output = Option<u64>> + Send;

    /// A channel for one number.
    fn oneshot() -> (Self::OneSender, Self::OneReceiver);
    fn one_send(sender: Self::OneSender, item: u64);
    fn one_recv(receiver: Self::OneReceiver) -> impl Future<Output = u64> + Send;
}

/// Timers between two yields. A runtime with a cooperative budget makes a timer pend without registering it once the
/// budget is used up, so no task may create many without a break.
const TIMERS_PER_POLL: usize = 50;

/// A second, and up to a minute more, spread so that no two neighbours are alike.
fn far_off(i: usize) -> Duration {
    Duration::from_millis(1000 + (i as u64).wrapping_mul(0x9e37_79b9) % 60_000)
}

/// The body of [`Runtime::spawn_timeouts`]: what a timeout's value is, and whether it may leave its thread, differs.
macro_rules! timeouts {
    ($count:expr, $timeout:path, $yield_now:path) => {
        async move {
            for i in 0..$count {
                let timeout = std::pin::pin!($timeout(std::time::Duration::from_secs(1), std::future::pending::<()>()));
                assert!(futures_lite::future::poll_once(timeout).await.is_none(), "a second can't have passed");
                if i % $crate::runtimes::TIMERS_PER_POLL == 0 {
                    $yield_now().await;
                }
            }
        }
    };
}
use timeouts;

/// The body of [`Runtime::spawn_timers`].
macro_rules! timers {
    ($count:expr, $sleep:path, $yield_now:path) => {
        async move {
            let mut timers = Vec::with_capacity($count);
            for i in 0..$count {
                timers.push(Box::pin($sleep($crate::runtimes::far_off(i))));
                let timer = timers.last_mut().expect("one was pushed");
                assert!(futures_lite::future::poll_once(timer).await.is_none(), "a second can't have passed");
                if i % $crate::runtimes::TIMERS_PER_POLL == 0 {
                    $yield_now().await;
                }
            }
        }
    };
}
use timers;

/// The body of [`Runtime::spawn_sleep`].
macro_rules! sleep {
    ($duration:expr, $sleep:path) => {
        async move {
            let due = std::time::Instant::now() + $duration;
            $sleep($duration).await;
            std::time::Instant::now().saturating_duration_since(due)
        }
    };
}
use sleep;
