#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod child;
mod command;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "exit/linux.rs")]
#[cfg_attr(all(unix, not(any(target_os = "linux", target_os = "android"))), path = "exit/unix.rs")]
#[cfg_attr(windows, path = "exit/windows.rs")]
mod exit;
mod guard;
#[cfg(unix)]
mod orphan;
#[cfg_attr(unix, path = "pipe/unix.rs")]
#[cfg_attr(windows, path = "pipe/windows.rs")]
mod pipe;
mod stdio;
#[cfg(unix)]
pub mod unix;
mod wait_thread;
#[cfg(windows)]
pub mod windows;

pub use child::{Child, driver};
pub use command::Command;
pub use stdio::{ChildStderr, ChildStdin, ChildStdout};

#[doc(no_inline)]
pub use std::process::{ExitStatus, Output, Stdio};

mod sealed {
    pub trait Sealed {}
}
