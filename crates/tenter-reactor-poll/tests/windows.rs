//! What is special about sockets on Windows.
#![cfg(windows)]

#[path = "../../tenter-reactor/tests/windows/sockets.rs"]
mod sockets;

use tenter_reactor_poll::PollReactor as Tested;
