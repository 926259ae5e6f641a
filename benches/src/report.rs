//! Tables and JSON.

use std::fmt::Write;

use crate::args::Args;
use crate::cases::Case;
use crate::measure::{Sample, Spread};
use crate::runtime::Column;

/// All samples of one case.
#[derive(Debug)]
pub(crate) struct CaseResult {
    case: &'static Case,
    columns: Vec<(&'static str, Vec<Sample>)>,
}

impl CaseResult {
    pub(crate) fn new(case: &'static Case, columns: &[Column]) -> Self {
        CaseResult { case, columns: columns.iter().map(|column| (column.name, Vec::new())).collect() }
    }

    pub(crate) fn add(&mut self, column: usize, sample: Sample) {
        self.columns[column].1.push(sample);
    }

    /// Each runtime's name, wall time and CPU time per operation, in nanoseconds.
    fn rows(&self) -> Vec<(&'static str, Spread, Spread)> {
        let spread = |samples: &[Sample], of: fn(&Sample) -> f64| Spread::of(samples.iter().map(of));
        let row = |(name, samples): &(&'static str, Vec<Sample>)| {
            (*name, spread(samples, |sample| sample.wall), spread(samples, |sample| sample.cpu))
        };
        self.columns.iter().map(row).collect()
    }

    /// One row per runtime. `vs X` is this row's median over X's: below 1 is faster than X.
    pub(crate) fn table(&self) -> String {
        let rows = self.rows();
        let mut out = format!("\n{}: {}, in ns\n", self.case.name, self.case.about);
        let _ = write!(out, "{:<10} {:>9} {:>9} {:>9} {:>9}", "", "min", "median", "max", "CPU");
        for (name, ..) in &rows {
            let _ = write!(out, " {:>10}", format!("vs {name}"));
        }
        out.push('\n');
        for (name, wall, cpu) in &rows {
            let _ =
                write!(out, "{name:<10} {:>9.1} {:>9.1} {:>9.1} {:>9.1}", wall.min, wall.median, wall.max, cpu.median);
            for (_, peer, _) in &rows {
                let _ = write!(out, " {:>10.2}", wall.median / peer.median);
            }
            out.push('\n');
        }
        out
    }

    fn json(&self) -> String {
        let row = |(name, wall, cpu): (&str, Spread, Spread)| {
            format!(
                "{{\"runtime\": \"{name}\", \"min_ns\": {:.2}, \"median_ns\": {:.2}, \"max_ns\": {:.2}, \
                 \"cpu_median_ns\": {:.2}}}",
                wall.min, wall.median, wall.max, cpu.median
            )
        };
        let rows: Vec<String> = self.rows().into_iter().map(row).collect();
        format!("    {{\"case\": \"{}\", \"rows\": [\n      {}\n    ]}}", self.case.name, rows.join(",\n      "))
    }
}

/// All results. Names hold no character that JSON would want escaped.
pub(crate) fn json(results: &[CaseResult], args: &Args) -> String {
    let cases: Vec<String> = results.iter().map(CaseResult::json).collect();
    format!(
        "{{\n  \"rounds\": {}, \"workers\": {}, \"quick\": {},\n  \"cases\": [\n{}\n  ]\n}}\n",
        args.rounds,
        args.workers,
        args.quick,
        cases.join(",\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::CASES;

    #[test]
    fn ratios_are_of_medians() {
        let mut result = CaseResult::new(&CASES[0], &crate::COLUMNS[..2]);
        for wall in [10.0, 20.0, 90.0] {
            result.add(0, Sample { wall, cpu: 1.0 });
            result.add(1, Sample { wall: wall * 2.0, cpu: 1.0 });
        }
        let table = result.table();
        let last = table.lines().last().unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(last[1..], ["20.0", "40.0", "180.0", "1.0", "2.00", "1.00"]);
    }
}
