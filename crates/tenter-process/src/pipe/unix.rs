//! Pipes to children on the reactor.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};

use futures_io::AsyncWrite;
use tenter_io::Async;

use crate::stdio::{ChildStderr, ChildStdin, ChildStdout};

/// An end from which is read.
pub(crate) type Reader<T> = Async<T>;

/// The end to which is written, until it is closed.
#[derive(Debug)]
pub(crate) struct Writer(Option<Async<std::process::ChildStdin>>);

pub(crate) fn reader<T: AsFd>(pipe: T) -> io::Result<Reader<T>> {
    Async::new(pipe)
}

pub(crate) fn writer(pipe: std::process::ChildStdin) -> io::Result<Writer> {
    Async::new(pipe).map(|pipe| Writer(Some(pipe)))
}

/// For another child, which counts on blocking.
pub(crate) async fn reader_stdio<T: AsFd + Into<Stdio>>(pipe: Reader<T>) -> io::Result<Stdio> {
    let pipe = pipe.into_inner()?;
    set_blocking(pipe.as_fd())?;
    Ok(pipe.into())
}

/// As [`reader_stdio`].
pub(crate) async fn writer_stdio(pipe: Writer) -> io::Result<Stdio> {
    reader_stdio(pipe.0.ok_or_else(closed)?).await
}

/// As the standard library does on Linux, and only there: elsewhere some kinds of files don't know the request.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn set_blocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(fd, false)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn set_blocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    Ok(fcntl_setfl(fd, fcntl_getfl(fd)? - OFlags::NONBLOCK)?)
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the child's input was closed")
}

impl Writer {
    fn open(&mut self) -> io::Result<Pin<&mut Async<std::process::ChildStdin>>> {
        self.0.as_mut().map(Pin::new).ok_or_else(closed)
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_ref().expect("the child's input was closed").get_ref().as_fd()
    }
}

impl AsyncWrite for Writer {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.open()?.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.open()?.poll_write_vectored(cx, bufs)
    }

    /// Nothing is kept back.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0 = None;
        Poll::Ready(Ok(()))
    }
}

impl AsFd for ChildStdin {
    /// # Panics
    /// If it was closed (by [`close`](AsyncWrite::poll_close)).
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd()
    }
}

impl AsRawFd for ChildStdin {
    /// # Panics
    /// If it was closed (by [`close`](AsyncWrite::poll_close)).
    fn as_raw_fd(&self) -> RawFd {
        self.0.fd().as_raw_fd()
    }
}

impl TryFrom<ChildStdin> for OwnedFd {
    type Error = io::Error;

    /// The end of the pipe, still in non-blocking mode.
    fn try_from(pipe: ChildStdin) -> io::Result<Self> {
        Ok(pipe.0.0.ok_or_else(closed)?.into_inner()?.into())
    }
}

macro_rules! reader_fd {
    ($type:ident) => {
        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.0.get_ref().as_fd()
            }
        }

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.0.get_ref().as_raw_fd()
            }
        }

        impl TryFrom<$type> for OwnedFd {
            type Error = io::Error;

            /// The end of the pipe, still in non-blocking mode.
            fn try_from(pipe: $type) -> io::Result<Self> {
                Ok(pipe.0.into_inner()?.into())
            }
        }
    };
}

reader_fd!(ChildStdout);
reader_fd!(ChildStderr);
