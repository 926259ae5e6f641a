//! The suite that every reactor passes.
#![cfg(any(windows, all(unix, not(any(target_os = "illumos", target_os = "solaris")))))]

use tenter_reactor::{ReactorConfig, conformance};

#[test]
fn select_conforms() {
    conformance::assert(|| tenter_reactor_select::new(&ReactorConfig::default()));
}
