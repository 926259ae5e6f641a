//! One line per row: how tenter stands.

use std::fmt::Write;

use crate::case::{Goal, Role, Row, Than};
use crate::report::{CaseResult, Mark, digits, measure_name, ratio_text};

/// By how much a cost may be above the best peer's and still count as equal: runs differ by more.
const EQUAL: f64 = 1.02;

/// What a line says, for those who write it in other ways.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) title: String,
    pub(super) own: f64,
    pub(super) to_tokio: Option<f64>,
    pub(super) best: Option<&'static str>,
    pub(super) to_best: Option<f64>,
    pub(super) to_bound: Option<f64>,
    pub(super) goal: String,
    pub(super) met: Option<bool>,
    /// At most as costly as the best peer.
    pub(super) ahead: Option<bool>,
    /// More costly than the best peer in each single round.
    always_behind: bool,
}

pub(super) fn line(result: &CaseResult, row: &Row) -> Option<Line> {
    let own = result.mark(row.by, row.who)?;
    let (tokio, best) = (result.mark(row.by, "tokio"), result.best(row.by, Role::Peer));
    let bound = result.best(row.by, Role::Bound);
    let over = |other: &Option<Mark>| own.over(other.as_ref()?);
    let met = row.goal.and_then(|goal| {
        let reached = match goal.than {
            Than::Tokio => over(&tokio)?,
            Than::Best => over(&best)?,
            Than::Bound => over(&bound)?,
            Than::Absolute => own.value,
        };
        Some(reached <= goal.most)
    });
    Some(Line {
        title: result.title(row),
        own: own.value,
        to_tokio: over(&tokio),
        best: best.as_ref().map(|mark| mark.name),
        to_best: over(&best),
        to_bound: over(&bound),
        goal: row.goal.map_or_else(String::new, |goal| goal_text(result, row, goal)),
        met,
        ahead: over(&best).map(|ratio| ratio <= EQUAL),
        always_behind: best.is_some_and(|best| own.is_above_in_each_round(&best)),
    })
}

fn goal_text(result: &CaseResult, row: &Row, goal: Goal) -> String {
    let most = goal.most;
    match goal.than {
        Than::Tokio => format!("≤ {most} tokio"),
        Than::Best => format!("≤ {most} best"),
        Than::Bound => format!("≤ {most} bound"),
        Than::Absolute if measure_name(&result.case, row.by) == "CPU" => format!("≤ {most} ns"),
        Than::Absolute => format!("≤ {most} {}", result.case.unit),
    }
}

/// All cases' rows as one table, and a count of those where tenter is behind.
pub(crate) fn summary(results: &[CaseResult]) -> String {
    let lines: Vec<Line> =
        results.iter().flat_map(|result| result.case.rows.iter().filter_map(|row| line(result, row))).collect();
    let width = lines.iter().map(|line| line.title.chars().count()).max().unwrap_or(0).max(20);
    let mut out = format!("\nsummary: tenter's cost, and as a part of others' (below 1 is less cost)\n{:width$}", "");
    let _ =
        writeln!(out, " {:>9} {:>9} {:>9} {:>9} {:>9}  goal", "tenter", "vs tokio", "best peer", "vs best", "vs bound");
    for line in &lines {
        let stand = match line.ahead {
            Some(true) => "ahead",
            Some(false) => "BEHIND",
            None => "",
        };
        let goal = match line.met {
            Some(true) => format!("{} met", line.goal),
            Some(false) => format!("{} MISSED", line.goal),
            None => line.goal.clone(),
        };
        let _ = writeln!(
            out,
            "{:width$} {:>9} {:>9} {:>9} {:>9} {:>9}  {goal:<22} {stand}",
            line.title,
            digits(line.own),
            ratio_text(line.to_tokio),
            line.best.unwrap_or("–"),
            ratio_text(line.to_best),
            ratio_text(line.to_bound),
        );
    }
    out.push_str(&growth(results));
    let behind = lines.iter().filter(|line| line.ahead == Some(false)).count();
    let always = lines.iter().filter(|line| line.ahead == Some(false) && line.always_behind).count();
    let missed = lines.iter().filter(|line| line.met == Some(false)).count();
    let _ = writeln!(
        out,
        "\n{} rows; behind the best peer in {behind}, of them in every round in {always}; {missed} goals missed",
        lines.len()
    );
    let _ = writeln!(out, "everyone, by the same rule against the best of the others: {}", standings(results));
    out
}

