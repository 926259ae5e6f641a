//! An open file.

use std::fmt;
use std::fs::{Metadata, Permissions};
use std::future::poll_fn;
use std::io::{self, IoSlice, SeekFrom};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncSeek, AsyncWrite};

use crate::OpenOptions;
use crate::pool::run;
use crate::position::{Position, appends};
use crate::state::State;

/// An open file.
///
/// What a write took is in the file when [`flush`](futures_io::AsyncWrite::poll_flush) has returned; the [crate's
/// page](crate) has the rest.
///
/// # Cancel safety
/// A read that is dropped loses no byte: the next one begins where it began. A write that is dropped before it returned took
/// nothing; what an earlier one took takes place. A seek that is dropped may have taken place.
pub struct File {
    file: Arc<std::fs::File>,
    state: Mutex<State>,
}

impl File {
    pub(crate) fn new(file: std::fs::File, appends: bool) -> Self {
        let position = Position::of(&file, appends);
        let file = Arc::new(file);
        Self { state: Mutex::new(State::new(file.clone(), position)), file }
    }

    /// Opens a file to read it.
    ///
    /// # Errors
    /// As [`std::fs::File::open`]; and if the pool can't take the job.
    ///
    /// # Cancel safety
    /// A file that has been opened is closed again.
    pub async fn open<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        OpenOptions::new().read(true).open(path).await
    }

    /// Opens a file to write it, empty; makes it if it does not exist.
    ///
    /// # Errors
    /// As [`std::fs::File::create`]; and if the pool can't take the job.
    ///
    /// # Cancel safety
    /// A file that has been opened is closed again; it may have been made or emptied.
    pub async fn create<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        OpenOptions::new().write(true).create(true).truncate(true).open(path).await
    }

    /// Waits until everything written is on the disk, and what is known about the file.
    ///
    /// # Errors
    /// That of a write before, or as [`std::fs::File::sync_all`].
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn sync_all(&self) -> io::Result<()> {
        self.flushed(|file| file.sync_all()).await
    }

    /// Waits until everything written is on the disk, and as much as is needed to read it.
    ///
    /// # Errors
    /// That of a write before, or as [`std::fs::File::sync_data`].
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn sync_data(&self) -> io::Result<()> {
        self.flushed(|file| file.sync_data()).await
    }

    /// Cuts the file off, or fills it up with zeros, in bytes.
    ///
    /// # Errors
    /// That of a write before, or as [`std::fs::File::set_len`].
    ///
    /// # Cancel safety
    /// What has begun takes place nevertheless, before whatever is done next with this `File`. How it
    /// went is then not told.
    pub async fn set_len(&self, size: u64) -> io::Result<()> {
        let told = poll_fn(|cx| self.lock().poll_resize(cx, size)).await?;
        poll_fn(|cx| {
            let mut state = self.lock();
            // Under the lock, for until then whoever tells has a share in it.
            if told.get().is_some() { Poll::Ready(()) } else { state.poll_settled(cx) }
        })
        .await;
        Arc::into_inner(told).and_then(OnceLock::into_inner).expect("it has ended")
    }

    /// What is known about the file, writes before this included.
    ///
    /// # Errors
    /// That of a write before, or as [`std::fs::File::metadata`].
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        self.flushed(|file| file.metadata()).await
    }

    /// Changes what may be done with the file.
    ///
    /// # Errors
    /// As [`std::fs::File::set_permissions`]; and if the pool can't take the job.
    ///
    /// # Cancel safety
    /// What has begun takes place nevertheless.
    pub async fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        self.flushed(move |file| file.set_permissions(permissions)).await
    }

    /// Does something to the file when all writes have taken place.
    async fn flushed<T, F>(&self, act: F) -> io::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&std::fs::File) -> io::Result<T> + Send + 'static,
    {
        poll_fn(|cx| self.lock().poll_flush(cx)).await?;
        let file = self.file.clone();
        run(move || act(&file)).await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&mut self) -> &mut State {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<std::fs::File> for File {
    /// Takes over a file, at the position where it is.
    fn from(file: std::fs::File) -> Self {
        let appends = appends(&file);
        Self::new(file, appends)
    }
}

impl AsyncRead for File {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        self.state().poll_read(cx, into)
    }
}

impl AsyncWrite for File {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        self.state().poll_write(cx, from)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = from.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
        self.state().poll_write(cx, first)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state().poll_flush(cx)
    }

    /// As a flush; the file is closed when it is dropped.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state().poll_flush(cx)
    }
}

impl AsyncSeek for File {
    fn poll_seek(mut self: Pin<&mut Self>, cx: &mut Context<'_>, seek: SeekFrom) -> Poll<io::Result<u64>> {
        self.state().poll_seek(cx, seek)
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("File").field(&self.file).finish()
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for File {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(unix)]
impl std::os::fd::AsRawFd for File {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.file.as_raw_fd()
    }
}

#[cfg(unix)]
impl From<std::os::fd::OwnedFd> for File {
    fn from(fd: std::os::fd::OwnedFd) -> Self {
        Self::from(std::fs::File::from(fd))
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsHandle for File {
    fn as_handle(&self) -> std::os::windows::io::BorrowedHandle<'_> {
        self.file.as_handle()
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsRawHandle for File {
    fn as_raw_handle(&self) -> std::os::windows::io::RawHandle {
        self.file.as_raw_handle()
    }
}

#[cfg(windows)]
impl From<std::os::windows::io::OwnedHandle> for File {
    fn from(handle: std::os::windows::io::OwnedHandle) -> Self {
        Self::from(std::fs::File::from(handle))
    }
}
