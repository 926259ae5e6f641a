//! What only Unix systems have.

use std::io;
use std::os::unix::fs;
use std::path::Path;

use crate::pool::run;
use crate::{DirBuilder, DirEntry, OpenOptions};

#[doc(no_inline)]
pub use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::OpenOptions {}
    impl Sealed for crate::DirBuilder {}
    impl Sealed for crate::DirEntry {}
}

/// What else can be said on Unix about how a file is opened.
///
/// ```
/// # tenter_runtime::block_on(async {
/// use tenter_fs::OpenOptions;
/// use tenter_fs::unix::{OpenOptionsExt, PermissionsExt};
///
/// # let path = std::env::temp_dir().join(format!("tenter-fs-mode-{}", std::process::id()));
/// let secret = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).await?;
/// assert_eq!(secret.metadata().await?.permissions().mode() & 0o777, 0o600);
/// tenter_fs::remove_file(&path).await?;
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait OpenOptionsExt: sealed::Sealed {
    /// The permissions of a file that is made (`0o666`, less the umask, unless told).
    fn mode(&mut self, mode: u32) -> &mut Self;

    /// Further flags of `open(2)`.
    fn custom_flags(&mut self, flags: i32) -> &mut Self;
}

impl OpenOptionsExt for OpenOptions {
    fn mode(&mut self, mode: u32) -> &mut Self {
        fs::OpenOptionsExt::mode(&mut self.options, mode);
        self
    }

    fn custom_flags(&mut self, flags: i32) -> &mut Self {
        fs::OpenOptionsExt::custom_flags(&mut self.options, flags);
        self
    }
}

/// What else can be said on Unix about how a directory is made.
///
/// ```
/// # tenter_runtime::block_on(async {
/// use tenter_fs::DirBuilder;
/// use tenter_fs::unix::{DirBuilderExt, PermissionsExt};
///
/// # let path = std::env::temp_dir().join(format!("tenter-fs-dir-mode-{}", std::process::id()));
/// DirBuilder::new().mode(0o700).create(&path).await?;
/// assert_eq!(tenter_fs::metadata(&path).await?.permissions().mode() & 0o777, 0o700);
/// tenter_fs::remove_dir(&path).await?;
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait DirBuilderExt: sealed::Sealed {
    /// The permissions of the directory (`0o777`, less the umask, unless told).
    fn mode(&mut self, mode: u32) -> &mut Self;
}

impl DirBuilderExt for DirBuilder {
    fn mode(&mut self, mode: u32) -> &mut Self {
        self.mode = Some(mode);
        self
    }
}

/// What else is known on Unix about an entry of a directory.
///
/// ```
/// # tenter_runtime::block_on(async {
/// use futures_lite::StreamExt;
/// use tenter_fs::unix::{DirEntryExt, MetadataExt};
///
/// let mut entries = tenter_fs::read_dir("src").await?;
/// let entry = entries.try_next().await?.expect("there are sources");
/// assert_eq!(entry.ino(), entry.metadata().await?.ino());
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait DirEntryExt: sealed::Sealed {
    /// The number of its inode.
    fn ino(&self) -> u64;
}

impl DirEntryExt for DirEntry {
    fn ino(&self) -> u64 {
        fs::DirEntryExt::ino(&*self.0)
    }
}

/// Makes a symbolic link.
///
/// # Errors
/// As [`std::os::unix::fs::symlink`]; and if the pool can't take the job.
///
/// # Cancel safety
/// What has begun takes place nevertheless.
pub async fn symlink<P: AsRef<Path>, Q: AsRef<Path>>(from: P, to: Q) -> io::Result<()> {
    let from = from.as_ref().to_owned();
    let to = to.as_ref().to_owned();
    run(move || fs::symlink(from, to)).await
}
