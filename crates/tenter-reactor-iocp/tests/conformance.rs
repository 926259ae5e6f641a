//! The suite that every reactor passes.
#![cfg(windows)]

use tenter_reactor::{ReactorConfig, conformance};

#[test]
fn iocp_conforms() {
    conformance::assert(|| tenter_reactor_iocp::new(&ReactorConfig::default()));
}
