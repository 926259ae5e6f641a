//! Whether the machine's processors are all taken, so that another awake thread would only take time from one of ours.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

/// A sample is taken at every so many ticks.
const EVERY: u32 = 4;
/// The weight of a new sample in the mean is one part in so many.
const WEIGHT: u32 = 2;
/// Samples are kept in these parts, so that the mean has some.
const PART: u32 = 64;

/// The mean of the last samples, taken by the watch at its ticks.
#[derive(Debug, Default)]
pub(crate) struct Load {
    busy: AtomicBool,
    /// Whether this process may use one processor only.
    single: AtomicBool,
    /// Runnable threads of the whole system besides the one that asks, in 64ths.
    mean: AtomicU32,
    /// Ticks of the watch, wrapping.
    ticks: AtomicU32,
    /// How many processors the system has; 0: not asked yet. Asking opens files, so the watch does it.
    present: AtomicU32,
}

impl Load {
    /// Whether another awake thread would have no processor of its own.
    #[inline]
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Relaxed)
    }

    /// Whether this process may use one processor only, as far as was asked.
    #[inline]
    pub(crate) fn is_single(&self) -> bool {
        self.single.load(Relaxed)
    }

    /// Forgets everything; for another runtime, which may have other processors.
    pub(crate) fn reset(&self) {
        self.busy.store(false, Relaxed);
        self.single.store(false, Relaxed);
        self.mean.store(0, Relaxed);
        self.present.store(0, Relaxed);
    }

    /// Takes a sample at some of the watch's ticks; `searching` threads of our own would make room.
    pub(crate) fn sample(&self, searching: usize) {
        if self.ticks.fetch_add(1, Relaxed) % EVERY != 0 {
            return;
        }
        if self.present.load(Relaxed) == 0 {
            self.ask();
        }
        if self.is_single() {
            return;
        }
        if let Some(runnable) = runnable() {
            self.take(runnable.saturating_sub(searching as u32));
        }
    }

    /// Takes a sample for a thread that polls and has work for another. With `all_awake` there is none to be woken, and the
    /// question is whether one of those that are takes its time from someone else.
    pub(crate) fn sample_beside(&self, searching: usize, all_awake: bool) {
        if self.present.load(Relaxed) == 0 {
            self.ask();
        }
        if let (false, Some(runnable)) = (self.is_single(), runnable()) {
            let runnable = runnable + u32::from(!all_awake);
            self.take(runnable.saturating_sub(searching as u32));
        }
    }

    fn ask(&self) {
        let usable = num_cpus::get() as u32;
        self.present.store(online().unwrap_or(usable).max(usable), Relaxed);
        self.single.store(usable == 1, Relaxed);
        self.busy.store(usable == 1, Relaxed);
    }

    fn take(&self, runnable: u32) {
        let mean = self.mean.load(Relaxed);
        let mean = mean - mean / WEIGHT + runnable.min(1 << 16) * PART / WEIGHT;
        self.mean.store(mean, Relaxed);
        // An eighth less than all: a thread that waits for a moment now and then needs its processor nevertheless. And a
        // quarter less once it is so, for one look at such a moment must not end it.
        let eighths = if self.is_busy() { 6 } else { 7 };
        self.busy.store(mean >= self.present.load(Relaxed) * PART * eighths / 8, Relaxed);
    }
}

/// How many threads of the system run or want to, the calling one not counted: the fourth field of `/proc/loadavg`. About
/// five microseconds; the file is not kept open, for a library should have no descriptor of its own.
#[cfg(target_os = "linux")]
fn runnable() -> Option<u32> {
    use std::io::Read;

    let mut text = [0; 64];
    let len = std::fs::File::open("/proc/loadavg").ok()?.read(&mut text).ok()?;
    parse(std::str::from_utf8(&text[..len]).ok()?)
}

#[cfg(not(target_os = "linux"))]
fn runnable() -> Option<u32> {
    None
}

/// How many processors the system has in use, those that this process may not use included.
fn online() -> Option<u32> {
    count(std::fs::read_to_string("/sys/devices/system/cpu/online").ok()?.trim())
}

/// The length of a list of numbers and ranges, as `0-3,8`.
fn count(list: &str) -> Option<u32> {
    list.split(',').try_fold(0, |sum, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(sum + last.parse::<u32>().ok()?.checked_sub(first.parse().ok()?)? + 1)
    })
}

#[cfg(any(target_os = "linux", test))]
fn parse(text: &str) -> Option<u32> {
    let (running, _) = text.split(' ').nth(3)?.split_once('/')?;
    running.parse::<u32>().ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_not_counted() {
        assert_eq!(parse("0.20 0.18 0.12 3/80 11206\n"), Some(2));
        assert_eq!(parse("0.20 0.18"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn lists_of_processors_are_counted() {
        assert_eq!(count("0"), Some(1));
        assert_eq!(count("0-3,8,10-11"), Some(7));
        assert_eq!(count("3-0"), None);
        assert_eq!(count(""), None);
    }

    #[test]
    fn a_machine_is_busy_while_every_processor_has_a_thread() {
        let load = Load::default();
        load.present.store(2, Relaxed);
        for _ in 0..20 {
            load.take(2);
        }
        assert!(load.is_busy());
        load.take(1);
        assert!(load.is_busy(), "one thread waited for a moment");
        load.take(1);
        assert!(!load.is_busy());
        load.take(2);
        assert!(!load.is_busy(), "one thread ran for a moment");
    }
}
