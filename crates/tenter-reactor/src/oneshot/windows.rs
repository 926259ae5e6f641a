//! What the engine needs of Windows: sockets, and what ends a Winsock call from another thread.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, RawSocket};
use std::time::Duration;

use super::Armed;
use crate::{ReactorError, Source};

/// The number that the system knows a source by.
pub type RawSource = RawSocket;

/// A source that is open for as long as `'a`.
pub type BorrowedSource<'a> = BorrowedSocket<'a>;

/// The number of a source.
pub(super) fn number(source: Source<'_>) -> Result<RawSource, ReactorError> {
    match source {
        Source::Socket(socket) => Ok(socket.as_raw_socket()),
        // Winsock watches sockets only.
        Source::Waitable(_) => Err(ReactorError::Unwatchable),
    }
}

impl Armed {
    /// The source's socket.
    #[must_use]
    #[allow(unsafe_code, reason = "lends out a number that register's caller vouched for")]
    pub fn socket(&self) -> BorrowedSocket<'_> {
        // SAFETY: `register` was promised that the socket stays open until `deregister` returns, and `deregister`
        // returns only after the call that this `Armed` is lent to has ended (`OneShot::let_go`).
        unsafe { BorrowedSocket::borrow_raw(self.raw) }
    }
}

/// A socket that another thread makes readable: Winsock's calls watch nothing else. TCP, because the system may drop a
/// datagram, and with it a wake.
#[derive(Debug)]
pub(super) struct Channel {
    read: TcpStream,
    write: TcpStream,
}

impl Channel {
    pub(super) fn new() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let write = TcpStream::connect(listener.local_addr()?)?;
        let own = write.local_addr()?;
        // For as long as the listener is there, any process of this machine can connect to it.
        let read = loop {
            let (stream, peer) = listener.accept()?;
            if peer == own {
                break stream;
            }
        };
        write.set_nodelay(true)?;
        // Closed at once, so that a program that makes many reactors does not run out of ports.
        rustix::net::sockopt::set_socket_linger(&write, Some(Duration::ZERO))?;
        for end in [&read, &write] {
            end.set_nonblocking(true)?;
        }
        Ok(Self { read, write })
    }

    /// What a call watches.
    pub(super) fn watched(&self) -> BorrowedSource<'_> {
        self.read.as_socket()
    }

    /// Makes the socket readable until [`clear`](Self::clear).
    pub(super) fn signal(&self) -> io::Result<()> {
        match (&self.write).write(&[1]) {
            Ok(_) => Ok(()),
            // A full channel is readable already.
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes every signal so far.
    pub(super) fn clear(&self) -> io::Result<()> {
        let mut buffer = [0; 64];
        loop {
            match (&self.read).read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;

    fn is_readable(channel: &Channel, milliseconds: i64) -> bool {
        let timeout = Timespec { tv_sec: 0, tv_nsec: (milliseconds * 1_000_000) as _ };
        let mut polled = [PollFd::from_borrowed_fd(channel.watched(), PollFlags::RDNORM)];
        poll(&mut polled, Some(&timeout)).unwrap() == 1
    }

    #[test]
    fn signals_last_until_they_are_cleared() {
        let channel = Channel::new().unwrap();
        assert!(!is_readable(&channel, 0));
        channel.clear().unwrap();
        for signals in [1, 2, 63, 64, 65, 1000] {
            for _ in 0..signals {
                channel.signal().unwrap();
            }
            // What was sent is on its way: TCP promises its arrival, not the moment.
            while is_readable(&channel, 500) {
                channel.clear().unwrap();
            }
            channel.signal().unwrap();
            assert!(is_readable(&channel, 5000), "after {signals} signals");
            assert!(is_readable(&channel, 0), "a look takes nothing");
            channel.clear().unwrap();
            assert!(!is_readable(&channel, 0), "{signals} signals left something behind");
        }
    }

    #[test]
    fn a_full_channel_is_a_signal() {
        let channel = Channel::new().unwrap();
        let full = loop {
            if let Err(error) = (&channel.write).write(&[1; 1 << 16]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        channel.signal().unwrap();
        assert!(is_readable(&channel, 5000));
    }
}
