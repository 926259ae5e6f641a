//! The examination: facts, then what to think of them.

use crate::facts::{Backend, Cpus, Facts, Lateness, Limit, System};
use crate::findings::{self, Finding};
use crate::json::{Value, list, object};

/// All there is to say.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) facts: Facts,
    pub(crate) findings: Vec<Finding>,
}

/// Looks at everything; takes about a second, for it measures.
pub(crate) fn examine() -> Report {
    let facts = Facts::gather();
    let findings = findings::of(&facts);
    Report { facts, findings }
}

/// Whether any reactor works here.
pub(crate) fn can_run(report: &Report) -> bool {
    report.facts.backends.iter().any(Backend::works)
}

/// The report for programs. Names stay, new ones may come.
pub(crate) fn as_json(report: &Report) -> Value {
    let Report { facts, findings } = report;
    object([
        ("tenter", Value::from(env!("CARGO_PKG_VERSION"))),
        ("system", system(&facts.system)),
        ("backends", list(&facts.backends, backend)),
        ("chosen", Value::from(facts.chosen.as_ref().ok().cloned())),
        ("limits", list(&facts.limits, limit)),
        ("cpus", cpus(&facts.cpus)),
        ("timers", list(&facts.timers, |(name, lateness)| timer(name, *lateness))),
        ("findings", list(findings, finding)),
    ])
}

fn system(system: &System) -> Value {
    object([
        ("os", Value::from(system.os)),
        ("arch", Value::from(system.arch)),
        ("kernel", Value::from(system.kernel.clone())),
        ("seccomp", Value::from(system.seccomp)),
        ("io_uring_disabled", Value::from(system.io_uring_disabled)),
        ("max_user_watches", Value::from(system.max_user_watches)),
    ])
}

fn backend(backend: &Backend) -> Value {
    let capabilities = backend.probed.as_ref().ok();
    object([
        ("name", Value::from(backend.name)),
        ("compiled_in", Value::from(backend.compiled_in)),
        ("works", Value::from(backend.works())),
        ("error", Value::from(backend.probed.as_ref().err().cloned())),
        ("trigger", Value::from(capabilities.map(|found| format!("{:?}", found.trigger).to_lowercase()))),
        ("max_sources", Value::from(capabilities.and_then(|found| found.max_sources))),
        ("timer_granularity_ns", Value::from(capabilities.map(|found| found.timer_granularity.as_nanos() as usize))),
        ("regular_files", Value::from(capabilities.map(|found| found.regular_files))),
        ("limitation", Value::from(capabilities.and_then(|found| found.limitation))),
    ])
}

fn limit(limit: &Limit) -> Value {
    object([
        ("name", Value::from(limit.name)),
        ("soft", Value::from(limit.soft)),
        ("hard", Value::from(limit.hard)),
        ("unit", Value::from(limit.unit)),
    ])
}

fn cpus(cpus: &Cpus) -> Value {
    object([
        ("online", Value::from(cpus.online)),
        ("usable", Value::from(cpus.usable)),
        ("cgroup_quota", Value::from(cpus.quota)),
        ("workers", Value::from(cpus.workers)),
        ("two_threads_do", Value::from(cpus.two_threads_do)),
    ])
}

fn timer(name: &str, lateness: Lateness) -> Value {
    object([
        ("name", Value::from(name)),
        ("sleep_us", Value::from(lateness.sleep.as_micros() as usize)),
        ("late_p50_us", Value::from(lateness.median.as_secs_f64() * 1e6)),
        ("late_p99_us", Value::from(lateness.p99.as_secs_f64() * 1e6)),
    ])
}

fn finding(finding: &Finding) -> Value {
    object([
        ("id", Value::from(finding.id)),
        ("severity", Value::from(finding.severity.name())),
        ("text", Value::from(finding.text.clone())),
        ("advice", Value::from(finding.advice.clone())),
    ])
}

#[test]
fn without_a_reactor_nothing_runs_and_that_is_a_problem() {
    let mut report = examine();
    assert!(can_run(&report));
    for backend in &mut report.facts.backends {
        backend.probed = Err("denied".to_owned());
    }
    let findings = findings::of(&report.facts);
    let broken = findings.iter().filter(|finding| finding.id == "reactor");
    let problems = broken.filter(|finding| finding.severity == findings::Severity::Problem).count();
    assert_eq!(problems, tenter::Backend::compiled_in().len());
    assert!(!can_run(&report));
}
