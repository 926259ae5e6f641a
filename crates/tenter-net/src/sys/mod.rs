//! What the system is asked directly.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{read, write, write_vectored};
#[cfg(windows)]
pub(crate) use windows::{read, write, write_vectored};

/// The smallest `IOV_MAX` of the systems this is for; of more buffers the system takes only some, or none.
const MOST_BUFS: usize = 1024;

/// How many of so many buffers go into one call.
pub(crate) fn bufs_at_once(bufs: usize) -> usize {
    bufs.min(MOST_BUFS)
}

/// The bytes in several buffers.
pub(crate) fn room<B: std::ops::Deref<Target = [u8]>>(bufs: &[B]) -> usize {
    bufs.iter().fold(0, |sum, buf| sum.saturating_add(buf.len()))
}
