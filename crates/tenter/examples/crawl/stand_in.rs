//! Until the facade has these names: the ones that this example uses, on smol. The queue is tenter's own.

use std::fmt;
use std::str::FromStr;

pub(crate) use smol::Task;
pub(crate) use tenter_queue as queue;

/// There is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backend;

impl Backend {
    pub(crate) fn compiled_in() -> &'static [Backend] {
        &[Backend]
    }

    pub(crate) fn name(self) -> &'static str {
        "smol"
    }
}

impl FromStr for Backend {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if name == "smol" { Ok(Backend) } else { Err(name.to_owned()) }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

pub(crate) fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Task<T> {
    smol::spawn(future)
}

pub(crate) struct Builder;

impl Builder {
    pub(crate) fn new_multi_thread() -> Self {
        Builder
    }

    pub(crate) fn new_current_thread() -> Self {
        Builder
    }

    pub(crate) fn thread_name(self, _: &str) -> Self {
        self
    }

    pub(crate) fn reactor(self, _: Backend) -> Self {
        self
    }

    pub(crate) fn build(self) -> Result<Runtime, std::io::Error> {
        Ok(Runtime)
    }
}

pub(crate) struct Runtime;

impl Runtime {
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        smol::block_on(future)
    }
}

pub(crate) mod net {
    pub(crate) use smol::net::{TcpListener, TcpStream};
}

pub(crate) mod time {
    use std::time::Duration;

    pub(crate) async fn sleep(duration: Duration) {
        smol::Timer::after(duration).await;
    }

    pub(crate) async fn timeout<T>(duration: Duration, future: impl Future<Output = T>) -> Result<T, ()> {
        smol::future::or(async { Ok(future.await) }, async {
            sleep(duration).await;
            Err(())
        })
        .await
    }
}
