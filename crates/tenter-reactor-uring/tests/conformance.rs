//! The suite that every reactor passes.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]

use std::sync::Arc;

use tenter_reactor::{ReactorConfig, conformance};
use tenter_reactor_uring::UringReactor;

#[test]
fn uring_conforms() {
    conformance::assert(|| tenter_reactor_uring::new(&ReactorConfig::default()));
}

/// Every queue is full all the time, and the kernel keeps what the ring has no room for.
#[test]
fn uring_without_room_conforms() {
    conformance::assert(|| Ok(Arc::new(UringReactor::with_room(1, 2)?)));
}
