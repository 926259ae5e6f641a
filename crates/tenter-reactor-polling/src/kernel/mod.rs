//! What the interfaces beneath polling have in common, and what each does its own way.
//!
//! polling chooses at build time; the same conditions choose here.

use std::io;
use std::time::Duration;

use polling::Event;
use tenter_reactor::{Interest, Readiness, Source, Token};

#[cfg(all(any(target_os = "linux", target_os = "android"), not(polling_test_poll_backend)))]
#[path = "epoll.rs"]
mod chosen;
#[cfg(all(
    any(
        target_vendor = "apple",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly"
    ),
    not(polling_test_poll_backend)
))]
#[path = "kqueue.rs"]
mod chosen;
#[cfg(all(any(target_os = "illumos", target_os = "solaris"), not(polling_test_poll_backend)))]
#[path = "ports.rs"]
mod chosen;
#[cfg(windows)]
#[path = "iocp.rs"]
mod chosen;
#[cfg(all(
    unix,
    any(
        polling_test_poll_backend,
        not(any(
            target_os = "linux",
            target_os = "android",
            target_vendor = "apple",
            target_os = "freebsd",
            target_os = "netbsd",
            target_os = "openbsd",
            target_os = "dragonfly",
            target_os = "illumos",
            target_os = "solaris"
        ))
    )
))]
#[path = "poll.rs"]
mod chosen;

#[cfg(unix)]
#[path = "unix.rs"]
mod source;
#[cfg(windows)]
#[path = "windows.rs"]
mod source;

pub(crate) use chosen::Kernel;
pub(crate) use source::{Key, add, delete, modify};

/// How an interface differs from the others.
pub(crate) trait Interface {
    /// Its name.
    const NAME: &'static str;

    /// Whether a change that another thread makes during a wait always takes effect in that wait. If not, the change
    /// has to end it.
    const CHANGES_REACH_WAITS: bool = true;

    /// Whether a one-shot event ends the watching of its source. If not, the source has to be removed.
    const EVENTS_DISARM: bool = true;

    /// How many times in a row polling has to be asked without blocking until it has said all that is known.
    const ROUNDS: usize = 1;

    /// The smallest timeout that can be told from the next larger one.
    fn granularity() -> Duration;

    /// Whether regular files can be watched.
    const REGULAR_FILES: bool = false;

    /// Whether urgent data is reported.
    const URGENT_DATA: bool = true;

    /// Whether it can be asked for alone. If not, whoever awaits it hears of other data too.
    const URGENT_DATA_ALONE: bool = true;

    /// Whether waitable handles can be watched.
    const WAITABLE_HANDLES: bool = false;

    /// Whether the source is of a kind that must not be given to polling.
    fn refuses(source: Source<'_>) -> bool {
        let _ = source;
        false
    }

    /// Whether an error of adding a source says that such a source cannot be watched.
    fn is_unwatchable(error: &io::Error) -> bool;

    /// What polling says of a source beyond readable and writable.
    fn endings(event: &Event) -> Readiness;
}

/// What to ask polling for.
pub(crate) fn event(token: Token, interest: Interest) -> Event {
    let urgent = interest.contains(Interest::PRIORITY);
    let readable = interest.contains(Interest::READ) || urgent && !Kernel::URGENT_DATA_ALONE;
    let event = Event::new(token.0, readable, interest.contains(Interest::WRITE));
    // Errors are reported unasked with either direction; whoever waits for urgent data alone has to ask.
    if urgent { event.with_priority().with_interrupt() } else { event }
}

/// What polling's answer means.
pub(crate) fn readiness(event: &Event) -> Readiness {
    let mut readiness = Kernel::endings(event);
    if event.readable {
        readiness |= Readiness::READ;
    }
    if event.writable {
        readiness |= Readiness::WRITE;
    }
    if event.is_priority() {
        readiness |= Readiness::PRIORITY;
    }
    readiness
}
