//! The report for people.

use std::fmt::{self, Display, Write};

use crate::doctor::Report;
use crate::facts::{Backend, Cpus, Limit, System};
use crate::findings::Finding;

/// The report as lines.
pub(crate) fn as_text(report: &Report) -> String {
    let mut out = String::new();
    write_report(&mut out, report).expect("a string takes everything");
    out
}

fn write_report(out: &mut String, report: &Report) -> fmt::Result {
    let facts = &report.facts;
    writeln!(out, "tenter {} on {}", env!("CARGO_PKG_VERSION"), line_of(&facts.system))?;
    writeln!(out, "\nReactors")?;
    for backend in &facts.backends {
        writeln!(out, "  {:<10} {}", backend.name, state_of(backend))?;
    }
    match &facts.chosen {
        Ok(chosen) => writeln!(out, "  A runtime that says nothing gets: {chosen}")?,
        Err(error) => writeln!(out, "  A runtime that says nothing can't be made: {error}")?,
    }
    if !facts.limits.is_empty() {
        writeln!(out, "\nLimits")?;
        for limit in &facts.limits {
            writeln!(out, "  {:<10} {}", limit.name, amount_of(limit))?;
        }
    }
    writeln!(out, "\nCPUs\n  {}", line_of_cpus(&facts.cpus))?;
    writeln!(out, "\nHow late sleeps end")?;
    for (name, late) in &facts.timers {
        let [median, p99] = [late.median, late.p99].map(|time| time.as_secs_f64() * 1e6);
        writeln!(out, "  {name:<10} {median:>7.0} µs in the middle, {p99:>7.0} µs at the 99th of 100")?;
    }
    writeln!(out, "\nFindings")?;
    if report.findings.is_empty() {
        writeln!(out, "  nothing to worry about")?;
    }
    for Finding { severity, text, advice, .. } in &report.findings {
        writeln!(out, "  {}: {text}", severity.name())?;
        if let Some(advice) = advice {
            writeln!(out, "      {advice}")?;
        }
    }
    Ok(())
}

fn line_of(system: &System) -> String {
    let kernel = system.kernel.as_deref().unwrap_or("an unknown version");
    format!("{} {kernel}, {}", system.os, system.arch)
}

fn state_of(backend: &Backend) -> String {
    let found = match &backend.probed {
        Err(_) if !backend.compiled_in => return "not compiled in".to_owned(),
        Err(error) => return format!("does not work here: {error}"),
        Ok(found) => found,
    };
    let sources = found.max_sources.map_or_else(|| "any number of".to_owned(), |most| format!("at most {most}"));
    let mut state = format!("works; {sources} sources, timers to {:?}", found.timer_granularity);
    if let Some(limitation) = found.limitation {
        let _ = write!(state, " ({limitation})");
    }
    state
}

fn amount_of(limit: &Limit) -> String {
    let amount = |value: Option<u64>| value.map_or_else(|| "unlimited".to_owned(), |value| value.to_string());
    let unit = limit.unit;
    format!("{} {unit}, can be raised to {}", amount(limit.soft), amount(limit.hard))
}

fn line_of_cpus(cpus: &Cpus) -> String {
    fn maybe(value: Option<impl Display>) -> String {
        value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())
    }
    let quota = cpus.quota.map_or_else(|| "none".to_owned(), |quota| format!("{quota:.2}"));
    format!(
        "{} online, {} for this process, cgroup quota {quota}; {} workers by default; two threads do {:.2} times the work of one",
        maybe(cpus.online),
        maybe(cpus.usable),
        maybe(cpus.workers),
        cpus.two_threads_do,
    )
}
