//! The system call: Winsock's select.

mod set;

use std::io;
use std::os::windows::io::{AsRawSocket, BorrowedSocket, RawSocket};
use std::time::Duration;

use rustix::io::Errno;
use tenter_reactor::oneshot::{Armed, Multiplexer};
use tenter_reactor::{Capabilities, Interest, Readiness, Trigger};
use windows_sys::Win32::Networking::WinSock::{SOCKET_ERROR, TIMEVAL, WSAENOTSOCK, WSAGetLastError, select};

use self::set::Set;

/// The call, and the sets it works on.
#[derive(Debug)]
pub struct SelectCall {
    read: Set,
    write: Set,
    /// Urgent data, and connections that failed.
    except: Set,
}

impl Multiplexer for SelectCall {
    const NAME: &'static str = crate::NAME;

    fn new() -> io::Result<Self> {
        Ok(Self { read: Set::new(), write: Set::new(), except: Set::new() })
    }

    fn capabilities() -> Capabilities {
        let mut capabilities = Capabilities::new(Trigger::OneShot);
        capabilities.timer_granularity = Duration::from_micros(1);
        capabilities
    }

    fn call(
        &mut self,
        channel: BorrowedSocket<'_>,
        armed: &[Armed],
        timeout: Option<Duration>,
        ready: &mut Vec<(usize, Readiness)>,
    ) -> io::Result<bool> {
        match self.select(channel.as_raw_socket(), armed, timeout) {
            Ok(()) => {}
            Err(WSAENOTSOCK) => {
                ready.extend(closed(armed));
                if ready.is_empty() {
                    // If every number is a socket again by now, the call can be repeated.
                    return Err(rustix::net::sockopt::socket_type(channel).err().unwrap_or(Errno::INTR).into());
                }
                return Ok(false);
            }
            Err(error) => return Err(io::Error::from_raw_os_error(error)),
        }
        ready.extend(armed.iter().enumerate().filter_map(|(index, armed)| {
            let readiness = self.readiness(armed);
            (!readiness.is_empty()).then_some((index, readiness))
        }));
        Ok(self.read.contains(channel.as_raw_socket()))
    }
}

impl SelectCall {
    /// Fills the sets, and has the system leave in them what is ready.
    fn select(&mut self, channel: RawSocket, armed: &[Armed], timeout: Option<Duration>) -> Result<(), i32> {
        for set in [&mut self.read, &mut self.write, &mut self.except] {
            set.clear();
        }
        self.read.insert(channel);
        for armed in armed {
            let (socket, interest) = (armed.socket().as_raw_socket(), armed.interest());
            if interest.contains(Interest::READ) {
                self.read.insert(socket);
            }
            if interest.contains(Interest::WRITE) {
                self.write.insert(socket);
            }
            if interest.contains(Interest::PRIORITY) || awaits_connection(armed) {
                self.except.insert(socket);
            }
        }
        self.call_system(timeout)?;
        for set in [&mut self.read, &mut self.write, &mut self.except] {
            set.sort();
        }
        Ok(())
    }

    #[allow(unsafe_code, reason = "rustix's sets end after 64 sockets")]
    fn call_system(&mut self, timeout: Option<Duration>) -> Result<(), i32> {
        let timeout = timeout.map(timeval);
        let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        let (read, write, except) = (self.read.as_mut_ptr(), self.write.as_mut_ptr(), self.except.as_mut_ptr());
        // SAFETY: the sets are counted lists in vectors that nobody else touches meanwhile, and the call reads and writes
        // no further than their counts say; the sockets in them are the engine's channel and armed ones, which stay open
        // by the contract of `register`. The first argument is ignored.
        match unsafe { select(0, read, write, except, timeout) } {
            // SAFETY: reads a number of this thread.
            SOCKET_ERROR => Err(unsafe { WSAGetLastError() }),
            _ => Ok(()),
        }
    }

    /// What the sets say about one source.
    fn readiness(&self, armed: &Armed) -> Readiness {
        let (socket, interest) = (armed.socket().as_raw_socket(), armed.interest());
        let mut readiness = Readiness::NONE;
        if self.read.contains(socket) {
            readiness |= Readiness::READ;
        }
        if self.write.contains(socket) {
            readiness |= Readiness::WRITE;
        }
        if self.except.contains(socket) {
            if interest.contains(Interest::PRIORITY) {
                readiness |= Readiness::PRIORITY;
            }
            if awaits_connection(armed) {
                readiness |= Readiness::WRITE;
            }
        }
        readiness
    }
}

/// Whether someone waits for the end of a connection attempt. If it fails, select says so among the exceptions alone, where
/// urgent data would wake a writer for nothing, again and again, on a socket that is connected.
fn awaits_connection(armed: &Armed) -> bool {
    armed.interest().contains(Interest::WRITE) && rustix::net::getpeername(armed.socket()).is_err()
}

/// The sources that are not sockets (any more), against the contract: an error of each of them, not of the wait.
fn closed(armed: &[Armed]) -> impl Iterator<Item = (usize, Readiness)> {
    let is_closed = |armed: &Armed| rustix::net::sockopt::socket_type(armed.socket()) == Err(Errno::NOTSOCK);
    armed.iter().enumerate().filter(move |(_, armed)| is_closed(armed)).map(|(index, _)| (index, Readiness::ERROR))
}

/// The timeout in microseconds, rounded up. The engine's calls last a day at most, so the seconds fit.
fn timeval(timeout: Duration) -> TIMEVAL {
    let timeout = timeout.saturating_add(Duration::from_nanos(999));
    TIMEVAL { tv_sec: timeout.as_secs() as _, tv_usec: timeout.subsec_micros() as _ }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_rounded_up() {
        for (nanos, micros) in [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2), (999_999_001, 1_000_000)] {
            let timeval = timeval(Duration::from_nanos(nanos));
            assert_eq!(i64::from(timeval.tv_sec) * 1_000_000 + i64::from(timeval.tv_usec), micros, "{nanos} ns");
        }
    }
}
