//! The suite that every reactor passes.
#![cfg(any(unix, windows))]

use std::sync::Arc;

use tenter_reactor::{ReactorConfig, conformance};
use tenter_reactor_polling::PollingReactor;

#[test]
fn polling_conforms() {
    conformance::assert(|| tenter_reactor_polling::new(&ReactorConfig::default()));
}

#[test]
fn polling_without_edges_conforms() {
    conformance::assert(|| Ok(Arc::new(PollingReactor::one_shot()?)));
}
