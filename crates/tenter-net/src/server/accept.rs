//! The loop that takes connections, and what it does about errors.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use super::connections::Connections;
use super::door::Door;
use super::listener::Listener;

/// After an error that is not a connection's own, in time: long enough to cost nothing (10 attempts a second of some
/// 10 µs), and short enough to go unnoticed. asyncio waits for a second.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

pub(super) type ErrorHook = Box<dyn Fn(&io::Error) + Send + Sync>;

/// What the loop works with.
pub(super) struct Acceptor<L: Listener, H> {
    pub(super) listener: L,
    pub(super) connections: Arc<Connections<L>>,
    pub(super) door: Arc<Door>,
    pub(super) handler: Arc<H>,
    pub(super) most: usize,
    pub(super) pause: Duration,
    pub(super) on_error: ErrorHook,
}

/// Tells of the listener's end, and comes after it.
struct Gone<L: Listener>(Arc<Connections<L>>);

impl<L: Listener> Drop for Gone<L> {
    fn drop(&mut self) {
        self.0.listener_gone();
    }
}

impl<L, H, F> Acceptor<L, H>
where
    L: Listener,
    H: Fn(L::Stream, L::Addr) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    pub(super) async fn run(self) {
        let gone = Gone(self.connections.clone());
        // Dropped before `gone`.
        let this = self;
        while this.door.unless_closed(this.next()).await.is_some() {}
        drop(this);
        drop(gone);
    }

    /// Takes one connection, or gives one error its time.
    ///
    /// # Cancel safety
    /// A connection that is taken has its task in the same poll.
    async fn next(&self) {
        // Those above the limit wait in the backlog.
        self.connections.room(self.most).await;
        let ended = self.connections.ended();
        match self.listener.take().await {
            Ok((stream, peer)) => {
                let entry = self.connections.enter(&stream, peer.clone());
                let handler = self.handler.clone();
                // The handler is called by the task, whose panics are not ours.
                let handling = async move { handler(stream, peer).await };
                tenter_runtime::spawn(entry.run(handling)).detach();
            }
            Err(error) => {
                (self.on_error)(&error);
                if !is_of_one_connection(&error) {
                    self.connections.ended_more_than(ended, self.pause).await;
                }
            }
        }
    }
}

/// Whether a failed `accept` took a connection off the backlog, so that the next one is another matter. Everything else
/// (no more files, no memory) may be the same a moment later.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::HostUnreachable
            | ErrorKind::Interrupted
            | ErrorKind::NetworkDown
            | ErrorKind::NetworkUnreachable
    )
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::future::pending;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::time::Instant;

    use tenter_core::wait_list::WaitList;
    use tenter_io::time::timeout;
    use tenter_runtime::{Task, block_on, spawn};

    use super::super::listener::sealed;
    use super::*;

    /// Gives what it was told to, then nothing.
    struct Script {
        steps: Mutex<VecDeque<io::Result<()>>>,
        taken: Mutex<Vec<Instant>>,
    }

    impl Listener for Arc<Script> {}

    impl sealed::Accept for Arc<Script> {
        type Stream = ();
        type Addr = ();
        type Weak = ();

        fn addr(&self) -> io::Result<()> {
            Ok(())
        }

        async fn take(&self) -> io::Result<((), ())> {
            self.taken.lock().unwrap().push(Instant::now());
            let step = self.steps.lock().unwrap().pop_front();
            match step {
                Some(step) => step.map(|()| ((), ())),
                None => pending().await,
            }
        }

        fn weak((): &()) {}
        fn reset_when_closed((): &()) {}
        fn break_off((): &()) {}
    }

    /// Counts, and can be waited for.
    #[derive(Default)]
    struct Count(AtomicUsize, WaitList);

    impl Count {
        fn add(&self) {
            self.0.fetch_add(1, SeqCst);
            self.1.notify_all();
        }

        async fn is(&self, count: usize) {
            let reached = self.1.wait_until(|| (self.0.load(SeqCst) >= count).then_some(()));
            timeout(Duration::from_secs(100), reached).await.expect("it gets there");
        }
    }

    struct Running {
        script: Arc<Script>,
        errors: Arc<Count>,
        handled: Arc<Count>,
        /// Handlers end once this is counted up.
        leave: Arc<Count>,
        _task: Task<()>,
    }

    fn run(pause: Duration, steps: impl IntoIterator<Item = io::Result<()>>) -> Running {
        let script = Arc::new(Script { steps: Mutex::new(steps.into_iter().collect()), taken: Mutex::default() });
        let [errors, handled, leave] = [(); 3].map(|()| Arc::new(Count::default()));
        let (told, counted, left) = (errors.clone(), handled.clone(), leave.clone());
        let acceptor = Acceptor {
            listener: script.clone(),
            connections: Arc::new(Connections::new()),
            door: Arc::default(),
            handler: Arc::new(move |(), ()| {
                let (counted, left) = (counted.clone(), left.clone());
                async move {
                    counted.add();
                    left.is(1).await;
                }
            }),
            most: usize::MAX,
            pause,
            on_error: Box::new(move |_| told.add()),
        };
        Running { script, errors, handled, leave, _task: spawn(acceptor.run()) }
    }

    fn no_files() -> io::Result<()> {
        // Too many open files, on a Unix and on Windows.
        Err(io::Error::from_raw_os_error(if cfg!(windows) { 10024 } else { 24 }))
    }

    #[test]
    fn after_an_error_that_may_come_again_there_is_a_pause() {
        block_on(async {
            let running = run(PAUSE, [no_files(), no_files(), Ok(())]);
            running.handled.is(1).await;
            assert_eq!(running.errors.0.load(SeqCst), 2);
            let taken = running.script.taken.lock().unwrap();
            assert!(taken[1] - taken[0] >= PAUSE && taken[2] - taken[1] >= PAUSE);
        });
    }

    #[test]
    fn the_end_of_a_connection_ends_the_pause() {
        block_on(async {
            let running = run(Duration::MAX, [Ok(()), no_files(), Ok(())]);
            running.handled.is(1).await;
            running.errors.is(1).await;
            running.leave.add();
            running.handled.is(2).await;
        });
    }

    #[test]
    fn an_error_of_one_connection_is_not_paused_after() {
        block_on(async {
            let aborted = || Err(ErrorKind::ConnectionAborted.into());
            let running = run(Duration::MAX, [aborted(), aborted(), Ok(())]);
            running.handled.is(1).await;
            assert_eq!(running.errors.0.load(SeqCst), 2);
        });
    }
}
