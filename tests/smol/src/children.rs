//! `smol::process`.

use std::ffi::OsStr;
use std::path::Path;

use smol::io;
use smol::prelude::*;
use smol::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio, driver};

/// Children that are piped, captured, waited for and killed; what they said.
///
/// # Errors
/// What the system says.
pub async fn of_all_kinds() -> io::Result<String> {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).reap_on_drop(true).kill_on_drop(true);
    let mut child: Child = command.spawn()?;
    assert!(child.id() > 0 && child.try_status()?.is_none());
    let mut stdin: ChildStdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut stdout: ChildStdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut stderr: ChildStderr = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
    stdin.write_all(b"piped").await?;
    drop(stdin);
    let mut text = String::new();
    stdout.read_to_string(&mut text).await?;
    assert_eq!(stderr.read(&mut [0]).await?, 0);
    let status: ExitStatus = child.status().await?;
    assert!(status.success());

    let mut first = Command::new("echo").arg("shouted").stdout(Stdio::piped()).spawn()?;
    let pipe = first.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?.into_stdio().await?;
    let output: Output = Command::new("sed").args(["s/^/ /"]).stdin(pipe).output().await?;
    text.push_str(String::from_utf8_lossy(&output.stdout).trim_end());

    let mut sleep = Command::new("sleep").arg("60").spawn()?;
    sleep.kill()?;
    assert!(!sleep.status().await?.success());

    let mut command = Command::from(std::process::Command::new("true"));
    command.env("A", "b").envs([("C", "d")]).env_remove("E").current_dir("/");
    assert_eq!((command.get_program(), command.get_args().len()), (OsStr::new("true"), 0));
    assert_eq!((command.get_envs().len(), command.get_current_dir()), (3, Some(Path::new("/"))));
    assert!(command.env_clear().status().await?.success());
    assert!(command.spawn()?.output().await?.status.success());
    // Programs that drive smol's children themselves do it beside everything else.
    let driven = async { Ok(driver().await).map(|never| match never {}) };
    driven.or(async { Command::new("true").status().await }).await?;
    Ok(text)
}

/// What only Unix has.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub async fn with_what_only_unix_has() -> io::Result<()> {
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};

    use smol::process::unix::CommandExt;

    let mut command = Command::new("sh");
    command.arg0("other").args(["-c", "echo $0"]).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    assert_eq!(stdout.as_fd().as_raw_fd(), stdout.as_raw_fd());
    let pipe = OwnedFd::try_from(stdout)?;
    assert!(child.status().await?.success());
    drop(pipe);
    Ok(())
}
