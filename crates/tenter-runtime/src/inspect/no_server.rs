//! Where there are no Unix sockets to be had.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::Place;
use crate::Handle;

/// There is none.
#[derive(Debug)]
pub(crate) struct Server(Infallible);

impl Server {
    pub(crate) fn start(place: &Place, _handle: Handle) -> io::Result<Self> {
        Err(io::Error::new(ErrorKind::Unsupported, format!("there are no Unix sockets here for {place:?}")))
    }
}

/// The sockets by which a process can be asked about its runtimes: none, for this system has none.
///
/// # Errors
/// Always.
pub fn inspect_sockets(_pid: u32) -> io::Result<Vec<PathBuf>> {
    Err(io::Error::new(ErrorKind::Unsupported, "there are no Unix sockets here"))
}
