//! What only Unix has.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt as _;

use crate::guard::{Inner, Watch};
use crate::sealed::Sealed;
use crate::{Child, Command, Stdio, exit};

/// What a [`Command`] has on Unix alone.
///
/// For what it has not, `pre_exec` for one, make a [`std::process::Command`] and turn that into one.
pub trait CommandExt: Sealed {
    /// Sets the child's user.
    fn uid(&mut self, id: u32) -> &mut Command;

    /// Sets the child's group of users.
    fn gid(&mut self, id: u32) -> &mut Command;

    /// Puts the child into a group of processes; 0 is a new one, with the child's number. What the terminal sends to the group of
    /// this process, such as Ctrl-C, does not reach the child then.
    fn process_group(&mut self, group: i32) -> &mut Command;

    /// Runs the program in place of this one, and returns only if that fails; destructors don't run. Afterwards this process may
    /// be half-way into what the command says, its directory for one.
    fn exec(&mut self) -> io::Error;

    /// Sets the name by which the program is told that it was called.
    fn arg0<S: AsRef<OsStr>>(&mut self, arg: S) -> &mut Command;
}

impl Sealed for Command {}
impl CommandExt for Command {
    fn uid(&mut self, id: u32) -> &mut Command {
        self.inner.uid(id);
        self
    }

    fn gid(&mut self, id: u32) -> &mut Command {
        self.inner.gid(id);
        self
    }

    fn process_group(&mut self, group: i32) -> &mut Command {
        self.inner.process_group(group);
        self
    }

    fn exec(&mut self) -> io::Error {
        self.fill_in(Stdio::inherit, Stdio::inherit);
        self.inner.exec()
    }

    fn arg0<S: AsRef<OsStr>>(&mut self, arg: S) -> &mut Command {
        self.inner.arg0(arg);
        self
    }
}

impl Command {
    pub(crate) fn of_shell(script: &OsStr) -> Self {
        let mut command = Self::new("/bin/sh");
        command.arg("-c").arg(script);
        command
    }
}

/// What a [`Child`] has on Unix alone.
pub trait ChildExt: Sealed {
    /// Sends a signal, by its number.
    ///
    /// Does nothing to a child whose status was collected. No other process is hit, however long that was ago.
    ///
    /// # Examples
    /// ```
    /// # tenter_runtime::block_on(async {
    /// use std::os::unix::process::ExitStatusExt;
    /// use tenter_process::{Command, unix::ChildExt};
    ///
    /// const SIGTERM: i32 = 15;
    /// let mut child = Command::new("sleep").arg("60").spawn()?;
    /// child.send_signal(SIGTERM)?;
    /// assert_eq!(child.status().await?.signal(), Some(SIGTERM));
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # std::io::Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// What the system says: there is no such signal, or the child belongs to another user by now.
    fn send_signal(&mut self, signal: i32) -> io::Result<()>;
}

impl Sealed for Child {}
impl ChildExt for Child {
    fn send_signal(&mut self, signal: i32) -> io::Result<()> {
        self.guard.lock().signal(self.id(), signal)
    }
}

impl Inner {
    /// As `kill`.
    fn signal(&mut self, id: u32, signal: i32) -> io::Result<()> {
        let collected = self.is_collected();
        match &self.watch {
            _ if collected => Ok(()),
            Watch::Reactor(exit) => exit.signal(id, signal),
            Watch::Thread(_) => exit::signal(id, signal),
        }
    }
}
