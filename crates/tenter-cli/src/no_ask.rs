//! Where there are no Unix sockets by which a process could be asked.

use std::path::PathBuf;

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    Process(u32),
    Socket(PathBuf),
}

/// Nobody can be.
pub(crate) fn ask(whom: &Whom, command: &str, _json: bool) -> Result<String, String> {
    let whom = match whom {
        Whom::Process(pid) => format!("process {pid}"),
        Whom::Socket(path) => path.display().to_string(),
    };
    Err(format!("{whom} can't be asked for {command}: this system has no Unix sockets"))
}
