//! CPU time on Windows. Wine counts it in steps of 10 ms.

use std::io;
use std::time::Duration;

use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessTimes};

/// What this process has used so far, user and system.
pub(crate) fn cpu_time() -> io::Result<Duration> {
    let mut times = [FILETIME::default(); 4];
    let [created, exited, system, user] = &mut times;
    // SAFETY: the pseudo handle needs no closing, and four times are there to be written.
    if unsafe { GetProcessTimes(GetCurrentProcess(), created, exited, system, user) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(duration(*system) + duration(*user))
}

/// From units of 100 ns.
fn duration(time: FILETIME) -> Duration {
    let units = u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Duration::from_nanos(units * 100)
}
