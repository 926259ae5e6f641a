//! Futures that wait for a direction and take their waiter with them.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tenter_core::coop;
use tenter_runtime::{Direction, Ready, Source, WaiterKey};

use crate::Async;
use crate::sys::{self, AsSource};

/// One waiter of a source; removed when it is dropped.
pub(crate) struct Waiter<'a> {
    source: &'a Source,
    direction: Direction,
    key: Option<WaiterKey>,
}

impl<'a> Waiter<'a> {
    pub(crate) fn new(source: &'a Source, direction: Direction) -> Self {
        Self { source, direction, key: None }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.source.poll_ready_keyed(cx, self.direction, &mut self.key)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.source.remove_waiter(self.direction, key);
        }
    }
}

/// Waits, and asks the system before it believes what the source remembers.
fn poll_verified<T: AsSource>(
    io: &Async<T>,
    direction: Direction,
    cx: &mut Context<'_>,
    key: &mut Option<WaiterKey>,
) -> Poll<io::Result<()>> {
    let unit = ready!(coop::poll_proceed(cx));
    loop {
        let seen = ready!(io.source().poll_ready_keyed(cx, direction, key))?;
        if sys::is_ready(io.get_ref(), direction)? {
            unit.made_progress();
            return Poll::Ready(Ok(()));
        }
        io.source().clear_ready(seen, direction);
    }
}

macro_rules! readiness_future {
    ($(#[$doc:meta])* $name:ident, $owned:ident, $direction:expr, $method:literal) => {
        $(#[$doc])*
        #[must_use = "futures do nothing unless you `.await` or poll them"]
        pub struct $name<'a, T> {
            io: &'a Async<T>,
            key: Option<WaiterKey>,
        }

        impl<'a, T> $name<'a, T> {
            pub(crate) fn new(io: &'a Async<T>) -> Self {
                Self { io, key: None }
            }
        }

        impl<T: AsSource> Future for $name<'_, T> {
            type Output = io::Result<()>;

            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                let this = &mut *self;
                poll_verified(this.io, $direction, cx, &mut this.key)
            }
        }

        impl<T> Drop for $name<'_, T> {
            fn drop(&mut self) {
                if let Some(key) = self.key.take() {
                    self.io.source().remove_waiter($direction, key);
                }
            }
        }

        impl<T> fmt::Debug for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        #[doc = concat!("As [`", stringify!($name), "`], keeping the object alive; made by [`Async::", $method, "_owned`].")]
        #[must_use = "futures do nothing unless you `.await` or poll them"]
        pub struct $owned<T> {
            io: Arc<Async<T>>,
            key: Option<WaiterKey>,
        }

        impl<T> $owned<T> {
            pub(crate) fn new(io: Arc<Async<T>>) -> Self {
                Self { io, key: None }
            }
        }

        impl<T: AsSource> Future for $owned<T> {
            type Output = io::Result<()>;

            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                let this = &mut *self;
                poll_verified(&this.io, $direction, cx, &mut this.key)
            }
        }

        impl<T> Drop for $owned<T> {
            fn drop(&mut self) {
                if let Some(key) = self.key.take() {
                    self.io.source().remove_waiter($direction, key);
                }
            }
        }

        impl<T> fmt::Debug for $owned<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($owned))
            }
        }
    };
}

readiness_future! {
    /// Waits until an [`Async`] can be read; made by [`Async::readable`].
    Readable, ReadableOwned, Direction::Read, "readable"
}

readiness_future! {
    /// Waits until an [`Async`] can be written; made by [`Async::writable`].
    Writable, WritableOwned, Direction::Write, "writable"
}
