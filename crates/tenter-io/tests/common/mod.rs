//! Every reactor and both kinds of runtime, with a watchdog.
#![allow(dead_code, unused_imports, unreachable_pub, missing_docs, reason = "each test binary uses a part")]

#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

pub use system::{Local, pair};
use tenter_runtime::{Backend, Builder, Runtime};

/// Longer than any test here needs on a busy machine, by far.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs `body` on a thread of its own, and fails if it does not end.
pub fn watched<T: Send + 'static>(what: &str, body: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, ended) = channel();
    let thread = thread::spawn(move || {
        let result = body();
        let _ = done.send(());
        result
    });
    match ended.recv_timeout(PATIENCE) {
        Ok(()) => thread.join().expect("it ended well"),
        Err(RecvTimeoutError::Timeout) => panic!("{what}: hangs"),
        Err(RecvTimeoutError::Disconnected) => {
            eprintln!("{what}: failed");
            std::panic::resume_unwind(thread.join().map(drop).expect_err("it ended without a result"))
        }
    }
}

/// The reactors to test on: those that `TENTER_REACTOR` names, else all.
fn backends() -> Vec<Backend> {
    match std::env::var("TENTER_REACTOR") {
        Ok(names) if !names.trim().is_empty() => {
            names.split(',').map(|name| name.trim().parse().expect("the name of a reactor")).collect()
        }
        _ => Backend::compiled_in().to_vec(),
    }
}

/// Runs `body` on a multi-thread and on a current-thread runtime of every reactor, or of those that `TENTER_REACTOR` names.
pub fn on_each(body: impl Fn(&Runtime) + Send + Sync + 'static) {
    let body = Arc::new(body);
    for backend in backends() {
        for (kind, builder) in [
            ("multi-thread", Builder::new_multi_thread().worker_threads(2)),
            ("current-thread", Builder::new_current_thread()),
        ] {
            let body = body.clone();
            watched(&format!("{backend}, {kind}"), move || {
                let runtime = builder.reactor(backend).build().expect("the reactor works here");
                body(&runtime);
            });
        }
    }
}

/// As [`on_each`], for a future that is blocked on, and then spawned.
pub fn each<F: Future<Output = ()> + Send + 'static>(body: impl Fn() -> F + Send + Sync + 'static) {
    on_each(move |runtime| {
        runtime.block_on(body());
        runtime.block_on(runtime.spawn(body()));
    });
}

/// As [`on_each`], on multi-thread runtimes alone.
pub fn on_each_multi_thread(body: impl Fn(&Runtime) + Send + Sync + 'static) {
    on_each(move |runtime| {
        if runtime.worker_threads() > 0 {
            body(runtime);
        }
    });
}

/// Polls a future once with a waker that does nothing.
pub fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// Makes a future until one is not over at its first poll, as a short timer is that was made just before the thread had to
/// wait for a processor.
pub async fn not_yet<F: Future + Unpin>(make: impl Fn() -> F) -> F {
    loop {
        let mut future = make();
        if poll_fn(|cx| Poll::Ready(Pin::new(&mut future).poll(cx).is_pending())).await {
            return future;
        }
    }
}

/// A future that counts how often it is polled.
pub struct Counted<F> {
    future: Pin<Box<F>>,
    polls: Arc<AtomicUsize>,
}

impl<F: Future> Counted<F> {
    pub fn new(future: F) -> (Self, Arc<AtomicUsize>) {
        let polls = Arc::new(AtomicUsize::new(0));
        (Self { future: Box::pin(future), polls: polls.clone() }, polls)
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.polls.fetch_add(1, SeqCst);
        self.future.as_mut().poll(cx)
    }
}
