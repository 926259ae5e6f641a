//! From and to file descriptors.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use tenter_io::Async;

use crate::unix::{UnixDatagram, UnixListener, UnixStream};
use crate::{TcpListener, TcpStream, UdpSocket};

macro_rules! file_descriptors {
    ($($type:ident: $inner:ty),* $(,)?) => {
        $(
            impl AsFd for $type {
                fn as_fd(&self) -> BorrowedFd<'_> {
                    AsRef::<Async<$inner>>::as_ref(self).as_fd()
                }
            }

            impl AsRawFd for $type {
                fn as_raw_fd(&self) -> RawFd {
                    AsRef::<Async<$inner>>::as_ref(self).as_raw_fd()
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
    TcpListener: std::net::TcpListener,
    TcpStream: std::net::TcpStream,
    UdpSocket: std::net::UdpSocket,
    UnixStream: std::os::unix::net::UnixStream,
    UnixListener: std::os::unix::net::UnixListener,
    UnixDatagram: std::os::unix::net::UnixDatagram,
}
