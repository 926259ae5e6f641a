//! Runtimes and directories to try files in.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use tenter_runtime::{Backend, Builder};

/// A directory that is removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("tenter-fs-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("it is ours");
    }
}

/// The reactor that `TENTER_REACTOR` names; else one with operations of its own, where it works, and one without.
pub(crate) fn backends() -> Vec<Backend> {
    match std::env::var("TENTER_REACTOR") {
        Ok(name) if !name.trim().is_empty() => vec![name.parse().expect("TENTER_REACTOR names a reactor")],
        _ => {
            let working = Backend::working();
            let other = working.iter().copied().find(|backend| *backend != Backend::Uring);
            working.iter().copied().filter(|backend| *backend == Backend::Uring).chain(other).collect()
        }
    }
}

/// Runs a test on every reactor, without workers and with two.
pub(crate) fn everywhere<F: Future<Output = ()> + Send + 'static>(test: impl Fn(Scratch) -> F) {
    for backend in backends() {
        eprintln!("{backend}");
        Builder::new_current_thread().reactor(backend).build().unwrap().block_on(test(Scratch::new()));
        let runtime = Builder::new_multi_thread().worker_threads(2).reactor(backend).build().unwrap();
        runtime.block_on(runtime.spawn(test(Scratch::new())));
    }
}
