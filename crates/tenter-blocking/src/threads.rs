//! How a pool's threads come to be: a seam, so that tests can make a start fail.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{fmt, io, mem, thread};

use crate::PoolConfig;
use crate::config::Hook;

/// What a new thread does until it leaves.
pub type Body = Box<dyn FnOnce() + Send>;

/// Starts threads.
pub trait Start: Send + Sync + 'static {
    /// Starts a thread that calls `body`, or drops `body` and says why it could not.
    ///
    /// It is called with the queue locked, so it must not call `body` itself.
    ///
    /// # Errors
    /// When there is no thread to be had.
    fn start(&self, body: Body) -> io::Result<()>;
}

impl Start for Box<dyn Start> {
    fn start(&self, body: Body) -> io::Result<()> {
        (**self).start(body)
    }
}

/// The system's threads; nobody joins them.
pub struct SystemThreads {
    name: String,
    stack_size: Option<usize>,
    on_start: Option<Hook>,
    on_stop: Option<Hook>,
}

impl SystemThreads {
    /// With the names, stacks and hooks of `config`.
    #[must_use]
    pub fn new(config: &PoolConfig) -> Self {
        Self {
            name: config.thread_name.clone(),
            stack_size: config.stack_size,
            on_start: config.on_thread_start.clone(),
            on_stop: config.on_thread_stop.clone(),
        }
    }
}

impl Start for SystemThreads {
    fn start(&self, body: Body) -> io::Result<()> {
        if self.name.contains('\0') {
            // The standard library panics on such a name.
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the thread name has a NUL byte in it"));
        }
        let mut builder = thread::Builder::new().name(self.name.clone());
        if let Some(bytes) = self.stack_size {
            builder = builder.stack_size(bytes);
        }
        let (on_start, on_stop) = (self.on_start.clone(), self.on_stop.clone());
        let thread = builder.spawn(move || {
            call(on_start.as_ref());
            body();
            call(on_stop.as_ref());
        });
        thread.map(drop)
    }
}

impl fmt::Debug for SystemThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemThreads")
            .field("name", &self.name)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}

/// Calls a hook. Its panic, which the process's panic hook has told of, must not keep the thread from its jobs.
fn call(hook: Option<&Hook>) {
    let Some(hook) = hook else { return };
    contain(|| hook());
}

/// Calls `f` and ends its panic here.
pub(crate) fn contain(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // Dropping it could panic again.
        mem::forget(payload);
    }
}
