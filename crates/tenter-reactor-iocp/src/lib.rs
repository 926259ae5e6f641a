#![doc = include_str!("../README.md")]
#![cfg(windows)]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod post;

use std::io;
use std::sync::Arc;

use tenter_reactor::{Reactor, ReactorConfig, ReactorFactory};

pub use post::IocpExt;

/// The name that this reactor is chosen by.
pub const NAME: &str = "iocp";

/// A reactor on an I/O completion port.
pub type IocpReactor = tenter_reactor_polling::PollingReactor;

/// Makes a reactor of the type that has the extensions.
///
/// # Errors
/// If the system lacks what it needs (`\Device\Afd` on old versions of Wine).
pub fn reactor() -> io::Result<IocpReactor> {
    Ok(IocpReactor::new()?.named(NAME))
}

/// Makes a reactor.
///
/// # Errors
/// If the system lacks what it needs (`\Device\Afd` on old versions of Wine).
pub fn new(config: &ReactorConfig) -> io::Result<Arc<dyn Reactor>> {
    let _ = config;
    Ok(Arc::new(reactor()?))
}

/// [`new`], as what a runtime's builder takes.
#[must_use]
pub fn factory() -> ReactorFactory {
    Arc::new(new)
}