/// In how many of the rows that it takes part in each runtime is behind the best of the others. Who is best is known after
/// the runs, and is helped by chance the more there are: of equals, each is behind in most rows.
fn standings(results: &[CaseResult]) -> String {
    let mut counts: Vec<(&str, usize, usize)> = Vec::new();
    for result in results {
        for row in result.case.rows.iter().filter(|row| row.who == "tenter") {
            let marks: Vec<Mark> = result.marks(row.by, |one| one.role == Role::Peer || one.name == "tenter").collect();
            for (place, mark) in marks.iter().enumerate() {
                let others = marks.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, other)| other);
                let best = others.min_by(|a, b| a.value.total_cmp(&b.value));
                let Some(ratio) = best.and_then(|best| mark.over(best)) else { continue };
                let known = counts.iter().position(|(name, ..)| *name == mark.name).unwrap_or_else(|| {
                    counts.push((mark.name, 0, 0));
                    counts.len() - 1
                });
                counts[known].1 += usize::from(ratio > EQUAL);
                counts[known].2 += 1;
            }
        }
    }
    let texts: Vec<String> = counts.iter().map(|(name, behind, of)| format!("{name} {behind} of {of}")).collect();
    texts.join(", ")
}

/// For each sweep: by how much tenter's cost per item grows from one size to the next, at most.
fn growth(results: &[CaseResult]) -> String {
    let mut out = String::new();
    let mut sweeps: Vec<&str> = results.iter().filter_map(|result| Some(result.case.sweep?.0)).collect();
    sweeps.dedup();
    for sweep in sweeps {
        let points = results.iter().filter(|result| result.case.sweep.is_some_and(|(name, _)| name == sweep));
        let costs: Vec<(usize, _)> =
            points.filter_map(|p| Some((p.case.sweep?.1, p.mark(p.case.measure(), "tenter")))).collect();
        for pair in costs.windows(2) {
            let ((from, Some(before)), (to, Some(after))) = (&pair[0], &pair[1]) else { continue };
            let times = ratio_text(Some(after.value / before.value));
            let _ = writeln!(out, "{sweep}: from {from} to {to} items, a cost {times} times as high");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::example;

    #[test]
    fn a_line_says_how_tenter_stands_and_whether_the_goal_is_met() {
        let result = example();
        let wall = line(&result, &result.case.rows[0]).unwrap();
        assert_eq!((wall.own, wall.to_tokio, wall.to_bound), (20.0, Some(0.5), Some(4.0)));
        assert_eq!((wall.best, wall.ahead, wall.met), (Some("smol"), Some(false), Some(true)));
        let cpu = line(&result, &result.case.rows[1]).unwrap();
        assert_eq!((cpu.ahead, cpu.met, cpu.goal.as_str()), (Some(true), Some(true), "≤ 1 best"));
    }

    #[test]
    fn the_summary_counts_what_is_behind() {
        let text = summary(&[example()]);
        assert!(
            text.contains("2 rows; behind the best peer in 1, of them in every round in 0; 0 goals missed"),
            "{text}"
        );
    }

    #[test]
    fn everyone_is_measured_by_the_same_rule() {
        // By time smol's median is the least, by CPU all are equal.
        assert_eq!(standings(&[example()]), "tenter 1 of 2, tokio 1 of 2, smol 0 of 2");
    }
}
