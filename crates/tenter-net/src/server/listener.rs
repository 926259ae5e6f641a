//! What a server can listen with.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use socket2::SockRef;
use tenter_io::Async;

use crate::{TcpListener, TcpStream};

/// What a [`Server`](crate::Server) takes connections from: [`TcpListener`] and `UnixListener`. It can't be implemented
/// elsewhere.
pub trait Listener: sealed::Accept {}

pub(crate) mod sealed {
    use super::*;

    pub trait Accept: Send + Sync + 'static {
        type Stream: Send + 'static;
        type Addr: Clone + fmt::Debug + Send + Sync + 'static;
        /// The stream, for as long as somebody else has it.
        type Weak: Send + Sync + 'static;

        fn addr(&self) -> io::Result<Self::Addr>;
        fn take(&self) -> impl Future<Output = io::Result<(Self::Stream, Self::Addr)>> + Send;
        fn weak(stream: &Self::Stream) -> Self::Weak;

        /// When it is closed the peer hears of an error, and what is not sent yet is dropped.
        fn reset_when_closed(stream: &Self::Weak);

        /// Ends what still reads or writes it.
        fn break_off(stream: &Self::Weak);
    }
}

impl Listener for TcpListener {}

impl sealed::Accept for TcpListener {
    type Stream = TcpStream;
    type Addr = SocketAddr;
    type Weak = Weak<Async<std::net::TcpStream>>;

    fn addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn take(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send {
        self.accept()
    }

    fn weak(stream: &TcpStream) -> Self::Weak {
        Arc::downgrade(&stream.clone().into())
    }

    // Errors say that there is no connection any more.

    fn reset_when_closed(stream: &Self::Weak) {
        if let Some(stream) = stream.upgrade() {
            let _ = SockRef::from(stream.get_ref()).set_linger(Some(Duration::ZERO));
        }
    }

    fn break_off(stream: &Self::Weak) {
        if let Some(stream) = stream.upgrade() {
            let _ = stream.get_ref().shutdown(Shutdown::Both);
        }
    }
}
