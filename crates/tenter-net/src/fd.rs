//! The file descriptors of sockets that [`conversions`](crate::convert) made.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use crate::UdpSocket;
use crate::unix::{UnixDatagram, UnixListener, UnixStream};

macro_rules! file_descriptors {
    ($($type:ident: $inner:ty),* $(,)?) => {
        $(
            impl AsFd for $type {
                fn as_fd(&self) -> BorrowedFd<'_> {
                    self.0.as_fd()
                }
            }

            impl AsRawFd for $type {
                fn as_raw_fd(&self) -> RawFd {
                    self.0.as_raw_fd()
                }
            }

            impl TryFrom<OwnedFd> for $type {
                type Error = io::Error;

                fn try_from(fd: OwnedFd) -> io::Result<Self> {
                    Self::try_from(<$inner>::from(fd))
                }
            }
        )*
    };
}

file_descriptors! {
    UdpSocket: std::net::UdpSocket,
    UnixStream: std::os::unix::net::UnixStream,
    UnixListener: std::os::unix::net::UnixListener,
    UnixDatagram: std::os::unix::net::UnixDatagram,
}
