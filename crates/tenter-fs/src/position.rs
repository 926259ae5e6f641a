//! Where in a file the next read or write takes place.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};

/// Where in a file the next read or write takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// So many bytes from its beginning; the system is not asked.
    Own(u64),
    /// Where the system says: the file is written at its end.
    System,
    /// There are none, as in a pipe: what was read is nowhere else.
    Stream,
}

impl Position {
    pub(crate) fn of(mut file: &File, appends: bool) -> Self {
        match file.stream_position() {
            Ok(_) if appends => Self::System,
            Ok(position) => Self::Own(position),
            Err(_) => Self::Stream,
        }
    }

    pub(crate) fn offset(self) -> Option<u64> {
        match self {
            Self::Own(position) => Some(position),
            Self::System | Self::Stream => None,
        }
    }

    /// After so many bytes.
    pub(crate) fn advance(&mut self, bytes: usize) {
        if let Self::Own(position) = self {
            *position += bytes as u64;
        }
    }

    /// Before so many bytes, which were not written after all.
    pub(crate) fn retreat(&mut self, bytes: usize) {
        if let Self::Own(position) = self {
            *position = position.saturating_sub(bytes as u64);
        }
    }

    /// Where a seek leads, if that can be said without asking the system.
    pub(crate) fn target(self, seek: SeekFrom) -> Option<io::Result<u64>> {
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "a seek to before the beginning of the file");
        match (self, seek) {
            (Self::Own(_), SeekFrom::Start(position)) => Some(Ok(position)),
            (Self::Own(position), SeekFrom::Current(by)) => Some(position.checked_add_signed(by).ok_or_else(outside)),
            _ => None,
        }
    }
}

/// Whether all writes go to the end of a file that somebody else has opened.
#[cfg(unix)]
#[allow(unsafe_code, reason = "one call, for which rustix's feature fs would take more than a second to compile")]
pub(crate) fn appends(file: &File) -> bool {
    use std::os::fd::AsRawFd;

    // SAFETY: the descriptor is open, and this request has no argument.
    let flags = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFL) };
    flags != -1 && flags & libc::O_APPEND != 0
}

/// Whether all writes go to the end of a file that somebody else has opened: this system does not tell, so
/// [`OpenOptions`](crate::OpenOptions) has to.
#[cfg(not(unix))]
pub(crate) fn appends(_: &File) -> bool {
    false
}
