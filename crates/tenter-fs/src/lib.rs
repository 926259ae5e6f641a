#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod dir;
mod file;
mod options;
mod paths;
mod pool;
mod position;
mod state;
mod transfer;
#[cfg(unix)]
pub mod unix;
#[cfg(windows)]
pub mod windows;

pub use dir::{DirEntry, ReadDir, read_dir};
pub use file::File;
pub use options::{DirBuilder, OpenOptions};
pub use paths::{
    canonicalize, copy, create_dir, create_dir_all, hard_link, metadata, read, read_link, read_to_string, remove_dir,
    remove_dir_all, remove_file, rename, set_permissions, symlink_metadata, write,
};
pub use std::fs::{FileType, Metadata, Permissions};
