//! Every other Unix: poll.

use std::io;
use std::time::Duration;

use polling::Event;
use tenter_reactor::Readiness;

use super::Interface;

/// poll, which reports hang-ups and errors unasked: what nobody awaits must not be in its list.
pub(crate) enum Kernel {}

impl Interface for Kernel {
    const NAME: &'static str = "poll";
    const EVENTS_DISARM: bool = false;
    const REGULAR_FILES: bool = true;
    /// polling asks for it together with data.
    const URGENT_DATA_ALONE: bool = false;

    fn granularity() -> Duration {
        Duration::from_millis(1)
    }

    fn is_unwatchable(_: &io::Error) -> bool {
        false
    }

    /// A hang-up may mean one direction or both; only the error is certain.
    fn endings(event: &Event) -> Readiness {
        if event.is_err() == Some(true) { Readiness::ERROR } else { Readiness::NONE }
    }
}
