//! The suite that every reactor passes.
#![cfg(any(target_os = "linux", target_os = "android"))]

use std::sync::Arc;

use tenter_reactor::{ReactorConfig, conformance};
use tenter_reactor_epoll::EpollReactor;

#[test]
fn epoll_conforms() {
    conformance::assert(|| tenter_reactor_epoll::new(&ReactorConfig::default()));
}

#[test]
fn epoll_without_pwait2_conforms() {
    conformance::assert(|| Ok(Arc::new(EpollReactor::with_milliseconds()?)));
}
