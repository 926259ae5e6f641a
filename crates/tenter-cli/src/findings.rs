//! What to think of the facts, and what to do about it.

use std::time::Duration;

use crate::facts::{Backend, Facts};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Nothing works as it is.
    Problem,
    /// It will bite some day.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing to know, and what can be done about it.
#[derive(Debug)]
pub(crate) struct Finding {
    /// For programs; stays the same.
    pub(crate) id: &'static str,
    pub(crate) severity: Severity,
    pub(crate) text: String,
    pub(crate) advice: Option<String>,
}

fn finding(id: &'static str, severity: Severity, text: String, advice: &str) -> Finding {
    Finding { id, severity, text, advice: (!advice.is_empty()).then(|| advice.to_owned()) }
}

/// Fewer open files than this are used up by a busy server.
const FEW_FILES: u64 = 16 * 1024;

/// Two threads that do less than this times the work of one have hardly a CPU each.
const SECOND_CPU: f64 = 1.4;

/// Timers that are later than this in the middle go by a coarse clock.
const LATE: Duration = Duration::from_millis(1);

/// The findings, those that matter most first.
pub(crate) fn of(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    reactors(facts, &mut found);
    files(facts, &mut found);
    cpus(facts, &mut found);
    timers(facts, &mut found);
    if let Some(seed) = &facts.chaos {
        let text = format!("TENTER_CHAOS is {seed}: runtimes do at random what they are free to do, and are slower");
        found.push(finding("chaos", Severity::Warning, text, "unset it, but for tests"));
    }
    found.sort_by_key(|finding| finding.severity);
    found
}

fn reactors(facts: &Facts, found: &mut Vec<Finding>) {
    if let Err(error) = &facts.chosen {
        let advice = "unset TENTER_REACTOR and TENTER_CHAOS, or give them values that the message allows";
        let text = format!("a runtime that says nothing can't be made: {error}");
        found.push(finding("no-runtime", Severity::Problem, text, advice));
    }
    for backend in &facts.backends {
        match &backend.probed {
            Ok(capabilities) => {
                if let Some(most) = capabilities.max_sources {
                    let text = format!("{} watches at most {most} sources", backend.name);
                    found.push(finding("source-limit", Severity::Note, text, "use another reactor for more"));
                }
                if let Some(limitation) = capabilities.limitation {
                    let text = format!("{} does less here than elsewhere: {limitation}", backend.name);
                    found.push(finding("limitation", Severity::Note, text, ""));
                }
            }
            Err(error) if backend.compiled_in => found.push(broken(facts, backend, error)),
            Err(_) => {}
        }
    }
}

/// A reactor that is compiled in and can't be made.
fn broken(facts: &Facts, backend: &Backend, error: &str) -> Finding {
    let text = format!("{} does not work here: {error}", backend.name);
    let others = facts.backends.iter().any(Backend::works);
    let severity = if others { Severity::Note } else { Severity::Problem };
    let few_files = facts.limit("nofile").and_then(|limit| limit.soft).is_some_and(|files| files < 64);
    let advice = if few_files {
        "a reactor needs a few open files: raise `ulimit -n`"
    } else if backend.name != "uring" {
        "a sandbox may deny its system calls; the others do the same work"
    } else {
        match (facts.system.io_uring_disabled, facts.system.seccomp) {
            (Some(1 | 2), _) => "an administrator has it off: `sysctl kernel.io_uring_disabled=0` turns it on",
            (_, Some(true)) => {
                "a filter of system calls is on this process, as in most containers: allow the io_uring calls"
            }
            _ => "the kernel is too old for it, or has it not built in, or `ulimit -l` is too low for its memory",
        }
    };
    finding("reactor", severity, text, advice)
}

fn files(facts: &Facts, found: &mut Vec<Finding>) {
    let Some(limit) = facts.limit("nofile") else { return };
    let Some(soft) = limit.soft else { return };
    if soft < FEW_FILES {
        let text = format!("at most {soft} files, sockets included, may be open at a time");
        let advice = match limit.hard {
            Some(hard) if hard <= soft => {
                "the limit can't be raised from here: set LimitNOFILE= of the service, or limits.conf".to_owned()
            }
            Some(hard) => format!("`ulimit -n {hard}` before the program, or LimitNOFILE={hard} of its service"),
            None => "`ulimit -n unlimited` before the program, or LimitNOFILE=infinity of its service".to_owned(),
        };
        found.push(finding("nofile", Severity::Warning, text, &advice));
    }
    if let Some(watches) = facts.system.max_user_watches {
        if watches < soft {
            let text =
                format!("epoll watches at most {watches} sources of all this user's processes, fewer than may be open");
            let advice = "`sysctl fs.epoll.max_user_watches` has more, at some 160 bytes of kernel memory each";
            found.push(finding("max-user-watches", Severity::Warning, text, advice));
        }
    }
}

fn cpus(facts: &Facts, found: &mut Vec<Finding>) {
    let cpus = &facts.cpus;
    if let (Some(quota), Some(workers)) = (cpus.quota, cpus.workers) {
        if quota < workers as f64 {
            let text = format!("the control group may use {quota:.2} CPUs, and a runtime starts {workers} workers");
            let advice = format!(
                "throttled threads stall for tens of milliseconds: `worker_threads({})`",
                quota.max(1.0) as usize
            );
            found.push(finding("cgroup-quota", Severity::Warning, text, &advice));
        }
    }
    if let (Some(online), Some(usable)) = (cpus.online, cpus.usable) {
        if usable < online {
            let text = format!("this process may use {usable} of the machine's {online} CPUs");
            found.push(finding(
                "fewer-cpus",
                Severity::Note,
                text,
                "others come by affinity (taskset) or the control group",
            ));
        }
    }
    if cpus.usable.is_some_and(|usable| usable > 1) && cpus.two_threads_do < SECOND_CPU {
        let text = format!("two threads do only {:.2} times the work of one", cpus.two_threads_do);
        let advice =
            "the second CPU is busy, or a virtual one that is shared: measure elsewhere; one worker may do as well";
        found.push(finding("second-cpu", Severity::Warning, text, advice));
    }
    if cpus.usable == Some(1) {
        let text = "there is one CPU: a task that does not give way holds up all others".to_owned();
        found.push(finding(
            "one-cpu",
            Severity::Note,
            text,
            "`unblock` for long work, or `Builder::new_current_thread`",
        ));
    }
}

fn timers(facts: &Facts, found: &mut Vec<Finding>) {
    for (name, late) in facts.timers.iter().filter(|(_, late)| late.median > LATE) {
        let text = format!("sleeps of {:?} on {name} end {:?} late in the middle", late.sleep, late.median);
        let advice = "the machine is busy, its clock interrupt coarse (CONFIG_HZ, a virtual machine), or the reactor counts in \
                      milliseconds";
        found.push(finding("late-timers", Severity::Note, text, advice));
    }
}
