//! What is in a directory.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::pool::{Job, run};

/// How many entries one job of the pool reads.
const PORTION: usize = 64;

/// What is in a directory, in no particular order.
///
/// ```
/// # tenter_runtime::block_on(async {
/// use futures_lite::StreamExt;
///
/// let mut entries = tenter_fs::read_dir(".").await?;
/// while let Some(entry) = entries.try_next().await? {
///     println!("{}", entry.file_name().display());
/// }
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// As [`std::fs::read_dir`]; and if the pool can't take the job.
///
/// # Cancel safety
/// Nothing is lost.
pub async fn read_dir<P: AsRef<Path>>(path: P) -> io::Result<ReadDir> {
    let path = path.as_ref().to_owned();
    let entries = run(move || std::fs::read_dir(path)).await?;
    Ok(ReadDir { read: VecDeque::new(), rest: Rest::Here(Box::new(entries)) })
}

/// The entries of a directory; made by [`read_dir`]. A stream of results.
pub struct ReadDir {
    read: VecDeque<io::Result<DirEntry>>,
    rest: Rest,
}

/// Entries that were read, and those that were not, if there are more.
type Portion = (VecDeque<io::Result<DirEntry>>, Option<Box<std::fs::ReadDir>>);

enum Rest {
    Here(Box<std::fs::ReadDir>),
    BeingRead(Job<Box<std::fs::ReadDir>, Portion>),
    None,
}

fn portion(mut entries: Box<std::fs::ReadDir>) -> Portion {
    let entry = |entry: io::Result<std::fs::DirEntry>| entry.map(|entry| DirEntry(Arc::new(entry)));
    let read: VecDeque<_> = entries.by_ref().take(PORTION).map(entry).collect();
    let more = read.len() == PORTION;
    (read, more.then_some(entries))
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(entry) = self.read.pop_front() {
                return Poll::Ready(Some(entry));
            }
            match std::mem::replace(&mut self.rest, Rest::None) {
                Rest::None => return Poll::Ready(None),
                Rest::Here(entries) => match Job::start(entries, portion) {
                    Ok(job) => self.rest = Rest::BeingRead(job),
                    Err((_, error)) => return Poll::Ready(Some(Err(error))),
                },
                Rest::BeingRead(mut job) => match job.poll(cx) {
                    Poll::Pending => {
                        self.rest = Rest::BeingRead(job);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok((read, rest))) => {
                        self.read = read;
                        self.rest = rest.map_or(Rest::None, Rest::Here);
                    }
                    Poll::Ready(Err((_, error))) => return Poll::Ready(Some(Err(error))),
                },
            }
        }
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir").finish_non_exhaustive()
    }
}

/// An entry of a directory.
#[derive(Clone, Debug)]
pub struct DirEntry(pub(crate) Arc<std::fs::DirEntry>);

impl DirEntry {
    /// The directory's path, as given, with the name.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.0.path()
    }

    /// The name alone.
    #[must_use]
    pub fn file_name(&self) -> OsString {
        self.0.file_name()
    }

    /// What is known about it; of a symbolic link, about the link.
    ///
    /// # Errors
    /// As [`std::fs::DirEntry::metadata`]; and if the pool can't take the job.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        let entry = self.0.clone();
        run(move || entry.metadata()).await
    }

    /// Whether it is a file, a directory or a symbolic link.
    ///
    /// # Errors
    /// As [`std::fs::DirEntry::file_type`]; and if the pool can't take the job.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn file_type(&self) -> io::Result<FileType> {
        let entry = self.0.clone();
        run(move || entry.file_type()).await
    }
}
