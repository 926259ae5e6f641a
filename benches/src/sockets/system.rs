//! What the processes of a socket benchmark ask of the system: descriptors, a CPU, memory.

use std::fs;
use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

/// Lets this process open as many descriptors as it may, and returns how many that is.
pub(crate) fn raise_descriptor_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum.unwrap_or(u64::MAX),
        Err(_) => limit.current.unwrap_or(u64::MAX),
    }
}

/// Where a process' threads may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cpu {
    Any,
    Only(usize),
}

impl Cpu {
    /// As a word of the line protocol.
    pub(super) fn word(self) -> String {
        match self {
            Cpu::Any => "any".to_owned(),
            Cpu::Only(cpu) => cpu.to_string(),
        }
    }

    pub(super) fn parse(word: &str) -> io::Result<Self> {
        if word == "any" {
            return Ok(Cpu::Any);
        }
        let cpu = word.parse().map_err(|_| io::Error::other(format!("{word:?} is no CPU")))?;
        if cpu < CpuSet::MAX_CPU { Ok(Cpu::Only(cpu)) } else { Err(io::Error::other(format!("there is no CPU {cpu}"))) }
    }

    /// Binds the calling thread, and those that it starts from now on.
    pub(super) fn bind(self) -> io::Result<()> {
        let mut set = CpuSet::new();
        match self {
            Cpu::Any => (0..CpuSet::MAX_CPU).for_each(|cpu| set.set(cpu)),
            Cpu::Only(cpu) => set.set(cpu),
        }
        Ok(sched_setaffinity(None, &set)?)
    }
}

/// Memory of this process that isn't swapped out, in bytes.
pub(super) fn resident_bytes() -> io::Result<u64> {
    // In kB, unlike statm's pages, whose size would have to be asked for.
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no VmRSS in /proc/self/status"))
}
