//! A source that is closed while it is watched.
#![cfg(windows)]

#[path = "../../tenter-reactor/tests/windows/closed.rs"]
mod closed;

use std::time::Duration;

use tenter_reactor_poll::PollReactor as Tested;

/// Wine's `WSAPoll` says so only when the time is over.
const SAID_WITHIN: Duration = Duration::from_secs(1);
