#![doc = include_str!("../README.md")]
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
pub mod desk;
mod error;
mod finish;
#[doc(hidden)]
pub mod kernel;
mod operations;
mod probe;
mod reactor;
mod reports;
mod ring;
mod sources;
mod state;
#[cfg(test)]
mod system_calls;

use std::io;
use std::sync::Arc;

use tenter_reactor::{Reactor, ReactorConfig, ReactorFactory};

pub use error::UringError;
pub use reactor::UringReactor;

/// The name that this reactor is chosen by.
pub const NAME: &str = "uring";

/// Makes a reactor, after trying out a ring of its own.
///
/// # Errors
/// A [`UringError`] if the system has no io_uring, forbids it, or has one that lacks something; what the system says if no
/// descriptor is left.
pub fn new(config: &ReactorConfig) -> io::Result<Arc<dyn Reactor>> {
    let _ = config;
    Ok(Arc::new(UringReactor::new()?))
}

/// [`new`], as what a runtime's builder takes.
#[must_use]
pub fn factory() -> ReactorFactory {
    Arc::new(new)
}
