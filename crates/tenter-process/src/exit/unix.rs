//! A child's end where no descriptor stands for it: a thread waits.
#![allow(unsafe_code, reason = "a system call that the standard library does not have")]

use std::convert::Infallible;
use std::io;
use std::process::Child;

use tenter_runtime::Handle;

#[path = "waitid.rs"]
mod waitid;

pub(crate) use waitid::{Waited, block, signal};

pub(crate) use crate::orphan::{abandon, reap};

/// There is none.
#[derive(Debug)]
pub(crate) struct Exit(Infallible);

impl Exit {
    /// # Errors
    /// Always: reactors watch no processes here.
    pub(crate) fn watch(_: &Child) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) async fn over(&self) -> io::Result<()> {
        match self.0 {}
    }

    pub(crate) fn handle(&self) -> &Handle {
        match self.0 {}
    }

    pub(crate) fn is_driven(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn kill(&self, _: &mut Child) -> io::Result<()> {
        match self.0 {}
    }

    pub(crate) fn signal(&self, _: u32, _: i32) -> io::Result<()> {
        match self.0 {}
    }
}
