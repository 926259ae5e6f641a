//! Every reactor and both kinds of runtime, with a watchdog.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses a part")]

use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use tenter_runtime::{Backend, Builder, Runtime};

/// Longer than any test here needs on a busy machine, by far.
const PATIENCE: Duration = Duration::from_secs(20);

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

/// Runs `body` on a multi-thread and on a current-thread runtime of every reactor.
pub fn on_each(body: impl Fn(&Runtime) + Send + Sync + 'static) {
    let body = Arc::new(body);
    for &backend in Backend::compiled_in() {
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
