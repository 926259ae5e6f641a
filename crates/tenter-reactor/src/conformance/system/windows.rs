//! Windows: loopback connections, and handles.
#![allow(unsafe_code, reason = "there is no safe way to ask the system such questions")]

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::os::windows::io::AsRawSocket;
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};
use windows_sys::Win32::System::Threading::{GetCurrentThread, GetThreadTimes};

use crate::conformance::fixture::tcp_pair;
use crate::conformance::{Stop, Tried, ensure};

/// One end of a connection within the machine.
pub(in crate::conformance) type Stream = TcpStream;

/// How long an event that must come is waited for: under Wine all of them come through one thread.
pub(in crate::conformance) const PATIENCE: Duration = Duration::from_secs(15);

/// What `connect` says of a connection that is under way.
pub(in crate::conformance) const CONNECTING: rustix::io::Errno = rustix::io::Errno::WOULDBLOCK;

/// Two connected sockets that do not block.
pub(in crate::conformance) fn pair() -> io::Result<(Stream, Stream)> {
    tcp_pair()
}

/// Returns when data has arrived.
pub(in crate::conformance) fn arrived(stream: &Stream) -> Tried {
    let end = Instant::now() + PATIENCE;
    loop {
        match stream.peek(&mut [0]) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error.into()),
            Err(_) => ensure!(Instant::now() < end, "data that was sent did not arrive within {PATIENCE:?}"),
        }
        thread::sleep(Duration::from_micros(100));
    }
}

/// Whether a read may not tell that the connection was reset: Wine's server takes the error when it sees it.
pub(in crate::conformance) fn resets_look_like_ends() -> bool {
    // SAFETY: both names end in a zero; the library is one that every process has.
    unsafe {
        let ntdll = GetModuleHandleA(c"ntdll.dll".as_ptr().cast());
        !ntdll.is_null() && GetProcAddress(ntdll, c"wine_get_version".as_ptr().cast()).is_some()
    }
}

/// A duplicate of `new` whose number is that of `old`, which is closed for it.
pub(in crate::conformance) fn take_over(old: Stream, new: &Stream) -> Result<Stream, Stop> {
    let number = old.as_raw_socket();
    drop(old);
    // Systems give out a free number, mostly the one that became free last; the wrong ones are kept until then.
    let mut wrong = Vec::new();
    for _ in 0..200 {
        let heir = new.try_clone()?;
        if heir.as_raw_socket() == number {
            return Ok(heir);
        }
        wrong.push(heir);
    }
    Err(Stop::Skipped("the system did not give out a socket's number again".to_owned()))
}

/// How many pairs to open; there is no limit to ask for.
pub(in crate::conformance) fn affordable_pairs(wanted: usize) -> usize {
    // Opening two sockets through a listener takes long enough to be near the watchdog's limit with more.
    wanted.min(500)
}

/// The processor time that this thread has used so far.
pub(in crate::conformance) fn processor_time() -> io::Result<Duration> {
    let mut times = [FILETIME::default(); 4];
    let [created, exited, kernel, user] = &mut times;
    // SAFETY: the pseudo handle of the calling thread is valid, and so are the four places.
    let known = unsafe { GetThreadTimes(GetCurrentThread(), created, exited, kernel, user) };
    if known == 0 {
        return Err(io::Error::last_os_error());
    }
    // A file time counts steps of 100 ns.
    let steps = |time: &FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Ok(Duration::from_nanos(100 * (steps(&times[2]) + steps(&times[3]))))
}
