//! What Linux tells in files.

use std::fs;
use std::path::Path;

/// The number that is all there is in a file.
pub(super) fn number_in(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Whether a filter of system calls is on this process.
pub(super) fn seccomp() -> Option<bool> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let mode = status.lines().find_map(|line| line.strip_prefix("Seccomp:"))?;
    Some(mode.trim() != "0")
}

/// How many CPUs the machine has switched on.
pub(super) fn online() -> Option<usize> {
    count(&fs::read_to_string("/sys/devices/system/cpu/online").ok()?)
}

/// The members of a list such as `0-3,8`.
fn count(list: &str) -> Option<usize> {
    list.trim().split(',').try_fold(0, |sum, part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        Some(sum + last.checked_sub(first)? + 1)
    })
}

/// As many CPUs' time the process's control group may use, the strictest of it and those above; `None` is any.
pub(super) fn quota() -> Option<f64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let quotas = groups.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        strictest(controllers, path)
    });
    quotas.reduce(f64::min)
}

/// The quota of one hierarchy. Within a container its root may be mounted in place of the group that is named.
fn strictest(controllers: &str, path: &str) -> Option<f64> {
    let second = controllers.is_empty();
    if !second && !controllers.split(',').any(|name| name == "cpu") {
        return None;
    }
    let root = Path::new("/sys/fs/cgroup").join(controllers);
    let groups = Path::new(path.trim_start_matches('/')).ancestors().map(|group| root.join(group));
    groups.filter_map(|group| if second { second_version(&group) } else { first_version(&group) }).reduce(f64::min)
}

fn second_version(group: &Path) -> Option<f64> {
    parts_of(&fs::read_to_string(group.join("cpu.max")).ok()?)
}

/// `cpu.max` says `QUOTA PERIOD` or `max PERIOD`.
fn parts_of(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
}

fn first_version(group: &Path) -> Option<f64> {
    let number = |name| fs::read_to_string(group.join(name)).ok()?.trim().parse::<f64>().ok();
    let (quota, period) = (number("cpu.cfs_quota_us")?, number("cpu.cfs_period_us")?);
    (quota > 0.0).then_some(quota / period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cpus_are_counted() {
        assert_eq!(count("0-3,8\n"), Some(5));
        assert_eq!(count("0"), Some(1));
        assert_eq!(count("3-1"), None);
        assert_eq!(count("none"), None);
    }

    #[test]
    fn quotas_are_parts_of_a_period() {
        assert_eq!(parts_of("150000 100000\n"), Some(1.5));
        assert_eq!(parts_of("max 100000\n"), None);
    }
}
