//! What only Windows has.

use std::io;
use std::os::windows::fs;
use std::path::Path;

use crate::OpenOptions;
use crate::pool::run;

#[doc(no_inline)]
pub use std::os::windows::fs::MetadataExt;

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::OpenOptions {}
}

/// What else can be said on Windows about how a file is opened; as [`std::os::windows::fs::OpenOptionsExt`].
///
/// ```no_run
/// # tenter_runtime::block_on(async {
/// use tenter_fs::OpenOptions;
/// use tenter_fs::windows::OpenOptionsExt;
///
/// // Nobody else opens it meanwhile.
/// let mine = OpenOptions::new().write(true).create(true).share_mode(0).open("mine.txt").await?;
/// # std::io::Result::Ok(())
/// # });
/// ```
pub trait OpenOptionsExt: sealed::Sealed {
    /// `dwDesiredAccess`, in place of what `read`, `write` and `append` say.
    fn access_mode(&mut self, access: u32) -> &mut Self;

    /// `dwShareMode`: what others may do with it meanwhile.
    fn share_mode(&mut self, share: u32) -> &mut Self;

    /// Further flags of `dwFlagsAndAttributes`.
    fn custom_flags(&mut self, flags: u32) -> &mut Self;

    /// The attributes of a file that is made.
    fn attributes(&mut self, attributes: u32) -> &mut Self;

    /// `SECURITY_SQOS_PRESENT`, and how far a named pipe's server may act as this process.
    fn security_qos_flags(&mut self, flags: u32) -> &mut Self;
}

/// The rights of `dwDesiredAccess` by which all writes go to the end: the first, unless there is another one
/// ([Windows' file access rights](https://learn.microsoft.com/windows/win32/fileio/file-access-rights-constants)).
const FILE_APPEND_DATA: u32 = 0x4;
const FILE_WRITE_DATA: u32 = 0x2;
const GENERIC_WRITE: u32 = 0x4000_0000;

macro_rules! options {
    ($($option:ident)*) => {
        impl OpenOptionsExt for OpenOptions {
            fn access_mode(&mut self, access: u32) -> &mut Self {
                fs::OpenOptionsExt::access_mode(&mut self.options, access);
                self.appends = access & (FILE_APPEND_DATA | FILE_WRITE_DATA | GENERIC_WRITE) == FILE_APPEND_DATA;
                self
            }

            $(fn $option(&mut self, value: u32) -> &mut Self {
                fs::OpenOptionsExt::$option(&mut self.options, value);
                self
            })*
        }
    };
}

options! { share_mode custom_flags attributes security_qos_flags }

/// Makes a symbolic link to a directory.
///
/// # Errors
/// As [`std::os::windows::fs::symlink_dir`]; and if the pool can't take the job.
///
/// # Cancel safety
/// What has begun takes place nevertheless.
pub async fn symlink_dir<P: AsRef<Path>, Q: AsRef<Path>>(from: P, to: Q) -> io::Result<()> {
    let from = from.as_ref().to_owned();
    let to = to.as_ref().to_owned();
    run(move || fs::symlink_dir(from, to)).await
}

/// Makes a symbolic link to a file.
///
/// # Errors
/// As [`std::os::windows::fs::symlink_file`]; and if the pool can't take the job.
///
/// # Cancel safety
/// What has begun takes place nevertheless.
pub async fn symlink_file<P: AsRef<Path>, Q: AsRef<Path>>(from: P, to: Q) -> io::Result<()> {
    let from = from.as_ref().to_owned();
    let to = to.as_ref().to_owned();
    run(move || fs::symlink_file(from, to)).await
}
