//! Where the sockets are by which processes are asked, and who may use them.
//!
//! In a directory of the user's that nobody else may enter: one that others own, may enter, or have put a link to, is
//! refused. So nobody else reaches the sockets, and nobody else could put one there.

use std::env;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::user;

/// The directories in which a process's socket may be: below `$XDG_RUNTIME_DIR`, if there is that, and in the directory for
/// temporary files.
fn directories() -> Vec<PathBuf> {
    let session = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute() && path.is_dir());
    let own = env::temp_dir().join(format!("tenter-{}", user::own()));
    session.map(|path| path.join("tenter")).into_iter().chain([own]).collect()
}

/// Whether a directory is this user's alone.
fn check(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    let refuse = |why: &str| Err(io::Error::new(ErrorKind::PermissionDenied, format!("{} {why}", path.display())));
    if !found.is_dir() {
        return refuse("is no directory");
    }
    if found.uid() != user::own() {
        return refuse("belongs to another user");
    }
    if found.mode() & 0o077 != 0 {
        return refuse("may be entered by others");
    }
    Ok(())
}

fn make_directory() -> io::Result<PathBuf> {
    let path = directories().swap_remove(0);
    match DirBuilder::new().mode(0o700).create(&path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => check(&path).map(|()| path),
    }
}

/// The process that a socket's name says it is of.
fn process(name: &str) -> Option<u32> {
    let (pid, number) = name.strip_suffix(".sock")?.split_once('-')?;
    number.parse::<u32>().ok()?;
    pid.parse().ok().filter(|pid| *pid > 0)
}

/// Removes the sockets in this user's directory whose processes are gone.
fn sweep(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let pid = entry.file_name().to_str().and_then(process);
        if pid.is_some_and(|pid| !user::is_alive(pid)) && entry.file_type()?.is_socket() {
            // Somebody else may have been faster.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// A socket at the default place, of which a process has as many as it asks for.
pub(super) fn bind_default() -> io::Result<(UnixListener, PathBuf)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let directory = make_directory()?;
    sweep(&directory)?;
    let path = directory.join(format!("{}-{}.sock", std::process::id(), NEXT.fetch_add(1, Relaxed)));
    bind(&path).map(|listener| (listener, path))
}

/// A socket at a path; in the place of one there that nobody listens to any more, but of nothing else.
pub(super) fn bind(path: &Path) -> io::Result<UnixListener> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_stale(path) => {
            fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn is_stale(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    is_socket && UnixStream::connect(path).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

/// The sockets by which a process can be asked about its runtimes, at the default places: those of this user, in the order in which
/// the runtimes were made. For the command `tenter`.
///
/// ```
/// let runtime = tenter_runtime::Builder::new_current_thread().inspect(true).build()?;
/// assert!(!tenter_runtime::inspect_sockets(std::process::id())?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If a directory of that name is not this user's alone, or can't be read.
pub fn inspect_sockets(pid: u32) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for directory in directories() {
        match check(&directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            checked => checked?,
        }
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if process(name) == Some(pid) {
                // Shorter names have smaller numbers.
                found.push((name.len(), path));
            }
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fresh directory of this user's alone.
    fn fresh(name: &str) -> PathBuf {
        let path = env::temp_dir().join(format!("tenter-place-{name}-{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&path).unwrap();
        path
    }

    #[test]
    fn names_say_whose_they_are() {
        assert_eq!(process("123-0.sock"), Some(123));
        for other in ["123.sock", "-1-0.sock", "0-0.sock", "123-x.sock", "123-0.sock.old", "4294967296-0.sock", "notes"]
        {
            assert_eq!(process(other), None, "{other}");
        }
    }

    #[test]
    fn a_directory_that_others_may_enter_or_have_linked_is_refused() {
        let path = fresh("check");
        check(&path).unwrap();
        let link = path.join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(check(&link).unwrap_err().kind(), ErrorKind::PermissionDenied);
        fs::set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
        assert_eq!(check(&path).unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(check(Path::new("/")).unwrap_err().kind(), ErrorKind::PermissionDenied);
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_stale_socket_is_replaced_and_nothing_else() {
        let directory = fresh("bind");
        let path = directory.join("socket");
        let first = bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(bind(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
        drop(first);
        let second = bind(&path).unwrap();
        drop(second);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "precious").unwrap();
        assert_eq!(bind(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
        let link = directory.join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(bind(&link).unwrap_err().kind(), ErrorKind::AddrInUse);
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn the_sockets_of_processes_that_are_gone_are_swept_away() {
        let directory = fresh("sweep");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let [dead, own, other] =
            [format!("{}-0.sock", child.id()), format!("{}-7.sock", std::process::id()), "notes".to_owned()];
        for name in [&dead, &own] {
            drop(UnixListener::bind(directory.join(name)).unwrap());
        }
        fs::write(directory.join(&other), "").unwrap();
        sweep(&directory).unwrap();
        let exists = |name: &String| fs::symlink_metadata(directory.join(name)).is_ok();
        assert_eq!([exists(&dead), exists(&own), exists(&other)], [false, true, true]);
        fs::remove_dir_all(directory).unwrap();
    }
}
