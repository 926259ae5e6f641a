//! A child that was started.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::process::{Command, ExitStatus, Output};
use std::sync::Arc;

use futures_io::AsyncRead;
use futures_lite::future::try_zip;
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::guard::{Guard, OnDrop, discard};
use crate::{ChildStderr, ChildStdin, ChildStdout};

/// A child process.
///
/// Dropping it does not end the child, unless [`kill_on_drop`](crate::Command::kill_on_drop) says so. When the child is over it
/// is collected, unless [`reap_on_drop`](crate::Command::reap_on_drop) says otherwise: by a task of the runtime that watches
/// it, or, if that has no workers or is no more, by a thread that waits for it.
///
/// # Examples
/// ```
/// # #[cfg(unix)]
/// # tenter_runtime::block_on(async {
/// use futures_lite::{AsyncBufReadExt, StreamExt, io::BufReader};
/// use tenter_process::{Command, Stdio};
///
/// let mut child = Command::shell("echo one; echo two").stdout(Stdio::piped()).spawn()?;
/// let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
/// while let Some(line) = lines.next().await {
///     println!("the child says {}", line?);
/// }
/// assert!(child.status().await?.success());
/// # std::io::Result::Ok(())
/// # })?;
/// # std::io::Result::Ok(())
/// ```
pub struct Child {
    /// The child's input, if it is [`piped`](crate::Stdio::piped).
    pub stdin: Option<ChildStdin>,
    /// The child's output, if it is [`piped`](crate::Stdio::piped).
    pub stdout: Option<ChildStdout>,
    /// The child's standard error, if it is [`piped`](crate::Stdio::piped).
    pub stderr: Option<ChildStderr>,
    pub(crate) guard: Arc<Guard>,
}

impl Child {
    pub(crate) fn start(command: &mut Command, on_drop: OnDrop) -> io::Result<Self> {
        let mut child = command.spawn()?;
        match pipes(&mut child) {
            Ok((stdin, stdout, stderr)) => {
                let guard = Arc::new(Guard::new(child, on_drop)?);
                Ok(Self { stdin, stdout, stderr, guard })
            }
            Err(error) => {
                discard(child);
                Err(error)
            }
        }
    }

    /// The number by which the system knows it. When its status was collected, it may be another process's.
    #[must_use]
    #[doc(alias = "pid")]
    pub fn id(&self) -> u32 {
        self.guard.id()
    }

    /// Kills it (`SIGKILL`, `TerminateProcess`). Wait for it afterwards: it takes a moment.
    ///
    /// Does nothing to a child that is over. No other process is hit, however long that was ago.
    ///
    /// # Errors
    /// What the system says: it belongs to another user by now.
    #[doc(alias = "start_kill")]
    #[doc(alias = "terminate")]
    pub fn kill(&mut self) -> io::Result<()> {
        self.guard.lock().kill()
    }

    /// Its status if it is over. Its input stays open.
    ///
    /// # Errors
    /// As [`status`](Self::status).
    #[doc(alias = "try_wait")]
    #[doc(alias = "returncode")]
    pub fn try_status(&mut self) -> io::Result<Option<ExitStatus>> {
        self.guard.lock().try_status()
    }

    /// Closes its input, now, and waits for its end when awaited.
    ///
    /// That the input is closed keeps a child that reads it to its end from waiting for ever. A child that waits until its output is
    /// read does: use [`output`](Self::output) for one whose output is piped.
    ///
    /// Any number of futures may wait, and each gets the status; so does one that is made later.
    ///
    /// # Errors
    /// What the system says. If the program has had `SIGCHLD` ignored, or something else has collected the child, there is no
    /// status any more (`ECHILD`).
    ///
    /// # Cancel safety
    /// Nothing is lost but that the input is closed.
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + use<> {
        self.stdin = None;
        self.guard.clone().status()
    }

    /// As [`status`](Self::status), which is smol's name for it.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub fn wait(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + use<> {
        self.status()
    }

    /// Closes its input, now, and collects its status and, as far as they are piped, its output and standard error when
    /// awaited.
    ///
    /// Output ends when everyone who has the other end has closed it: also those who inherited it from the child. The same goes for
    /// input that is written: while somebody has its other end and does not read, it waits.
    ///
    /// # Errors
    /// What the pipes say, and as [`status`](Self::status).
    ///
    /// # Cancel safety
    /// What has been read is lost, and the child is dropped.
    #[doc(alias = "wait_with_output")]
    pub fn output(mut self) -> impl Future<Output = io::Result<Output>> + use<> {
        self.stdin = None;
        self.communicate([])
    }

    /// Writes `input` to the child, closes its input, and collects its status and, as far as they are piped, its output and
    /// standard error, all at the same time: neither waits for the other.
    ///
    /// That the child does not read all of its input is no error.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(unix)]
    /// # tenter_runtime::block_on(async {
    /// use tenter_process::{Command, Stdio};
    ///
    /// let child = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    /// let output = child.communicate("b\na\nc\n").await?;
    /// assert_eq!(output.stdout, b"a\nb\nc\n");
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # std::io::Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// What the pipes say, and as [`status`](Self::status); [`InvalidInput`](io::ErrorKind::InvalidInput) if there is `input` and
    /// the child's is not piped.
    ///
    /// # Cancel safety
    /// As [`output`](Self::output); what has been written may be any part of the input.
    pub fn communicate<I: AsRef<[u8]>>(mut self, input: I) -> impl Future<Output = io::Result<Output>> + use<I> {
        let (stdin, stdout, stderr) = (self.stdin.take(), self.stdout.take(), self.stderr.take());
        async move {
            let outputs = try_zip(collected(stdout), collected(stderr));
            let (_, (stdout, stderr)) = try_zip(written(stdin, input.as_ref()), outputs).await?;
            let status = self.status().await?;
            Ok(Output { status, stdout, stderr })
        }
    }
}

type Pipes = (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>);

fn pipes(child: &mut std::process::Child) -> io::Result<Pipes> {
    let stdin = child.stdin.take().map(ChildStdin::from_std).transpose()?;
    let stdout = child.stdout.take().map(ChildStdout::from_std).transpose()?;
    let stderr = child.stderr.take().map(ChildStderr::from_std).transpose()?;
    Ok((stdin, stdout, stderr))
}

async fn written(stdin: Option<ChildStdin>, input: &[u8]) -> io::Result<()> {
    let Some(mut stdin) = stdin else {
        let missing = || io::Error::new(io::ErrorKind::InvalidInput, "the child's input is not piped");
        return if input.is_empty() { Ok(()) } else { Err(missing()) };
    };
    let written = async {
        stdin.write_all(input).await?;
        stdin.close().await
    };
    match written.await {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

async fn collected(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("id", &self.id())
            .field("stdin", &self.stdin)
            .field("stdout", &self.stdout)
            .field("stderr", &self.stderr)
            .finish_non_exhaustive()
    }
}

/// Never ends, and does nothing: here for programs that give smol's a thread, where it is what notices that children are over.
pub fn driver() -> impl Future<Output = Infallible> + Send + 'static {
    pending()
}
