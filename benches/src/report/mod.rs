//! Results, and the ways they are shown.

mod charts;
mod json;
mod setting;
mod summary;
mod svg;
mod table;

use std::time::Duration;

use crate::case::{Case, Entrant, Measure, Role, Row};
use crate::measure::{Sample, Spread};

pub(crate) use self::charts::charts;
pub(crate) use self::json::json;
pub(crate) use self::setting::Setting;
pub(crate) use self::summary::summary;
pub(crate) use self::table::table;

/// All samples of one case.
#[derive(Debug)]
pub(crate) struct CaseResult {
    pub(crate) case: Case,
    /// Of each entrant, in the order of the rounds.
    samples: Vec<Vec<Sample>>,
    /// All rounds of all entrants.
    pub(crate) took: Duration,
}

/// One number of an entrant over the rounds.
#[derive(Clone, Debug, PartialEq)]
struct Mark {
    name: &'static str,
    /// The median.
    value: f64,
    rounds: Vec<f64>,
}

impl Mark {
    /// The median of the rounds' ratios. What a machine does to a whole round drops out of it; of a ratio of medians it
    /// would not.
    fn over(&self, other: &Mark) -> Option<f64> {
        let pairs = self.rounds.iter().zip(&other.rounds).filter(|(_, other)| **other > 0.0);
        let ratios: Vec<f64> = pairs.map(|(own, other)| own / other).collect();
        (!ratios.is_empty()).then(|| Spread::of(ratios.into_iter()).median)
    }

    fn is_above_in_each_round(&self, other: &Mark) -> bool {
        self.rounds.iter().zip(&other.rounds).all(|(own, other)| own > other)
    }
}

impl CaseResult {
    pub(crate) fn new(case: Case) -> Self {
        let samples = vec![Vec::new(); case.entrants.len()];
        CaseResult { case, samples, took: Duration::ZERO }
    }

    pub(crate) fn add(&mut self, entrant: usize, sample: Sample) {
        self.samples[entrant].push(sample);
    }

    /// The entrants that ran.
    fn entrants(&self) -> impl Iterator<Item = (&Entrant, &[Sample])> {
        let all = self.case.entrants.iter().zip(&self.samples);
        all.map(|(entrant, samples)| (entrant, samples.as_slice())).filter(|(_, samples)| !samples.is_empty())
    }

    fn marks(&self, by: Measure, of: impl Fn(&Entrant) -> bool) -> impl Iterator<Item = Mark> {
        let mark = move |(entrant, samples): (&Entrant, &[Sample])| {
            let rounds = values(samples, by);
            Some(Mark { name: entrant.name, value: spread(samples, by)?.median, rounds })
        };
        self.entrants().filter(move |(entrant, _)| of(entrant)).filter_map(mark)
    }

    fn mark(&self, by: Measure, name: &str) -> Option<Mark> {
        self.marks(by, |entrant| entrant.name == name).next()
    }

    /// The least of all with that role.
    fn best(&self, by: Measure, role: Role) -> Option<Mark> {
        self.marks(by, |entrant| entrant.role == role).min_by(|a, b| a.value.total_cmp(&b.value))
    }

    /// What a line of the summary is called.
    fn title(&self, row: &Row) -> String {
        let mut title = self.case.name.clone();
        if row.who != "tenter" {
            title.push_str(&format!(" ({})", row.who));
        }
        // The first is what the case is about.
        if row.by != self.case.measure() {
            title.push_str(&format!(", {}", measure_name(&self.case, row.by)));
        } else if row.by == Measure::Cpu {
            title.push_str(", CPU");
        }
        title
    }
}

fn measure_name(case: &Case, by: Measure) -> &'static str {
    match by {
        Measure::Wall => "wall",
        Measure::Cpu => "CPU",
        Measure::Tail => case.tail,
    }
}

/// One number of each sample that has it.
fn values(samples: &[Sample], by: Measure) -> Vec<f64> {
    let value = |sample: &Sample| match by {
        Measure::Wall => Some(sample.wall),
        Measure::Cpu => Some(sample.cpu),
        Measure::Tail => sample.tail,
    };
    samples.iter().filter_map(value).collect()
}

/// The spread of one number over the rounds, if the samples have it.
fn spread(samples: &[Sample], by: Measure) -> Option<Spread> {
    let values = values(samples, by);
    (!values.is_empty()).then(|| Spread::of(values.into_iter()))
}

/// A number with about four digits.
fn digits(value: f64) -> String {
    match value.abs() {
        1000.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

fn ratio_text(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Than, Unit};

    /// tenter 10, 20, 90; tokio twice that; smol 15; a bound of 5. CPU is 1.
    pub(crate) fn example() -> CaseResult {
        let run = |_: &_| Sample::default();
        let case = Case::new("nap", "tasks nap; per nap")
            .unit(Unit::Ns)
            .tail("p99")
            .entrant("tenter", Role::Tenter, run)
            .entrant("tokio", Role::Peer, run)
            .entrant("smol", Role::Peer, run)
            .bound("loop", run)
            .goal(Measure::Wall, 0.5, Than::Tokio)
            .goal(Measure::Cpu, 1.0, Than::Best);
        let mut result = CaseResult::new(case);
        for wall in [10.0, 20.0, 90.0] {
            let sample = |wall| Sample { wall, cpu: 1.0, tail: None };
            result.add(0, sample(wall));
            result.add(1, sample(wall * 2.0));
            result.add(2, sample(15.0));
            result.add(3, sample(5.0));
        }
        result
    }

    #[test]
    fn the_best_of_a_role_has_the_least_median() {
        let result = example();
        let best = result.best(Measure::Wall, Role::Peer).unwrap();
        assert_eq!((best.name, best.value), ("smol", 15.0));
        assert_eq!(result.mark(Measure::Wall, "tokio").unwrap().rounds, [20.0, 40.0, 180.0]);
        assert_eq!(result.best(Measure::Tail, Role::Peer), None);
    }

    #[test]
    fn ratios_are_of_rounds() {
        let mark = |rounds: &[f64]| Mark { name: "", value: 0.0, rounds: rounds.to_vec() };
        // The second round was slow for both.
        assert_eq!(mark(&[10.0, 90.0, 11.0]).over(&mark(&[20.0, 180.0, 10.0])), Some(0.5));
        assert_eq!(mark(&[1.0]).over(&mark(&[0.0])), None);
        assert!(!mark(&[10.0, 90.0, 11.0]).is_above_in_each_round(&mark(&[9.0, 180.0, 10.0])));
        assert!(mark(&[10.0, 90.0]).is_above_in_each_round(&mark(&[9.0, 80.0])));
    }

    #[test]
    fn rows_are_named_after_what_differs_from_the_case() {
        let result = example();
        let titles: Vec<String> = result.case.rows.iter().map(|row| result.title(row)).collect();
        assert_eq!(titles, ["nap", "nap, CPU"]);
        let option = Row { who: "tenter-ct", by: Measure::Tail, goal: None };
        assert_eq!(result.title(&option), "nap (tenter-ct), p99");
    }

    #[test]
    fn numbers_have_about_four_digits() {
        assert_eq!([digits(12345.6), digits(123.45), digits(1.23456)], ["12346", "123.5", "1.235"]);
    }
}
