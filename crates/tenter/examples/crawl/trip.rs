//! The report about a real site.

use std::fmt::Write;

use url::Url;

use crate::report::{failures_json, quote};
use crate::web::Trip;

/// The report for people.
pub(crate) fn text(start: &Url, trip: &Trip, interrupted: bool) -> String {
    let mut out = String::new();
    if interrupted {
        out.push_str("\nStopped. This is what was done until then.\n");
    }
    let tally = &trip.tally;
    let _ = writeln!(
        out,
        "\n{start} on {}: {} pages, {} bytes in {:.1} s, up to {} links away",
        trip.reactor,
        tally.pages.len(),
        tally.bytes,
        trip.took.as_secs_f64(),
        trip.depth
    );
    for (count, what) in [
        (tally.other, "are no HTML"),
        (tally.malformed, "are malformed"),
        (trip.moved, "had moved within the site"),
        (trip.moved_away, "had moved to another site"),
        (trip.forbidden, "were left out as robots.txt asks"),
        (trip.left, "were left out for the limits (--pages, --depth)"),
        (tally.retries, "further attempts were made"),
    ] {
        if count > 0 {
            let _ = writeln!(out, "{count:>6} {what}");
        }
    }
    for (name, failure) in &tally.failures {
        let _ = writeln!(out, "{name}: {failure}");
    }
    out
}

/// The report for programs.
pub(crate) fn json(start: &Url, trip: &Trip, interrupted: bool) -> String {
    let tally = &trip.tally;
    format!(
        "{{\n  \"url\": {}, \"reactor\": {}, \"interrupted\": {interrupted},\n  \"pages\": {}, \"bytes\": {}, \
         \"wall_s\": {:.6}, \"depth\": {},\n  \"no_html\": {}, \"malformed\": {}, \"moved\": {}, \"moved_away\": {}, \
         \"forbidden\": {}, \"left\": {}, \"retries\": {},\n  {}\n}}\n",
        quote(start.as_str()),
        quote(trip.reactor),
        tally.pages.len(),
        tally.bytes,
        trip.took.as_secs_f64(),
        trip.depth,
        tally.other,
        tally.malformed,
        trip.moved,
        trip.moved_away,
        trip.forbidden,
        trip.left,
        tally.retries,
        failures_json(tally)
    )
}
