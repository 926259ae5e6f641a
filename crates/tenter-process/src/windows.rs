//! What only Windows has.

use std::ffi::{OsStr, OsString};
use std::os::windows::io::{AsRawHandle, RawHandle};
use std::os::windows::process::CommandExt as _;

use crate::sealed::Sealed;
use crate::{Child, Command};

/// What a [`Command`] has on Windows alone.
pub trait CommandExt: Sealed {
    /// Sets [flags] of `CreateProcess`.
    ///
    /// [flags]: https://learn.microsoft.com/en-us/windows/win32/procthread/process-creation-flags
    fn creation_flags(&mut self, flags: u32) -> &mut Command;

    /// Adds text to the command line as it is, without quotes.
    fn raw_arg<S: AsRef<OsStr>>(&mut self, text: S) -> &mut Command;
}

impl Sealed for Command {}
impl CommandExt for Command {
    fn creation_flags(&mut self, flags: u32) -> &mut Command {
        self.inner.creation_flags(flags);
        self
    }

    fn raw_arg<S: AsRef<OsStr>>(&mut self, text: S) -> &mut Command {
        self.inner.raw_arg(text);
        self
    }
}

impl Command {
    pub(crate) fn of_shell(script: &OsStr) -> Self {
        let mut command = Self::new(std::env::var_os("COMSPEC").unwrap_or_else(|| "cmd.exe".into()));
        // `/s` takes exactly the outer quotes off.
        let mut quoted = OsString::from("\"");
        quoted.push(script);
        quoted.push("\"");
        command.args(["/d", "/s", "/c"]).raw_arg(quoted);
        command
    }
}

impl AsRawHandle for Child {
    /// Valid as long as the child is not dropped.
    fn as_raw_handle(&self) -> RawHandle {
        self.guard.lock().child().as_raw_handle()
    }
}
