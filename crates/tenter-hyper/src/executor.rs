//! Background tasks.

use tenter_runtime::Handle;

/// Spawns what hyper runs in the background, such as the streams of an HTTP/2 connection, on one tenter runtime.
///
/// The tasks are detached: they end by themselves, or with the runtime.
#[derive(Clone, Debug)]
pub struct Executor {
    handle: Handle,
}

impl Executor {
    /// Spawns on the runtime of this handle.
    pub fn new(handle: Handle) -> Self {
        Executor { handle }
    }

    /// Spawns on the ambient runtime: the one that the caller is in, else the default one.
    ///
    /// # Panics
    ///
    /// If there is none yet and the default one can't be started.
    pub fn current() -> Self {
        Executor { handle: Handle::current() }
    }
}

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        self.handle.spawn(future).detach();
    }
}
