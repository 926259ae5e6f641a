#![doc = include_str!("../README.md")]
#![cfg(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
))]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod filter;

use std::io;
use std::sync::Arc;

use tenter_reactor::{Reactor, ReactorConfig, ReactorFactory};

pub use filter::KqueueExt;
/// What kqueue watches beside descriptors.
pub use tenter_reactor_polling::polling::os::kqueue::{Filter, Process, ProcessOps, Signal, Timer};

/// The name that this reactor is chosen by.
pub const NAME: &str = "kqueue";

/// A reactor on kqueue.
pub type KqueueReactor = tenter_reactor_polling::PollingReactor;

/// Makes a reactor of the type that has the extensions.
///
/// # Errors
/// If no descriptor is left.
pub fn reactor() -> io::Result<KqueueReactor> {
    Ok(KqueueReactor::new()?.named(NAME))
}

/// Makes a reactor.
///
/// # Errors
/// If no descriptor is left.
pub fn new(config: &ReactorConfig) -> io::Result<Arc<dyn Reactor>> {
    let _ = config;
    Ok(Arc::new(reactor()?))
}

/// [`new`], as what a runtime's builder takes.
#[must_use]
pub fn factory() -> ReactorFactory {
    Arc::new(new)
}
