//! Apple's systems and the BSDs: kqueue.

use std::io;
use std::time::Duration;

use polling::Event;
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use tenter_reactor::{Readiness, Source};

use super::Interface;

/// kqueue.
pub(crate) enum Kernel {}

impl Interface for Kernel {
    const NAME: &'static str = "kqueue";
    /// Urgent data is an event of a filter that polling does not use.
    const URGENT_DATA: bool = false;

    /// What the call takes.
    fn granularity() -> Duration {
        Duration::from_nanos(1)
    }

    /// kqueue watches regular files, and says that they are readable *until their end*: whoever read to the end would
    /// wait for ever.
    fn refuses(source: Source<'_>) -> bool {
        let Source::Fd(fd) = source else { return true };
        fstat(fd).is_ok_and(|status| {
            matches!(FileType::from_raw_mode(status.st_mode), FileType::RegularFile | FileType::Directory)
        })
    }

    /// Apple's kqueue does not know terminals (`EINVAL`), and no kqueue a device without filters of its own (`ENODEV`).
    fn is_unwatchable(error: &io::Error) -> bool {
        let errno = Errno::from_io_error(error);
        [Errno::INVAL, Errno::NODEV, Errno::PERM, Errno::OPNOTSUPP].into_iter().any(|known| errno == Some(known))
    }

    /// polling does not pass on what kqueue knows of ends and errors; reading and writing tell.
    fn endings(_: &Event) -> Readiness {
        Readiness::NONE
    }
}
