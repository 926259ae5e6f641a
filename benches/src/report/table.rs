//! The table of one case.

use std::fmt::Write;

use crate::case::{Measure, Role};
use crate::report::{CaseResult, digits, ratio_text, spread};

/// A line per entrant. The ratios are of what the case is judged by: below 1 is less cost than theirs.
pub(crate) fn table(result: &CaseResult) -> String {
    let case = &result.case;
    let by = case.measure();
    let judged = match by {
        Measure::Wall => "time",
        Measure::Cpu => "CPU",
        Measure::Tail => case.tail,
    };
    let took = result.took.as_secs_f64();
    let mut out = format!("\n{}: {} [{}; ratios of {judged}; {took:.1} s]\n", case.name, case.about, case.unit);
    let _ = write!(out, "{:<16} {:>9} {:>9} {:>9} {:>9}", "", "min", "median", "max", "CPU ns");
    if !case.tail.is_empty() {
        let _ = write!(out, " {:>9}", case.tail);
    }
    let (tokio, best) = (result.mark(by, "tokio"), result.best(by, Role::Peer));
    let bound = result.best(by, Role::Bound);
    let _ = writeln!(out, " {:>9} {:>9} {:>9}", "vs tokio", "vs best", "vs bound");
    for (entrant, samples) in result.entrants() {
        let (Some(wall), Some(cpu)) = (spread(samples, Measure::Wall), spread(samples, Measure::Cpu)) else { continue };
        let _ = write!(out, "{:<16} {:>9} {:>9}", entrant.name, digits(wall.min), digits(wall.median));
        let _ = write!(
            out,
            " {:>9} {:>9}",
            digits(wall.max),
            if cpu.median > 0.0 { digits(cpu.median) } else { "–".into() }
        );
        if !case.tail.is_empty() {
            let tail = spread(samples, Measure::Tail).map_or_else(|| "–".to_owned(), |tail| digits(tail.median));
            let _ = write!(out, " {tail:>9}");
        }
        let own = result.mark(by, entrant.name);
        for other in [&tokio, &best, &bound] {
            let ratio = own.as_ref().zip(other.as_ref()).and_then(|(own, other)| own.over(other));
            let _ = write!(out, " {:>9}", ratio_text(ratio));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::report::table;
    use crate::report::tests::example;

    #[test]
    fn a_line_has_the_spread_and_the_ratios() {
        let table = table(&example());
        let line = |name: &str| {
            let line = table.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(line("tenter"), ["10.0", "20.0", "90.0", "1.000", "–", "0.50", "1.33", "4.00"]);
        assert_eq!(line("loop"), ["5.000", "5.000", "5.000", "1.000", "–", "0.12", "0.33", "1.00"]);
    }
}
