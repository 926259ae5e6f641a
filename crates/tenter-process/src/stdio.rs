//! The pipes to a child.

use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use crate::pipe;

/// A pipe to a child's standard input.
///
/// Dropping it closes it, and so does [`close`](AsyncWrite::poll_close): the child reads the end of its input then. What is
/// written to a child that has closed its end, or is over, is a [`BrokenPipe`](io::ErrorKind::BrokenPipe) error.
///
/// On Windows writes take place on the blocking pool, in the background: [`flush`](AsyncWrite::poll_flush) or close it
/// before it is dropped, or errors go unseen.
///
/// # Examples
/// ```
/// # #[cfg(unix)]
/// # tenter_runtime::block_on(async {
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use tenter_process::{Command, Stdio};
///
/// let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
/// let mut stdin = child.stdin.take().unwrap();
/// stdin.write_all(b"through a pipe").await?;
/// stdin.close().await?;
///
/// let mut text = String::new();
/// child.stdout.take().unwrap().read_to_string(&mut text).await?;
/// assert_eq!(text, "through a pipe");
/// assert!(child.status().await?.success());
/// # std::io::Result::Ok(())
/// # })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct ChildStdin(pub(crate) pipe::Writer);

impl ChildStdin {
    /// Makes the standard library's pipe asynchronous, in the ambient runtime.
    ///
    /// # Errors
    /// If the runtime's reactor refuses to watch it.
    pub fn from_std(pipe: std::process::ChildStdin) -> io::Result<Self> {
        pipe::writer(pipe).map(Self)
    }

    /// Makes it another child's output: what that one writes, this one reads.
    ///
    /// # Errors
    /// If it was closed, or the reactor or the system does not let go of it.
    ///
    /// # Cancel safety
    /// Dropping the future closes the pipe.
    pub async fn into_stdio(self) -> io::Result<Stdio> {
        pipe::writer_stdio(self.0).await
    }
}

impl AsyncWrite for ChildStdin {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    /// Closes the pipe: the child reads the end of its input.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}

macro_rules! output {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(pub(crate) pipe::Reader<std::process::$name>);

        impl $name {
            /// Makes the standard library's pipe asynchronous, in the ambient runtime.
            ///
            /// # Errors
            /// If the runtime's reactor refuses to watch it.
            pub fn from_std(pipe: std::process::$name) -> io::Result<Self> {
                pipe::reader(pipe).map(Self)
            }

            /// Makes it another child's input.
            ///
            /// # Errors
            /// If the reactor or the system does not let go of it.
            ///
            /// # Cancel safety
            /// Dropping the future closes the pipe.
            pub async fn into_stdio(self) -> io::Result<Stdio> {
                pipe::reader_stdio(self.0).await
            }
        }

        impl AsyncRead for $name {
            fn poll_read(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.0).poll_read(cx, buf)
            }

            fn poll_read_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.0).poll_read_vectored(cx, bufs)
            }
        }
    };
}

output! {
    /// A pipe from a child's standard output.
    ///
    /// It ends when everyone who has the other end has closed it or is over: the child, and who inherited it from there.
    ///
    /// # Examples
    /// One child's output is another's input:
    /// ```
    /// # #[cfg(unix)]
    /// # tenter_runtime::block_on(async {
    /// use tenter_process::{Command, Stdio};
    ///
    /// let mut echo = Command::new("echo").arg("a pipeline").stdout(Stdio::piped()).spawn()?;
    /// let pipe = echo.stdout.take().unwrap().into_stdio().await?;
    /// let output = Command::new("tr").args(["a-z", "A-Z"]).stdin(pipe).output().await?;
    /// assert_eq!(output.stdout, b"A PIPELINE\n");
    /// assert!(echo.status().await?.success());
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # std::io::Result::Ok(())
    /// ```
    ChildStdout
}

output! {
    /// A pipe from a child's standard error, as [`ChildStdout`].
    ChildStderr
}
