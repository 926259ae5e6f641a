//! Winsock's sets of sockets, as long as they need to be.

use std::fmt;
use std::os::windows::io::RawSocket;

use windows_sys::Win32::Networking::WinSock::{FD_SET, SOCKET};

/// A counted list of sockets: C's `fd_set`, which ends after 64, without its end.
///
/// The first element is the count, with what pads it to the size of a socket; Windows runs on little-endian machines alone,
/// so the count is the value of that element.
pub(super) struct Set(Vec<SOCKET>);

const _: () = assert!(cfg!(target_endian = "little") && std::mem::offset_of!(FD_SET, fd_array) == size_of::<SOCKET>());

impl Set {
    pub(super) fn new() -> Self {
        Self(vec![0])
    }

    pub(super) fn clear(&mut self) {
        self.0.truncate(1);
        self.0[0] = 0;
    }

    /// Adds a socket that is not in the set yet.
    pub(super) fn insert(&mut self, socket: RawSocket) {
        self.0.push(socket as SOCKET);
        self.0[0] += 1;
    }

    /// For the call.
    pub(super) fn as_mut_ptr(&mut self) -> *mut FD_SET {
        self.0.as_mut_ptr().cast()
    }

    /// Makes the set searchable, after the call has left in it what is ready, and counted that.
    pub(super) fn sort(&mut self) {
        let count = self.0[0].min(self.0.len() - 1);
        self.0.truncate(1 + count);
        self.0[1..].sort_unstable();
    }

    /// Whether a socket is in the sorted set.
    pub(super) fn contains(&self, socket: RawSocket) -> bool {
        self.0[1..].binary_search(&(socket as SOCKET)).is_ok()
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Set").field("sockets", &(self.0.len() - 1)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_the_call_left_in_it() {
        let mut set = Set::new();
        for socket in (0..200).rev() {
            set.insert(socket * 4);
        }
        // What the call does: it moves what is ready to the front, and counts it.
        set.0.swap(1, 150);
        set.0[0] = 70;
        let left: Vec<_> = set.0[1..71].to_vec();
        set.sort();
        for socket in 0..1000 {
            assert_eq!(set.contains(socket), left.contains(&(socket as SOCKET)), "socket {socket}");
        }
        set.clear();
        assert!((0..1000).all(|socket| !set.contains(socket)));
    }
}
