//! From and to sockets.

use std::io;
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, OwnedSocket, RawSocket};

use tenter_io::Async;

use crate::{TcpListener, TcpStream, UdpSocket};

macro_rules! sockets {
    ($($type:ident: $inner:ty),* $(,)?) => {
        $(
            impl AsSocket for $type {
                fn as_socket(&self) -> BorrowedSocket<'_> {
                    AsRef::<Async<$inner>>::as_ref(self).as_socket()
                }
            }

            impl AsRawSocket for $type {
                fn as_raw_socket(&self) -> RawSocket {
                    AsRef::<Async<$inner>>::as_ref(self).as_raw_socket()
                }
            }

            impl TryFrom<OwnedSocket> for $type {
                type Error = io::Error;

                fn try_from(socket: OwnedSocket) -> io::Result<Self> {
                    Self::try_from(<$inner>::from(socket))
                }
            }
        )*
    };
}

sockets! {
    TcpListener: std::net::TcpListener,
    TcpStream: std::net::TcpStream,
    UdpSocket: std::net::UdpSocket,
}
