//! The table and the JSON file.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::args::Args;
use crate::crawl::Tally;
use crate::stats::Spent;

/// One crawler's results.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) tally: Tally,
    /// What the pages that misbehave gave, if they were visited.
    pub(crate) hostile: Option<Tally>,
    pub(crate) spent: Spent,
}

/// Whether all rows saw the same pages, and failed at the same ones.
pub(crate) fn agree(rows: &[Row]) -> bool {
    rows.windows(2).all(|pair| {
        let [a, b] = pair else { return true };
        let failures = |row: &Row| (kinds(&row.tally), row.hostile.as_ref().map(kinds));
        a.tally.digest() == b.tally.digest() && failures(a) == failures(b)
    })
}

/// How often each kind of failure occurred.
pub(crate) fn kinds(tally: &Tally) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for failure in tally.failures.values() {
        *kinds.entry(failure.kind()).or_default() += 1;
    }
    kinds
}

/// How many times faster than the first row, if both fetched the same.
fn speed_up(rows: &[Row], row: &Row) -> Option<f64> {
    let times = rows[0].spent.wall.as_secs_f64() / row.spent.wall.as_secs_f64().max(1e-9);
    (rows[0].tally.digest() == row.tally.digest()).then_some(times)
}

pub(crate) fn table(rows: &[Row], interrupted: bool) -> String {
    let mut out = String::new();
    if interrupted {
        out.push_str("\nStopped. This is what was done until then.\n");
    }
    let _ = writeln!(
        out,
        "\n{:<14} {:>6} {:>10} {:>8} {:>9} {:>9} {:>9}  digest",
        "crawler", "pages", "bytes", "failures", "wall s", "CPU s", "speed-up"
    );
    for row in rows {
        let _ = writeln!(
            out,
            "{:<14} {:>6} {:>10} {:>8} {:>9.3} {:>9.3} {:>9}  {:016x}",
            row.name,
            row.tally.pages.len(),
            row.tally.bytes,
            row.tally.failures.len(),
            row.spent.wall.as_secs_f64(),
            row.spent.cpu.as_secs_f64(),
            speed_up(rows, row).map_or("-".to_owned(), |times| format!("{times:.1}x")),
            row.tally.digest()
        );
    }
    for row in rows {
        for (name, failure) in &row.tally.failures {
            let _ = writeln!(out, "{}: {name}: {failure}", row.name);
        }
    }
    bad_pages(&mut out, rows);
    if !interrupted {
        let verdict = if agree(rows) { "All crawlers saw the same." } else { "THE CRAWLERS DID NOT SEE THE SAME." };
        let _ = writeln!(out, "\n{verdict}");
    }
    out
}

fn bad_pages(out: &mut String, rows: &[Row]) {
    if rows.iter().all(|row| row.hostile.is_none()) {
        return;
    }
    out.push_str("\nThe pages that misbehave, in a crawl that isn't timed:\n");
    for row in rows {
        let Some(tally) = &row.hostile else { continue };
        let failures: Vec<String> = kinds(tally).iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        let _ = writeln!(
            out,
            "{:<14} {} came, {} of them malformed; {}; {} further attempts",
            row.name,
            tally.pages.len(),
            tally.malformed,
            failures.join(", "),
            tally.retries
        );
    }
}

/// The results as JSON. Times are in seconds.
pub(crate) fn json(rows: &[Row], args: &Args, interrupted: bool) -> String {
    let rows_json: Vec<String> = rows.iter().map(|row| row_json(rows, row)).collect();
    format!(
        "{{\n  \"think_time_s\": {},\n  \"concurrency\": {},\n  \"interrupted\": {interrupted},\n  \"agree\": {},\n  \
         \"rows\": [\n    {}\n  ]\n}}\n",
        args.think_time.as_secs_f64(),
        args.concurrency(),
        if interrupted { "null".to_owned() } else { agree(rows).to_string() },
        rows_json.join(",\n    ")
    )
}

fn row_json(rows: &[Row], row: &Row) -> String {
    let bad = row.hostile.as_ref().map_or("null".to_owned(), |tally| {
        format!("{{\"pages\": {}, \"malformed\": {}, {}}}", tally.pages.len(), tally.malformed, failures_json(tally))
    });
    format!(
        "{{\"crawler\": {}, \"pages\": {}, \"bytes\": {}, \"retries\": {}, {}, \"wall_s\": {:.6}, \"cpu_s\": {:.6}, \
         \"speed_up\": {}, \"digest\": \"{:016x}\", \"bad\": {bad}}}",
        quote(row.name),
        row.tally.pages.len(),
        row.tally.bytes,
        row.tally.retries,
        failures_json(&row.tally),
        row.spent.wall.as_secs_f64(),
        row.spent.cpu.as_secs_f64(),
        speed_up(rows, row).map_or("null".to_owned(), |times| format!("{times:.3}")),
        row.tally.digest()
    )
}

pub(crate) fn failures_json(tally: &Tally) -> String {
    let kinds: Vec<String> = kinds(tally).iter().map(|(kind, n)| format!("{}: {n}", quote(kind))).collect();
    format!("\"failures\": {{{}}}", kinds.join(", "))
}

/// A JSON string.
pub(crate) fn quote(text: &str) -> String {
    let mut out = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => drop(write!(out, "\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::crawl::Failure;

    fn row(page: &str, failure: Failure, wall: u64) -> Row {
        let mut tally = Tally::default();
        tally.pages.insert(page.to_owned(), 7);
        tally.failures.insert("/x".to_owned(), failure);
        let spent = Spent { wall: Duration::from_secs(wall), cpu: Duration::ZERO };
        Row { name: "row", tally, hostile: None, spent }
    }

    #[test]
    fn rows_agree_on_pages_and_kinds_of_failure() {
        let refused = || row("/a", Failure::Refused, 1);
        assert!(agree(&[refused(), refused(), refused()]));
        assert!(!agree(&[refused(), row("/b", Failure::Refused, 1)]));
        assert!(!agree(&[refused(), row("/a", Failure::TimedOut, 1)]));
    }

    #[test]
    fn the_speed_up_is_over_the_first_row() {
        let rows = [row("/a", Failure::Refused, 8), row("/a", Failure::Refused, 2)];
        assert!(table(&rows, false).contains("4.0x"));
        let json = json(&rows, &Args::default(), false);
        assert!(json.contains("\"speed_up\": 4.000") && json.contains("\"refused\": 1"), "{json}");
    }
}
