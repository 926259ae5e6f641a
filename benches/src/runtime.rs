//! What a runtime has to offer to be measured.

use std::net::SocketAddr;
use std::time::Duration;

use crate::cases::{self, Kind};
use crate::measure::Sample;

/// A runtime, with its own tasks, timers, channels and sockets.
pub(crate) trait Runtime: Sized {
    const NAME: &'static str;

    /// Spawns from any thread.
    type Handle: Clone + Send + Sync + 'static;
    /// Waits for a task's value.
    type Join<T: Send + 'static>: Future<Output = T> + Send + 'static;
    type Sender: Send + Sync + 'static;
    type Receiver: Send + Sync + 'static;

    /// Starts a runtime; dropping it stops it.
    fn start(workers: usize) -> Self;
    fn handle(&self) -> Self::Handle;
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    fn spawn<F>(handle: &Self::Handle, future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    fn yield_now() -> impl Future<Output = ()> + Send;
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;

    /// A channel with room for one number.
    fn channel() -> (Self::Sender, Self::Receiver);
    fn send(sender: &Self::Sender, number: u64) -> impl Future<Output = ()> + Send;
    fn recv(receiver: &mut Self::Receiver) -> impl Future<Output = u64> + Send;

    /// Starts a server on the loopback interface that sends back what it gets, until the runtime stops.
    fn serve_echo(handle: &Self::Handle) -> impl Future<Output = SocketAddr> + Send;
}

/// A runtime, as the tables see it.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// Runs a case once: kind, worker threads, quick or not.
    pub(crate) run: fn(Kind, usize, bool) -> Sample,
}

impl Column {
    pub(crate) const fn of<R: Runtime>() -> Self {
        Column { name: R::NAME, run: cases::run::<R> }
    }
}
