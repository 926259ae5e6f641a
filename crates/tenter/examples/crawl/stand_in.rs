//! Until the facade has these names: the ones that this example uses, on smol.

use std::fmt;
use std::str::FromStr;

pub(crate) use smol::Task;

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

pub(crate) mod queue {
    use std::ops::Deref;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::time;

    pub(crate) struct Queue<T> {
        items: (smol::channel::Sender<T>, smol::channel::Receiver<T>),
        unfinished: AtomicUsize,
    }

    pub(crate) struct Item<'a, T>(T, &'a AtomicUsize);

    impl<T> Deref for Item<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0
        }
    }

    impl<T> Drop for Item<'_, T> {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Ordering::SeqCst);
        }
    }

    impl<T> Queue<T> {
        pub(crate) fn unbounded() -> Self {
            Queue { items: smol::channel::unbounded(), unfinished: AtomicUsize::new(0) }
        }

        pub(crate) async fn put(&self, item: T) -> Result<(), ()> {
            self.unfinished.fetch_add(1, Ordering::SeqCst);
            self.items.0.send(item).await.map_err(drop)
        }

        pub(crate) async fn get(&self) -> Result<Item<'_, T>, ()> {
            Ok(Item(self.items.1.recv().await.map_err(drop)?, &self.unfinished))
        }

        pub(crate) async fn join(&self) {
            while self.unfinished.load(Ordering::SeqCst) > 0 {
                time::sleep(std::time::Duration::from_millis(1)).await;
            }
        }

        pub(crate) fn shutdown(&self, _: bool) {
            self.items.0.close();
        }
    }
}
