#![doc = include_str!("../README.md")]
#![cfg(any(unix, windows))]
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod kernel;
mod reactor;
mod table;

use std::io;
use std::sync::Arc;

use tenter_reactor::{Reactor, ReactorConfig, ReactorFactory};

/// The crate that this one stands on, for what it offers on one system only.
pub use polling;
pub use reactor::PollingReactor;

/// The name that this reactor is chosen by.
pub const NAME: &str = "polling";

/// Makes a reactor.
///
/// # Errors
/// What polling says: no descriptor is left, or the system lacks the interface.
pub fn new(config: &ReactorConfig) -> io::Result<Arc<dyn Reactor>> {
    let _ = config;
    Ok(Arc::new(PollingReactor::new()?))
}

/// [`new`], as what a runtime's builder takes.
#[must_use]
pub fn factory() -> ReactorFactory {
    Arc::new(new)
}
