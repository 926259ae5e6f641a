//! CPU time, as Windows tells it.

use std::time::Duration;

use windows_sys::Win32::Foundation::{FILETIME, HANDLE};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetCurrentThread, GetProcessTimes, GetThreadTimes};

/// A function of the system that tells when something was made and ended, and its time in the kernel and outside.
type Times = unsafe extern "system" fn(HANDLE, *mut FILETIME, *mut FILETIME, *mut FILETIME, *mut FILETIME) -> i32;

pub(crate) fn process_cpu_time() -> Duration {
    // SAFETY: a constant that stands for this process.
    spent(GetProcessTimes, unsafe { GetCurrentProcess() })
}

/// The CPU time of the calling thread.
pub(crate) fn thread_cpu_time() -> Duration {
    // SAFETY: a constant that stands for the calling thread.
    spent(GetThreadTimes, unsafe { GetCurrentThread() })
}

fn spent(times: Times, whose: HANDLE) -> Duration {
    let mut told = [FILETIME::default(); 4];
    let [made, ended, kernel, user] = &mut told;
    // SAFETY: the four places are there until the call returns, and the handle is one of this kind.
    let succeeded = unsafe { times(whose, made, ended, kernel, user) } != 0;
    if succeeded { duration(told[2]) + duration(told[3]) } else { Duration::ZERO }
}

/// A count of tenths of microseconds.
fn duration(time: FILETIME) -> Duration {
    let ticks = u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Duration::new(ticks / 10_000_000, (ticks % 10_000_000) as u32 * 100)
}
