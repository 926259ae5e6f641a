//! Whole operations on paths: one job of the pool each.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use crate::pool::run;

/// The absolute path, without symbolic links, `.` and `..`.
///
/// # Errors
/// As [`std::fs::canonicalize`]; and if the pool can't take the job.
///
/// # Cancel safety
/// Nothing is lost; the job is cancelled if it has not begun.
pub async fn canonicalize<P: AsRef<Path>>(path: P) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    run(move || fs::canonicalize(path)).await
}

/// Copies the contents and permissions of a file; how many bytes that was.
///
/// # Errors
/// As [`std::fs::copy`]; and if the pool can't take the job.
///
/// # Cancel safety
/// What has begun takes place nevertheless.
pub async fn copy<P: AsRef<Path>, Q: AsRef<Path>>(from: P, to: Q) -> io::Result<u64> {
    let from = from.as_ref().to_owned();
    let to = to.as_ref().to_owned();
    run(move || fs::copy(from, to)).await
}

/// Makes a directory.
///
/// # Errors
/// As [`std::fs::create_dir`]; and if the pool can't take the job.
///
/// # Cancel safety
/// What has begun takes place nevertheless.
pub async fn create_dir<P: AsRef<Path>>(path: P) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || fs::create_dir(path)).await
}

/// Makes a directory and those above it that are missing.
///
/// # Errors
/// As [`std::fs::create_dir_all`]; and if the pool can't take the job.
///
/// # Cancel safety
/// What has begun takes place nevertheless.
pub async fn create_dir_all<P: AsRef<Path>>(path: P) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || fs::create_dir_all(path)).await
}

/// Makes another name of a file.
///
/// # Errors
/// As [`std::fs::hard_link`]; and if the pool can't take the job.
///
/// # Cancel safety
/// What has begun takes place nevertheless.
pub async fn hard_link<P: AsRef<Path>, Q: AsRef<Path>>(from: P, to: Q) -> io::Result<()> {
    let from = from.as_ref().to_owned();
    let to = to.as_ref().to_owned();
    run(move || fs::hard_link(from, to)).await
}

/// What is known about a file or directory; follows symbolic links.
///
/// # Errors
/// As [`std::fs::metadata`]; and if the pool can't take the job.
///
/// # Cancel safety
/// Nothing is lost; the job is cancelled if it has not begun.
pub async fn metadata<P: AsRef<Path>>(path: P) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    run(move || fs::metadata(path)).await
}

/// All of a file.
///
/// ```
/// # tenter_runtime::block_on(async {
/// let path = std::env::temp_dir().join(format!("tenter-fs-{}", std::process::id()));
/// tenter_fs::write(&path, "hello").await?;
/// assert_eq!(tenter_fs::read(&path).await?, b"hello");
/// tenter_fs::remove_file(&path).await
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// As [`std::fs::read`]; and if the pool can't take the job.
///
/// # Cancel safety
/// Nothing is lost; the job is cancelled if it has not begun.
pub async fn read<P: AsRef<Path>>(path: P) -> io::Result<Vec<u8>> {
    let path = path.as_ref().to_owned();
    run(move || fs::read(path)).await
}

/// Where a symbolic link points to.
///
/// # Errors
/// As [`std::fs::read_link`]; and if the pool can't take the job.
///
/// # Cancel safety
/// Nothing is lost; the job is cancelled if it has not begun.
pub async fn read_link<P: AsRef<Path>>(path: P) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    run(move || fs::read_link(path)).await
}

/// All of a file, which is text.
///
/// # Errors
/// As [`std::fs::read_to_string`]; and if the pool can't take the job.
///
/// # Cancel safety
/// Nothing is lost; the job is cancelled if it has not begun.
pub async fn read_to_string<P: AsRef<Path>>(path: P) -> io::Result<String> {
    let path = path.as_ref().to_owned();
    run(move || fs::read_to_string(path)).await
}

/// Removes an empty directory.
///
/// # Errors
/// As [`std::fs::remove_dir`]; and if the pool can't take the job.
///
/// # Cancel safety
/// What has begun takes place nevertheless.
pub async fn remove_dir<P: AsRef<Path>>(path: P) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || fs::remove_dir(path)).await
}

/// Removes a directory and everything in it.
///
/// # Errors
/// As [`std::fs::remove_dir_all`]; and if the pool can't take the job.
///
/// # Cancel safety
/// What has begun takes place nevertheless.
pub async fn remove_dir_all<P: AsRef<Path>>(path: P) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || fs::remove_dir_all(path)).await
}

/// Removes a file.
///
/// # Errors
/// As [`std::fs::remove_file`]; and if the pool can't take the job.
///
/// # Cancel safety
/// What has begun takes place nevertheless.
pub async fn remove_file<P: AsRef<Path>>(path: P) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || fs::remove_file(path)).await
}

/// Gives a file or directory another name, in place of what had it.
///
/// # Errors
/// As [`std::fs::rename`]; and if the pool can't take the job.
///
/// # Cancel safety
/// What has begun takes place nevertheless.
pub async fn rename<P: AsRef<Path>, Q: AsRef<Path>>(from: P, to: Q) -> io::Result<()> {
    let from = from.as_ref().to_owned();
    let to = to.as_ref().to_owned();
    run(move || fs::rename(from, to)).await
}

/// Changes what may be done with a file or directory.
///
/// # Errors
/// As [`std::fs::set_permissions`]; and if the pool can't take the job.
///
/// # Cancel safety
/// What has begun takes place nevertheless.
pub async fn set_permissions<P: AsRef<Path>>(path: P, permissions: Permissions) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || fs::set_permissions(path, permissions)).await
}

/// What is known about a file, directory or symbolic link.
///
/// # Errors
/// As [`std::fs::symlink_metadata`]; and if the pool can't take the job.
///
/// # Cancel safety
/// Nothing is lost; the job is cancelled if it has not begun.
pub async fn symlink_metadata<P: AsRef<Path>>(path: P) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    run(move || fs::symlink_metadata(path)).await
}

/// Replaces a file by one with these contents, or makes it.
///
/// # Errors
/// As [`std::fs::write`]; and if the pool can't take the job.
///
/// # Cancel safety
/// What has begun takes place nevertheless.
pub async fn write<P: AsRef<Path>, C: AsRef<[u8]>>(path: P, contents: C) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    let contents = contents.as_ref().to_owned();
    run(move || fs::write(path, contents)).await
}
