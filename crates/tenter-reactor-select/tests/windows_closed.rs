//! A source that is closed while it is watched.
#![cfg(windows)]

#[path = "../../tenter-reactor/tests/windows/closed.rs"]
mod closed;

use std::time::Duration;

use tenter_reactor_select::SelectReactor as Tested;

/// Longer than it takes.
const SAID_WITHIN: Duration = Duration::from_secs(20);
