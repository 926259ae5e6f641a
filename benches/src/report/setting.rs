//! Where and how it was measured.

use std::fmt;
use std::fs;

use crate::args::Args;

/// What a table needs beside it to be believed.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) rounds: usize,
    pub(crate) workers: usize,
    pub(crate) quick: bool,
    pub(crate) pinned: bool,
    pub(crate) cpus: usize,
    pub(crate) cpu: String,
    pub(crate) kernel: String,
    /// Tasks that ran, on average over the last minute, before the first case.
    pub(crate) load: String,
}

impl Setting {
    pub(crate) fn new(args: &Args) -> Self {
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Setting {
            rounds: args.rounds(),
            workers: args.workers,
            quick: args.quick,
            pinned: args.pinned,
            cpus: std::thread::available_parallelism().map_or(0, usize::from),
            cpu: cpu(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
            kernel: format!("{} {}", std::env::consts::OS, kernel.trim()).trim().to_owned(),
            load: load.split_whitespace().next().unwrap_or("?").to_owned(),
        }
    }
}

/// The name of the first processor.
fn cpu(cpuinfo: &str) -> String {
    let name = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or("unknown processor", |(_, name)| name.trim()).to_owned()
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rounds, {} worker threads", self.rounds, self.workers)?;
        for (set, name) in [(self.quick, ", quick"), (self.pinned, ", pinned")] {
            f.write_str(if set { name } else { "" })?;
        }
        write!(f, "; {} x {}, {}, load {}", self.cpus, self.cpu, self.kernel, self.load)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_has_a_name() {
        assert_eq!(cpu("processor\t: 0\nmodel name\t: Fast 9\nmodel name\t: Fast 9\n"), "Fast 9");
        assert_eq!(cpu(""), "unknown processor");
    }
}
