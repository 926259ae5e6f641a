//! One address after the other, until one will do.

use std::error::Error;
use std::fmt::{self, Write};
use std::io;
use std::net::SocketAddr;

/// The attempts that failed so far.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    failed: Vec<(SocketAddr, io::Error)>,
}

impl Attempts {
    pub(crate) fn failed(&mut self, addr: SocketAddr, error: io::Error) {
        self.failed.push((addr, error));
    }

    /// What to tell whoever wanted this: the last error, and the others in its message.
    pub(crate) fn into_error(mut self, doing: &'static str) -> io::Error {
        match self.failed.len() {
            0 => io::Error::new(io::ErrorKind::InvalidInput, format!("{doing}: the name has no address")),
            1 => self.failed.remove(0).1,
            _ => {
                let kind = self.failed[self.failed.len() - 1].1.kind();
                io::Error::new(kind, AllFailed { doing, failed: self.failed })
            }
        }
    }
}

/// Every address of a name failed; the source is the last one's error.
#[derive(Debug)]
struct AllFailed {
    doing: &'static str,
    failed: Vec<(SocketAddr, io::Error)>,
}

impl fmt::Display for AllFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.doing)?;
        for (at, (addr, error)) in self.failed.iter().enumerate() {
            f.write_char(if at == 0 { ':' } else { ';' })?;
            write!(f, " {addr}: {error}")?;
        }
        Ok(())
    }
}

impl Error for AllFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.failed.last().map(|(_, error)| error as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    #[test]
    fn one_failure_is_given_as_it_is() {
        let mut attempts = Attempts::default();
        attempts.failed(addr(1), io::Error::from_raw_os_error(111));
        assert_eq!(attempts.into_error("connect").raw_os_error(), Some(111));
    }

    #[test]
    fn of_several_failures_the_last_counts_and_all_are_told() {
        let mut attempts = Attempts::default();
        attempts.failed(addr(1), io::ErrorKind::PermissionDenied.into());
        attempts.failed(addr(2), io::ErrorKind::ConnectionRefused.into());
        let error = attempts.into_error("connect");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(error.to_string(), "connect: 127.0.0.1:1: permission denied; 127.0.0.1:2: connection refused");
    }

    #[test]
    fn no_address_is_bad_input() {
        assert_eq!(Attempts::default().into_error("connect").kind(), io::ErrorKind::InvalidInput);
    }
}
