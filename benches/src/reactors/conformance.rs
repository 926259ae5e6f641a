//! The conformance suite on one reactor.

use tenter::Backend;
use tenter_reactor::conformance::{self, Outcome, Report};

/// What the suite says, in a few words.
pub(super) fn verdict(backend: Backend) -> String {
    let report = conformance::run(move || Ok(backend.make()?));
    words(&report)
}

fn words(report: &Report) -> String {
    let count = |is: fn(&Outcome) -> bool| report.findings().iter().filter(|finding| is(&finding.outcome)).count();
    let passed = count(|outcome| matches!(outcome, Outcome::Passed));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    let failures: Vec<_> = report.failures().map(|finding| finding.case).collect();
    match failures.as_slice() {
        [] => format!("{passed} passed, {skipped} do not apply"),
        names => format!("{passed} passed, failed: {}", names.join(", ")),
    }
}
