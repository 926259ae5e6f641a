//! The suite that every reactor passes.
#![cfg(any(unix, windows))]

use tenter_reactor::{ReactorConfig, conformance};

#[test]
fn poll_conforms() {
    conformance::assert(|| tenter_reactor_poll::new(&ReactorConfig::default()));
}
