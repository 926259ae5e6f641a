//! Windows: an I/O completion port, with poll operations of the socket driver (AFD).

use std::io;
use std::time::Duration;

use polling::Event;
use tenter_reactor::Readiness;

use super::Interface;

/// IOCP.
pub(crate) enum Kernel {}

/// `WSAENOTSOCK`: the handle is no socket.
const NOT_A_SOCKET: i32 = 10_038;

impl Interface for Kernel {
    const NAME: &'static str = "IOCP";
    /// polling keeps a change for the next wait unless it sees that one is in progress, and looks only once: a wait
    /// that begins between its look and its note does not hear of the change.
    const CHANGES_REACH_WAITS: bool = false;
    /// The first asking may find that an older poll operation was cancelled, and only then starts the new one.
    const ROUNDS: usize = 2;
    const WAITABLE_HANDLES: bool = true;

    /// What the call takes; the system's clock interrupt (15.6 ms unless a program asks for more) makes waits longer.
    fn granularity() -> Duration {
        Duration::from_millis(1)
    }

    fn is_unwatchable(error: &io::Error) -> bool {
        error.raw_os_error() == Some(NOT_A_SOCKET) || error.kind() == io::ErrorKind::InvalidInput
    }

    /// The connection was reset, or could not be made.
    fn endings(event: &Event) -> Readiness {
        let over = event.is_interrupt() || event.is_err() == Some(true);
        if over { Readiness::ERROR } else { Readiness::NONE }
    }
}
