//! A real seccomp filter for the calling thread.
#![allow(unsafe_code, reason = "there is no safe way to install a filter")]

use std::io;
use std::thread;

/// Runs `act` on a thread of its own for which a system call fails with `errno`, and for the threads that it starts.
pub(crate) fn without<R: Send>(call: libc::c_long, errno: i32, act: impl FnOnce() -> R + Send) -> R {
    let denied = || {
        deny(call, errno).expect("a filter that only this thread has");
        act()
    };
    thread::scope(|scope| scope.spawn(denied).join().expect("what runs behind the filter does not panic"))
}

/// Has a system call fail on this thread, for good.
fn deny(call: libc::c_long, errno: i32) -> io::Result<()> {
    let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let mut program = [
        // The number of the call is the first field of what the filter sees.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        libc::sock_filter { jt: 0, jf: 1, ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, call as u32) },
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | errno as u32),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: the flag has no further arguments; the filter lives until the call that copies it returns.
    let installed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) == 0
    };
    if installed { Ok(()) } else { Err(io::Error::last_os_error()) }
}
