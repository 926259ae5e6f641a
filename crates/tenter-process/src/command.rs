//! What to start, and how.

use std::ffi::OsStr;
use std::fmt;
use std::future::Future;
use std::io;
use std::path::Path;
use std::process::{CommandArgs, CommandEnvs, ExitStatus, Output, Stdio};

use crate::Child;
use crate::guard::OnDrop;

/// Builds a child process.
///
/// Starting one ([`spawn`](Self::spawn), [`status`](Self::status), [`output`](Self::output)) holds up its thread until the
/// child has begun to run its program, as the standard library's does: a fork is mostly copying tables of memory, and takes
/// from a tenth of a millisecond to several, the more the larger this process is. For a large one use
/// `unblock(move || command.spawn())`.
///
/// # Examples
/// ```
/// # #[cfg(unix)]
/// # tenter_runtime::block_on(async {
/// use tenter_process::Command;
///
/// let output = Command::new("echo").arg("hello").output().await?;
/// assert!(output.status.success());
/// assert_eq!(output.stdout, b"hello\n");
/// # std::io::Result::Ok(())
/// # })?;
/// # std::io::Result::Ok(())
/// ```
#[doc(alias = "create_subprocess_exec")]
pub struct Command {
    pub(crate) inner: std::process::Command,
    stdin: bool,
    stdout: bool,
    stderr: bool,
    on_drop: OnDrop,
}

/// What it starts.
impl Command {
    /// A command that starts `program`, which is looked up in `PATH` if it is a name, with no arguments and all of this
    /// process's environment.
    pub fn new<S: AsRef<OsStr>>(program: S) -> Self {
        Self::from(std::process::Command::new(program))
    }

    /// A command that gives `script` to the system's shell: `/bin/sh -c` on Unix, `cmd /d /s /c` on Windows.
    ///
    /// What users say has no place in a script; give it as an argument to [`new`](Self::new) instead.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(unix)]
    /// # tenter_runtime::block_on(async {
    /// use tenter_process::Command;
    ///
    /// let output = Command::shell("echo one; echo two >&2").output().await?;
    /// assert_eq!((output.stdout, output.stderr), (b"one\n".to_vec(), b"two\n".to_vec()));
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # std::io::Result::Ok(())
    /// ```
    #[doc(alias = "create_subprocess_shell")]
    pub fn shell<S: AsRef<OsStr>>(script: S) -> Self {
        Self::of_shell(script.as_ref())
    }

    /// Adds an argument.
    pub fn arg<S: AsRef<OsStr>>(&mut self, arg: S) -> &mut Self {
        self.inner.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args<I, S>(&mut self, args: I) -> &mut Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.inner.args(args);
        self
    }

    /// Sets an environment variable.
    pub fn env<K, V>(&mut self, key: K, value: V) -> &mut Self
    where
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.inner.env(key, value);
        self
    }

    /// Sets environment variables.
    pub fn envs<I, K, V>(&mut self, vars: I) -> &mut Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.inner.envs(vars);
        self
    }

    /// Leaves an environment variable out.
    pub fn env_remove<K: AsRef<OsStr>>(&mut self, key: K) -> &mut Self {
        self.inner.env_remove(key);
        self
    }

    /// Leaves all environment variables out.
    pub fn env_clear(&mut self) -> &mut Self {
        self.inner.env_clear();
        self
    }

    /// Sets the directory in which the child begins.
    pub fn current_dir<P: AsRef<Path>>(&mut self, dir: P) -> &mut Self {
        self.inner.current_dir(dir);
        self
    }

    /// The program.
    #[must_use]
    pub fn get_program(&self) -> &OsStr {
        self.inner.get_program()
    }

    /// The arguments.
    pub fn get_args(&self) -> CommandArgs<'_> {
        self.inner.get_args()
    }

    /// The environment variables that were set, or left out (`None`).
    pub fn get_envs(&self) -> CommandEnvs<'_> {
        self.inner.get_envs()
    }

    /// The directory in which the child begins; `None` is this process's.
    #[must_use]
    pub fn get_current_dir(&self) -> Option<&Path> {
        self.inner.get_current_dir()
    }
}

