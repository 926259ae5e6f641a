//! Signals of Unix.

mod handler;
mod kind;
mod pipe;
mod table;

use std::io;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use tenter_io::Async;

pub use self::kind::SignalKind;
use crate::listeners::Listener;

/// Listens for a signal.
///
/// From now until the last listener of its kind is dropped, the signal does not do to the program what it did before, except that a handler
/// that was there is called too.
///
/// # Examples
/// ```
/// use tenter_signal::unix::{SignalKind, signal};
///
/// tenter_runtime::block_on(async {
///     let mut reload = signal(SignalKind::hangup())?;
///     # std::process::Command::new("kill").args(["-HUP", &std::process::id().to_string()]).status()?;
///     reload.recv().await;
///     println!("reading the configuration again");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// [`InvalidInput`](io::ErrorKind::InvalidInput) for a signal that can't be caught (`SIGKILL`, `SIGSTOP`), after which a program
/// can't go on (`SIGILL`, `SIGFPE`, `SIGSEGV`), or that there is none of. Else what the system says, or the reactor of the ambient runtime.
#[doc(alias = "add_signal_handler")]
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    let pipe = Async::new_nonblocking(pipe::reader()?)?;
    Ok(Signal { pipe, listener: table::listen(kind.as_raw_value())? })
}

/// For `ctrl_c`.
pub(crate) fn interrupt() -> io::Result<Signal> {
    signal(SignalKind::interrupt())
}

/// Listens for one kind of signal; made by [`signal`]. A [`Stream`] that does not end.
///
/// Each listener of a kind hears of each delivery, in whatever runtime. As with the system itself, deliveries that nobody has asked for
/// yet are one.
///
/// When the last listener of a kind is dropped the signal does again what it did before there was one, unless something else has put a
/// handler of its own in place meanwhile; that stays.
///
/// A listener has a descriptor of its own, which the runtime watches in which it was made; at that one's end the ambient runtime of
/// who waits takes over.
#[derive(Debug)]
#[must_use = "signals are listened for as long as this is there"]
pub struct Signal {
    pipe: Async<UnixStream>,
    listener: Arc<Listener>,
}

impl Signal {
    /// Waits for a delivery that this has not heard of. `None` if the runtime that watches is at its end and no other can.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn recv(&mut self) -> Option<()> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Polls for a delivery, as [`recv`](Self::recv) does.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        loop {
            // Look, say that one waits, look again: see the crate's page.
            if self.hears() {
                return Poll::Ready(Some(()));
            }
            self.listener.wait(cx.waker());
            if self.hears() {
                return Poll::Ready(Some(()));
            }
            match self.pipe.poll_readable(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => {
                    self.listener.stay();
                    pipe::drain();
                    table::wake_all();
                }
                Poll::Ready(Err(_)) => match pipe::reader().and_then(Async::new_nonblocking) {
                    Ok(pipe) => self.pipe = pipe,
                    Err(_) => return Poll::Ready(None),
                },
            }
        }
    }

    fn hears(&self) -> bool {
        let hears = self.listener.hears(handler::delivered(self.listener.signal));
        if hears {
            self.listener.stay();
        }
        hears
    }
}

impl Stream for Signal {
    type Item = ();

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
        self.poll_recv(cx)
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        table::leave(&self.listener);
    }
}
