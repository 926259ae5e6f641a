#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod listeners;
#[cfg(unix)]
pub mod unix;
#[cfg(windows)]
pub mod windows;

use std::future::Future;
use std::io;

#[cfg(unix)]
use unix::interrupt;
#[cfg(windows)]
use windows::interrupt;

/// Waits for the next Ctrl-C: `SIGINT` on Unix, a console's event on Windows.
///
/// It is listened for from the call on, not from the first poll. When the future is over or dropped, and nobody else
/// listens, Ctrl-C does again what it did before: it ends the program, as a rule. So a program that shuts down in good order at the
/// first one is ended by the second. To hear of all of them, keep a listener ([`unix::signal`]).
///
/// # Examples
/// ```no_run
/// # tenter_runtime::block_on(async {
/// println!("running; Ctrl-C shuts down");
/// tenter_signal::ctrl_c().await?;
/// println!("shutting down; Ctrl-C ends this at once");
/// # std::io::Result::Ok(())
/// # })?;
/// # std::io::Result::Ok(())
/// ```
///
/// # Errors
/// If it can't be listened for: what the system says, or the ambient runtime's reactor.
///
/// # Cancel safety
/// A Ctrl-C that has come is lost with the future.
pub fn ctrl_c() -> impl Future<Output = io::Result<()>> + Send + use<> {
    let listener = interrupt();
    async move {
        match listener?.recv().await {
            Some(()) => Ok(()),
            None => Err(io::Error::new(io::ErrorKind::NotConnected, "no runtime watches signals any more")),
        }
    }
}