/// How it is started.
impl Command {
    /// Sets the child's input: [`Stdio::piped`], [`Stdio::null`], [`Stdio::inherit`], a file, another child's output. If it is not
    /// set, [`output`](Self::output) gives the child none, everything else this process's.
    pub fn stdin<T: Into<Stdio>>(&mut self, stdin: T) -> &mut Self {
        self.stdin = true;
        self.inner.stdin(stdin);
        self
    }

    /// Sets the child's output. If it is not set, [`output`](Self::output) captures it, else it goes where this process's goes.
    pub fn stdout<T: Into<Stdio>>(&mut self, stdout: T) -> &mut Self {
        self.stdout = true;
        self.inner.stdout(stdout);
        self
    }

    /// Sets the child's standard error, as [`stdout`](Self::stdout).
    pub fn stderr<T: Into<Stdio>>(&mut self, stderr: T) -> &mut Self {
        self.stderr = true;
        self.inner.stderr(stderr);
        self
    }

    /// Whether a child that is dropped is collected when it is over (the default), and so does not stay as a zombie until this
    /// process ends.
    pub fn reap_on_drop(&mut self, reap: bool) -> &mut Self {
        self.on_drop.reap = reap;
        self
    }

    /// Whether a child is killed when it is dropped, together with all futures that wait for it. It is not by default.
    pub fn kill_on_drop(&mut self, kill: bool) -> &mut Self {
        self.on_drop.kill = kill;
        self
    }

    /// Starts the child.
    ///
    /// It and its pipes are watched by the ambient runtime.
    ///
    /// # Errors
    /// What the system says: there is no such program, no more processes, or no more descriptors. If the reactor refuses to watch the
    /// pipes, or neither it nor a thread can wait for the child, the child is killed.
    pub fn spawn(&mut self) -> io::Result<Child> {
        self.start(Stdio::inherit, Stdio::inherit)
    }

    /// Starts the child, now, and waits for its end when awaited.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn) and [`Child::status`].
    ///
    /// # Cancel safety
    /// Dropping the future drops the [`Child`].
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + use<> {
        let child = self.spawn();
        async { child?.status().await }
    }

    /// Starts the child, now, and collects what it writes when awaited, as [`Child::output`] does.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn) and [`Child::output`].
    ///
    /// # Cancel safety
    /// What has been read is lost, and the [`Child`] is dropped.
    pub fn output(&mut self) -> impl Future<Output = io::Result<Output>> + use<> {
        let child = self.start(Stdio::null, Stdio::piped);
        async { child?.output().await }
    }

    /// With these for what was not set.
    fn start(&mut self, stdin: fn() -> Stdio, others: fn() -> Stdio) -> io::Result<Child> {
        self.fill_in(stdin, others);
        Child::start(&mut self.inner, self.on_drop)
    }
}

impl Command {
    /// These for what was not set, whatever it was for a child before.
    pub(crate) fn fill_in(&mut self, stdin: fn() -> Stdio, others: fn() -> Stdio) {
        if !self.stdin {
            self.inner.stdin(stdin());
        }
        if !self.stdout {
            self.inner.stdout(others());
        }
        if !self.stderr {
            self.inner.stderr(others());
        }
    }
}

impl From<std::process::Command> for Command {
    /// Takes over what was set but for input and output, which are as if they were not.
    fn from(inner: std::process::Command) -> Self {
        let on_drop = OnDrop { reap: true, kill: false };
        Self { inner, stdin: false, stdout: false, stderr: false, on_drop }
    }
}

impl fmt::Debug for Command {
    /// The command line; in the alternate form (`{:#?}`) everything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return self.inner.fmt(f);
        }
        f.debug_struct("Command")
            .field("inner", &self.inner)
            .field("stdin", &self.stdin)
            .field("stdout", &self.stdout)
            .field("stderr", &self.stderr)
            .field("on_drop", &self.on_drop)
            .finish()
    }
}
